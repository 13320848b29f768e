-- bev_flatten.lua: what TorchSparse's layers for bird's-eye views share: an axis that is the
-- height, and its removal from coordinates and ranges.

local create = require "lacuna.create"
local errors = require "lacuna.errors"
local sparse = require "lacuna.sparse"

local flatten = {}

--- Checks the number of the height axis, 2 by default as in TorchSparse.
function flatten.axis(op, axis)
  if axis == nil then axis = 2 end
  if axis ~= 1 and axis ~= 2 and axis ~= 3 then
    errors.raisef("%s: height_axis is %s, expected 1, 2 or 3", op, tostring(axis))
  end
  return axis
end

--- Three whole numbers, each at least `least`.
function flatten.triple(op, name, value, least)
  if type(value) ~= "table" or #value ~= 3 then
    errors.raisef("%s: %s, expected three whole numbers", op, name)
  end
  for i = 1, 3 do
    local n = value[i]
    if type(n) ~= "number" or n % 1 ~= 0 or n < least or n > 2 ^ 31 - 1 then
      errors.raisef("%s: %s[%d] is %s, expected a whole number%s", op, name, i, tostring(n),
        least > -math.huge and " from " .. least or "")
    end
  end
  return { value[1], value[2], value[3] }
end

--- The input with `offset` subtracted from its coordinates and without a range.
function flatten.shifted(op, x, offset)
  sparse.handle(x, op)
  local rows = x.coords
  if offset and (offset[1] ~= 0 or offset[2] ~= 0 or offset[3] ~= 0) then
    local shift = { 0, offset[1], offset[2], offset[3] }
    rows = rows:tensor():long() - create.tensor(shift, { dtype = "int64", device = rows:device() })
  end
  return sparse.new {
    feats = x.feats, coords = rows, stride = x.stride,
    batch_size = x.batch_size > 0 and x.batch_size or nil,
  }
end

--- An error unless every height is in [0, count).
function flatten.check_heights(op, x, axis, count)
  local heights = x.coords:tensor():select(2, axis + 1)
  if #heights == 0 then return end
  local low, high = heights:min():item(), heights:max():item()
  if low < 0 or high >= count then
    errors.raisef("%s: heights from %d to %d, expected 0 to %d: give an offset or crop them", op,
      tonumber(low), tonumber(high), count - 1)
  end
end

--- A range whose height is one cell.
function flatten.range(range, axis)
  if not range then return nil end
  local flat = { range[1], range[2], range[3], range[4] }
  flat[axis + 1] = 1
  return flat
end

return flatten
