-- dense.lua: sparse features in the cells of a grid, and F.to_dense.

local ffi = require "ffi"
local native = require "lacuna.native"
local coords = require "lacuna.coords"
local errors = require "lacuna.errors"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local dense = {}

local cells = ffi.new("int32_t[4]")

local function run(op, feats, set, range, height)
  if type(range) ~= "table" or #range ~= 4 then
    errors.raisef("%s: spatial_range is %s, expected four whole numbers (B,X,Y,Z)", op,
      type(range) == "table" and "a table of " .. #range or "a " .. type(range))
  end
  for i = 1, 4 do
    local n = range[i]
    if type(n) ~= "number" or n % 1 ~= 0 or n < 0 or n > 2 ^ 31 - 1 then
      errors.raisef("%s: spatial_range[%d] is %s, expected a whole number from 0", op, i,
        tostring(n))
    end
    cells[i - 1] = n
  end
  local y = T.blank()
  native.call(C.lac_to_dense, ctx, T.handle(feats, op, "feats"), coords.handle(set), cells, height,
    y.box)
  return T.filled(y, feats, set)
end

--- Features in the cells of `range`, [B,X,Y,Z,C], 0 where there is no row. A row outside of the
--- range and two rows in one cell are errors.
---@param feats Tensor  [N,C]
---@param rows Coords|Tensor|table  (b,x,y,z) a row
---@param range integer[]  (B,X,Y,Z)
---@return Tensor
---@usage grid = F.to_dense(x.feats, x.coords, { 1, 32, 32, 8 })
function dense.to_dense(feats, rows, range)
  return run("to_dense", feats, coords.from("to_dense", rows), range, 0)
end

local function of(op, x, height)
  sparse.handle(x, op)
  local range = x.spatial_range
  if not range then
    errors.raisef("%s: the SparseTensor has no spatial_range, which is required", op)
  end
  return run(op, x.feats, x.coords, range, height)
end

--- x:dense()
---@return Tensor
function dense.of(x) return of("dense", x, 0) end

--- The bird's-eye view of a SparseTensor with a range: [B, C*D, the two other axes], channel
--- c*D + d, where d is column `height_axis` (1, 2 or 3) of the coordinates after the batch index.
---@return Tensor
function dense.to_bev(x, height_axis) return of("to_bev", x, height_axis) end

return dense
