-- point_ops.lua: features from points to voxels and back (SPVConv).
--
-- Which voxel holds a point, and the weights of the eight around it, are found once for each set of
-- coordinates and kept on the PointTensor (points.lookup), also for those that share its points.

local ffi = require "ffi"
local native = require "lacuna.native"
local errors = require "lacuna.errors"
local points = require "lacuna.points"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local point_ops = {}

local stride = ffi.new("int32_t[3]")

local function check_points(op, z)
  if points.is(z) then return z end
  return errors.raisef("%s: the points are a %s, expected a PointTensor", op,
    require("lacuna.kinds").of(z))
end

local function resolution(name, value)
  if type(value) == "number" and value > 0 and value < math.huge then return value end
  return errors.raisef("initial_voxelize: %s is %s, expected a positive number", name,
    tostring(value))
end

local function stride_of(x)
  local s = x.stride
  for i = 1, 3 do stride[i - 1] = s[i] end
  return stride, table.concat(s, ",")
end

--- The first voxels of a point tensor: floor(c') with c' = xyz * (pres / vres), unique and sorted,
--- their features the mean of their points. The points keep c' as their coordinates.
---@param z table  PointTensor, whose coords change
---@param pres number  the resolution that the points' coordinates have
---@param vres number  the voxels' resolution
---@return table x SparseTensor of stride 1
---@usage x = F.initial_voxelize(z, 0.05, 0.1)
function point_ops.initial_voxelize(z, pres, vres)
  local op = "initial_voxelize"
  check_points(op, z)
  local ratio = resolution("pres", pres) / resolution("vres", vres)
  local own, scaled, index = sparse.blank(), T.blank(), T.blank()
  native.call(C.lac_point_voxelize, ctx, T.handle(z.coords, op), T.handle(z.feats, op), ratio,
    own.box, scaled.box, index.box)
  local x = sparse.filled(own)
  T.filled(index, z)
  points.move(z, T.filled(scaled))
  points.lookup(z, "voxel 1,1,1", x.coords, function() return { index } end)
  return x
end

local function voxel_index(x, z)
  local s, text = stride_of(x)
  return points.lookup(z, "voxel " .. text, x.coords, function()
    local index = T.blank()
    native.call(C.lac_point_index, ctx, T.handle(z.coords, "point_to_voxel"), x.coords.h, s,
      index.box)
    return { T.filled(index, z, x) }
  end)[1]
end

--- The mean of the points in each voxel of `x`, on its rows: 0 in a voxel without points. Points
--- without a voxel are left out.
---@param x table  SparseTensor
---@param z table  PointTensor
---@return table SparseTensor with the coordinates of x
---@usage x = F.initial_voxelize(z, 0.05, 0.1)
---@usage y = F.point_to_voxel(x, z)
function point_ops.point_to_voxel(x, z)
  sparse.handle(x, "point_to_voxel")
  check_points("point_to_voxel", z)
  local index = voxel_index(x, z)
  local means = T.blank()
  native.call(C.lac_scatter_mean, ctx, T.handle(z.feats, "point_to_voxel", "feats"), index.h,
    #x.coords, nil, means.box)
  return x:replace_feature(T.filled(means, z, index))
end

local function corners(x, z, nearest)
  local s, text = stride_of(x)
  local kind = (nearest and "nearest " or "corners ") .. text
  local found = points.lookup(z, kind, x.coords, function()
    local index, weights = T.blank(), T.blank()
    native.call(C.lac_point_corners, ctx, T.handle(z.coords, "voxel_to_point"), x.coords.h, s,
      nearest and 1 or 0, index.box, weights.box)
    return { T.filled(index), T.filled(weights, z, x) }
  end)
  return found[1], found[2]
end

local devoxelize_keys = { nearest = true }

--- The features of the voxels at the points, interpolated between the eight cells around each, or
--- with nearest = true those of the voxel that holds it. A point with no voxel near gets 0.
---@param x table  SparseTensor
---@param z table  PointTensor
---@param opts { nearest: boolean }|nil
---@return table PointTensor at the points of z
---@usage x = F.initial_voxelize(z, 0.05, 0.1)
---@usage z = F.voxel_to_point(x, z, { nearest = true })
function point_ops.voxel_to_point(x, z, opts)
  opts = errors.options("voxel_to_point", opts, devoxelize_keys)
  sparse.handle(x, "voxel_to_point")
  check_points("voxel_to_point", z)
  local index, weights = corners(x, z, opts.nearest)
  return z:replace_feature(point_ops.spdevoxelize(x.feats, index, weights))
end

--- The mean by given counts: out[m] = sum of feats[i] / counts[m] over the i with idx[i] = m.
--- Negative idx are left out; a count of 0 gives 0.
---@param feats Tensor  [N,C]
---@param idx Tensor  [N]
---@param counts Tensor  [M]
---@return Tensor  [M,C]
---@usage idx = lacuna.tensor({ 0, 0, 1, 1 }, { dtype = "int64" })
---@usage means = F.spvoxelize(t, idx, F.spcount(idx, 2))
function point_ops.spvoxelize(feats, idx, counts)
  local op = "spvoxelize"
  local sizes = shape.of(T.is(counts) and counts or T.handle(counts, op, "counts"))
  if #sizes ~= 1 then
    errors.raisef("spvoxelize: counts are %s, expected [M]", shape.text(sizes))
  end
  local y = T.blank()
  native.call(C.lac_scatter_mean, ctx, T.handle(feats, op, "feats"), T.handle(idx, op, "idx"),
    sizes[1], T.handle(counts, op, "counts"), y.box)
  return T.filled(y, feats, idx, counts)
end

--- Weighted sums of rows: out[i] = sum of w[i][k] feats[idx[i][k]]. Negative idx are left out.
---@param feats Tensor  [M,C]
---@param idx Tensor  [N,8]
---@param w Tensor  [N,8]
---@return Tensor  [N,C]
---@usage idx = lacuna.zeros({ 3, 8 }, { dtype = "int64" })
---@usage feats = F.spdevoxelize(x.feats, idx, lacuna.full({ 3, 8 }, 1 / 8))
function point_ops.spdevoxelize(feats, idx, w)
  local op = "spdevoxelize"
  local y = T.blank()
  native.call(C.lac_devoxelize, ctx, T.handle(feats, op, "feats"), T.handle(idx, op, "idx"),
    T.handle(w, op, "weights"), y.box)
  return T.filled(y, feats, idx, w)
end

--- Trilinear weights of the eight cells around each point, in the order of voxel_to_point; a
--- negative idx is a missing cell and has weight 0.
---@param cloud Tensor  [N,>=3], x y z first
---@param idx Tensor  [N,8]
---@param scale number|nil  edge of a cell, 1 by default
---@return Tensor  float32 [N,8]
---@usage idx = lacuna.zeros({ #points, 8 }, { dtype = "int64" })
---@usage weights = F.calc_ti_weights(points, idx, 0.05)
function point_ops.calc_ti_weights(cloud, idx, scale)
  local op = "calc_ti_weights"
  if scale ~= nil and type(scale) ~= "number" then
    errors.raisef("calc_ti_weights: scale is a %s, expected a number", type(scale))
  end
  local y = T.blank()
  native.call(C.lac_trilinear_weights, ctx, T.handle(cloud, op, "points"),
    T.handle(idx, op, "idx"), scale or 1, y.box)
  return T.filled(y, cloud, idx)
end

return point_ops
