-- union.lua: lacuna.generative_add, the sum of sparse tensors on different rows.

local native = require "lacuna.native"
local coords = require "lacuna.coords"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local union = {}

local function check(a, b)
  sparse.handle(a, "generative_add")
  sparse.handle(b, "generative_add")
  if not shape.equal(a.stride, b.stride) then
    errors.raisef("generative_add: strides %s and %s, expected the same", shape.text(a.stride),
      shape.text(b.stride))
  end
  local ca, cb = a.feats:size(2), b.feats:size(2)
  if ca ~= cb then
    errors.raisef("generative_add: %d and %d channels, expected the same", ca, cb)
  end
end

-- The features of x on `rows`, 0 where x has no such row.
local function on_rows(x, rows)
  local set = x.coords
  local at = T.blank()
  native.call(C.lac_coords_find, ctx, coords.handle(set), T.handle(rows, "generative_add"), at.box)
  T.filled(at, set, rows)
  local feats, count = x.feats, #set
  local nothing = create.zeros({ 1, feats:size(2) },
    { dtype = feats:dtype(), device = feats:device() })
  local index = create.where(at:lt(0), count, at)
  return create.cat({ feats, nothing }, 1):index_select(1, index)
end

-- Holds the rows of both: the larger size on every axis. One that is missing adds nothing.
local function common_range(a, b)
  if not (a and b) then return a or b end
  local range = {}
  for i = 1, 4 do range[i] = math.max(a[i], b[i]) end
  return range
end

--- a + b on the union of their rows, sorted by (b,x,y,z): the sum where both have a row. The
--- result starts a coordinate family of its own; the strides must be the same, and the range is
--- the larger of the two on every axis.
---@param a table  SparseTensor [N,C]
---@param b table  SparseTensor [M,C]
---@return table  SparseTensor
---@usage y = lacuna.generative_add(x, F.spcrop(x, { 8, 8, 0 }))
function union.generative_add(a, b)
  check(a, b)
  native.call(C.lac_coords_index, ctx, coords.handle(a.coords)) -- no row twice within one of them
  native.call(C.lac_coords_index, ctx, coords.handle(b.coords))
  local rows = create.unique(create.cat({ a.coords:tensor(), b.coords:tensor() }, 1))
  local batch = math.max(a.batch_size, b.batch_size)
  return sparse.new {
    feats = on_rows(a, rows) + on_rows(b, rows), coords = rows, stride = a.stride,
    spatial_range = common_range(a.spatial_range, b.spatial_range),
    batch_size = batch > 0 and batch or nil,
  }
end

return union
