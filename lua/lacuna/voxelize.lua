-- voxelize.lua: points to the voxels of a grid, as detection networks take them.

local ffi = require "ffi"
local native = require "lacuna.native"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local keys = {
  voxel_size = true, range = true, max_points = true, max_voxels = true, dynamic = true,
  order = true, batch = true, raw = true,
}
local orders = { xyz = 0, zyx = 1 }

local function numbers(opts, name, n, into)
  local list = opts[name]
  if list == nil then errors.raisef("voxelize: the option %s is required", name) end
  if type(list) == "number" and n == 3 then list = { list, list, list } end
  if type(list) ~= "table" or #list ~= n then
    errors.raisef("voxelize: %s, expected %s%d numbers", name, n == 3 and "one or " or "", n)
  end
  for i = 1, n do
    if type(list[i]) ~= "number" then
      errors.raisef("voxelize: %s[%d] is a %s, expected a number", name, i, type(list[i]))
    end
    into[i - 1] = list[i]
  end
end

local function limit(opts, name)
  local n = opts[name]
  if n == nil then return 0 end
  if opts.dynamic then
    errors.raisef("voxelize: %s has no meaning with dynamic = true, which keeps all points", name)
  end
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 or n >= 2 ^ 53 then
    errors.raisef("voxelize: %s is %s, expected a whole number from 1", name, tostring(n))
  end
  return n
end

-- C writes references here. One that no Tensor has taken over, as Lua had no memory, is dropped by
-- the next call, or with `info`.
local info = ffi.new("lac_voxelize_info")
local REFERENCE = ffi.sizeof "void *"

local function reference(name)
  return ffi.cast("lacuna_Tensor &", ffi.cast("char *", info) + ffi.offsetof(info, name))
end
local num_points, point_voxel = reference "num_points", reference "point_voxel"
local voxels = reference "voxels"

local function drop()
  T.drop(num_points)
  T.drop(point_voxel)
  T.drop(voxels)
end
ffi.gc(info, drop)

local function take(t, from)
  ffi.copy(t, from, REFERENCE)
  ffi.fill(from, REFERENCE)
  return T.filled(t)
end

--- Points to the voxels of a grid over a range: floor((p - min) / voxel_size) in float32.
--- Options: voxel_size (one number or three), range {xmin, ymin, zmin, xmax, ymax, zmax},
--- max_points a voxel keeps, its first, and max_voxels of a sample (no limit by default), order of
--- the coordinates "xyz" or "zyx", batch (the sample of each point, a Tensor [N]), raw = true for
--- the points of each voxel. With dynamic = true all points count and rows are sorted; else voxels
--- come in the order of their first points.
---@param cloud Tensor  floating [N,>=3], x y z first
---@param opts table
---@return table x SparseTensor: mean of the kept points over all columns; with spatial_range
---@return table info  num_points, point_voxel (-1: dropped), points_outside, points_dropped, grid
--- {x, y, z}, and with raw voxels [V, max_points, C]
---@usage box = { -10, -10, -2, 10, 10, 2 }
---@usage x, info = lacuna.voxelize(points, { voxel_size = 0.1, range = box, max_points = 5 })
return function(cloud, opts)
  opts = errors.options("voxelize", opts, keys)
  local o = ffi.new("lac_voxelize_options", { size = ffi.sizeof("lac_voxelize_options") })
  numbers(opts, "voxel_size", 3, o.voxel_size)
  numbers(opts, "range", 6, o.range)
  o.dynamic, o.raw = opts.dynamic and 1 or 0, opts.raw and 1 or 0
  o.max_points, o.max_voxels = limit(opts, "max_points"), limit(opts, "max_voxels")
  o.order_zyx = orders[opts.order or "xyz"]
    or errors.raisef('voxelize: order is %s, expected "xyz" or "zyx"', tostring(opts.order))
  local batch = opts.batch
  if type(batch) == "table" then
    local on = { dtype = "int64", device = T.is(cloud) and cloud:device() or nil }
    batch = #batch == 0 and create.zeros({ 0 }, on) or create.tensor(batch, on)
  end
  if batch ~= nil then o.batch = T.handle(batch, "voxelize", "batch") end
  drop()
  local own, counts, rows, grid = sparse.blank(), T.blank(), T.blank(), T.blank()
  native.call(C.lac_voxelize, ctx, T.handle(cloud, "voxelize", "points"), o, own.box, info)
  take(grid, voxels)
  local result = {
    num_points = take(counts, num_points), point_voxel = take(rows, point_voxel),
    points_outside = tonumber(info.points_outside), points_dropped = tonumber(info.points_dropped),
    grid = { info.grid[0], info.grid[1], info.grid[2] },
  }
  if opts.raw then result.voxels = grid end
  return sparse.filled(own, cloud, batch), result
end
