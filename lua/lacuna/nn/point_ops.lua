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

local C, ctx, out = native.C, native.ctx, native.out

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
  native.call(C.lac_point_voxelize, ctx, T.handle(z.coords, op), T.handle(z.feats, op), ratio,
    out.sparse, out.tensor, out.tensor2)
  local x = sparse.wrap(out.sparse[0])
  local scaled, index = T.wrap(out.tensor[0]), T.wrap(out.tensor2[0], z)
  points.move(z, scaled)
  points.lookup(z, "voxel 1,1,1", x.coords, function() return { index } end)
  return x
end

local function voxel_index(x, z)
  local s, text = stride_of(x)
  return points.lookup(z, "voxel " .. text, x.coords, function()
    native.call(C.lac_point_index, ctx, T.handle(z.coords, "point_to_voxel"), x.coords.h, s,
      out.tensor)
    return { T.wrap(out.tensor[0], z, x) }
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
  native.call(C.lac_scatter_mean, ctx, T.handle(z.feats, "point_to_voxel", "feats"), index.h,
    #x.coords, nil, out.tensor)
  return x:replace_feature(T.wrap(out.tensor[0], z, index))
end

local function corners(x, z, nearest)
  local s, text = stride_of(x)
  local kind = (nearest and "nearest " or "corners ") .. text
  local found = points.lookup(z, kind, x.coords, function()
    native.call(C.lac_point_corners, ctx, T.handle(z.coords, "voxel_to_point"), x.coords.h, s,
      nearest and 1 or 0, out.tensor, out.tensor2)
    local index = T.wrap(out.tensor[0])
    return { index, T.wrap(out.tensor2[0], z, x) }
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
  native.call(C.lac_scatter_mean, ctx, T.handle(feats, op, "feats"), T.handle(idx, op, "idx"),
    sizes[1], T.handle(counts, op, "counts"), out.tensor)
  return T.wrap(out.tensor[0], feats, idx, counts)
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
  native.call(C.lac_devoxelize, ctx, T.handle(feats, op, "feats"), T.handle(idx, op, "idx"),
    T.handle(w, op, "weights"), out.tensor)
  return T.wrap(out.tensor[0], feats, idx, w)
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
  native.call(C.lac_trilinear_weights, ctx, T.handle(cloud, op, "points"),
    T.handle(idx, op, "idx"), scale or 1, out.tensor)
  return T.wrap(out.tensor[0], cloud, idx)
end

return point_ops
