-- crop.lua: F.spcrop, the rows inside of a box.

local errors = require "lacuna.errors"
local sparse = require "lacuna.sparse"

local crop = {}

local FAR = 2 ^ 40 -- beyond every coordinate

--- Three bounds as whole numbers: x >= 1.5 is x >= 2, and x < 1.5 is x < 2. nil stays nil.
function crop.bounds(op, name, value)
  if value == nil then return nil end
  if type(value) ~= "table" or #value ~= 3 then
    errors.raisef("%s: %s, expected three numbers {x, y, z}", op, name)
  end
  local list = {}
  for i = 1, 3 do
    local n = value[i]
    if type(n) ~= "number" or n ~= n then
      errors.raisef("%s: %s[%d] is %s, expected a number", op, name, i, tostring(n))
    end
    list[i] = math.ceil(math.max(-FAR, math.min(FAR, n)))
  end
  return list
end

-- 1 for the rows inside, nil where nothing bounds them.
local function inside(rows, low, high)
  local kept
  local function also(mask) kept = kept and kept * mask or mask end
  for i = 1, 3 do
    local column = rows:select(2, i + 1):to("int64")
    if low then also(column:ge(low[i])) end
    if high then also(column:lt(high[i])) end
  end
  return kept
end

--- The rows between checked bounds.
function crop.run(x, low, high)
  sparse.handle(x, "spcrop")
  local rows, feats = x.coords:tensor(), x.feats
  local kept = inside(rows, low, high)
  if not kept then return x end
  local index = kept:nonzero():reshape(-1)
  return sparse.new {
    feats = feats:index_select(1, index), coords = rows:index_select(1, index), stride = x.stride,
    spatial_range = x.spatial_range, batch_size = x.batch_size > 0 and x.batch_size or nil,
  }
end

--- The rows with min <= (x,y,z) < max, in their order. Stride, range and number of samples stay;
--- either bound may be nil.
---@param x table  SparseTensor
---@param min number[]|nil
---@param max number[]|nil
---@return table  SparseTensor
---@usage near = F.spcrop(x, { 8, 8, 0 }, { 24, 24, 8 })
function crop.spcrop(x, min, max)
  return crop.run(x, crop.bounds("spcrop", "min", min), crop.bounds("spcrop", "max", max))
end

return crop
