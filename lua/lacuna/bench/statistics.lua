-- statistics.lua: medians and spreads.

local statistics = {}

--- The value at `fraction` of numbers in any order, interpolated.
function statistics.quantile(numbers, fraction)
  local sorted = {}
  for i, v in ipairs(numbers) do sorted[i] = v end
  table.sort(sorted)
  local position = 1 + (#sorted - 1) * fraction
  local low = math.floor(position)
  local high = math.min(low + 1, #sorted)
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low)
end

function statistics.median(numbers)
  return statistics.quantile(numbers, 0.5)
end

return statistics
