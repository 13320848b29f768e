-- support.lua: what the tensor specs share: nested tables as the reference.

local create = require "lacuna.create"

local support = {}

--- Calls fn with every index of a shape, in row-major order.
function support.each(shape, fn)
  local index = {}
  local function go(d)
    if d > #shape then return fn(index) end
    for i = 1, shape[d] do
      index[d] = i
      go(d + 1)
    end
  end
  go(1)
end

--- A nested table of fn(index).
function support.build(shape, fn)
  local index = {}
  local function go(d)
    if d > #shape then return fn(index) end
    local list = {}
    for i = 1, shape[d] do
      index[d] = i
      list[i] = go(d + 1)
    end
    return list
  end
  return go(1)
end

--- The element of a nested table at an index, 1 standing for every index where the size is 1.
function support.at(value, index, skip)
  for d = 1 + (skip or 0), #index do
    value = #value == 1 and value[1] or value[index[d]]
  end
  return value
end

local state = 12345
--- A whole number from low to high, the same ones in every run.
function support.random(low, high)
  state = (state * 16807) % 2147483647
  return low + state % (high - low + 1)
end

function support.random_table(shape, low, high)
  return support.build(shape, function() return support.random(low, high) end)
end

--- The message of the error that fn raises.
function support.message(fn)
  local ok, message = pcall(fn)
  assert(not ok, "expected an error")
  return message
end

function support.tensor(value, dtype)
  return create.tensor(value, { dtype = dtype })
end

return support
