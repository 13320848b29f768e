-- report.lua: what a tuning found, as rows and as a printed table.

local choices = require "lacuna.tune.choices"
local shape = require "lacuna.shape"

local report = {}

-- "FetchOnDemand 12.5 ms, GatherScatter: rounds differently".
local function explain(row)
  local parts = {}
  for _, choice in ipairs(choices.list) do
    local name = choice.name
    if row.ms[name] then
      parts[#parts + 1] = string.format("%s %.3f ms", name, row.ms[name])
    elseif row.rejected[name] then
      parts[#parts + 1] = name .. ": " .. row.rejected[name]
    end
  end
  return table.concat(parts, "; ")
end

local meta = {
  __tostring = function(found)
    local line = "%-24s %5s %11s %9s %6s  %-20s %9s %9s"
    local lines = { line:format("layers", "taps", "channels", "voxels", "nbrs", "dataflow", "ms",
      "default") }
    for _, row in ipairs(found) do
      local more = #row.layers - 1
      local name = row.layers[1]:sub(-18) .. (more > 0 and " +" .. more or "")
      lines[#lines + 1] = line:format(name, row.taps, row.in_channels .. " -> "
        .. row.out_channels, shape.thousands(row.voxels), ("%.1f"):format(row.neighbours),
        row.dataflow, row.chosen_ms and ("%.3f"):format(row.chosen_ms) or "-",
        row.default_ms and ("%.3f"):format(row.default_ms) or "cached")
      if found.explain then lines[#lines + 1] = "    " .. row.why end
    end
    lines[#lines + 1] = string.format("%d kinds of convolution, %d measured, %d not as by default",
      #found, found.measured, found.changed)
    for _, note in ipairs(found.notes) do lines[#lines + 1] = note end
    return table.concat(lines, "\n")
  end,
}

--- Plain rows {layers, taps, in_channels, out_channels, voxels, pairs, neighbours, dataflow,
--- default, chosen_ms, default_ms, ms, rejected, why}; measured, changed, notes, file.
function report.new(rows, notes, opts)
  local found = { notes = notes, measured = 0, changed = 0, explain = opts.explain,
    file = opts.path or nil }
  for i, row in ipairs(rows) do
    local default = row.default and row.default.name
    row.rejected = row.rejected or {}
    found[i] = {
      layers = row.layers, taps = row.taps, in_channels = row.in_channels,
      out_channels = row.out_channels, voxels = row.voxels, pairs = row.pairs,
      neighbours = row.pairs / math.max(row.voxels, 1), dataflow = row.choice.name,
      default = default, chosen_ms = row.ms[row.choice.name],
      default_ms = default and row.ms[default], ms = row.ms, rejected = row.rejected,
      why = explain(row),
    }
    if row.measured then found.measured = found.measured + 1 end
    if default and default ~= row.choice.name then found.changed = found.changed + 1 end
  end
  return setmetatable(found, meta)
end

return report
