-- The operations between points and voxels of the test data beside the repository: ops.h5.

local lacuna = require "lacuna"
local op_vectors = require "spec.support.op_vectors"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local function close(got, want, what)
  local _, largest = support.difference(want, want)
  support.close(got, want, 1e-5 * math.max(1, largest), what)
end

local function equal(got, want, what)
  support.close(got, want, 0, what)
end

local function points(case)
  local coords = case.input "point_coords"
  return lacuna.PointTensor(case.input "point_feats" or lacuna.zeros(coords:size(1), 1), coords)
end

local function voxels(case, feats)
  local coords = case.input "voxel_coords"
  return lacuna.SparseTensor {
    feats = feats or lacuna.zeros(coords:size(1), 1), coords = coords, stride = case.attr "stride",
  }
end

-- What a point tensor keeps of its only look-up of this kind.
local function kept(z, kind)
  for _, item in ipairs(z._found) do
    if item.key:find(kind, 1, true) == 1 then return item.found end
  end
end

local ops = {}

function ops.initial_voxelize(case)
  local z = points(case)
  local x = F.initial_voxelize(z, case.attr "init_res", case.attr "after_res")
  equal(x.coords:tensor(), case.output "voxel_coords", "coords")
  close(x.feats, case.output "voxel_feats", "feats")
  close(z.coords, case.output "point_coords", "points")
  equal(kept(z, "voxel")[1], case.output "index", "index")
  assert.are.same({ 1, 1, 1 }, x.stride)
end

function ops.point_to_voxel(case)
  local z = points(case)
  local x = voxels(case)
  local y = F.point_to_voxel(x, z)
  close(y.feats, case.output "feats", "feats")
  equal(kept(z, "voxel")[1], case.output "index", "index")
  assert.is_true(y.coords == x.coords)
  assert.are.same(x.stride, y.stride)
end

function ops.voxel_to_point(case)
  local z = points(case)
  local nearest = case.attr "nearest" == 1
  local y = F.voxel_to_point(voxels(case, case.input "voxel_feats"), z, { nearest = nearest })
  close(y.feats, case.output "feats", "feats")
  local found = kept(z, nearest and "nearest" or "corners")
  equal(found[1], case.output "index", "index")
  close(found[2], case.output "weights", "weights")
end

function ops.calc_ti_weights(case)
  close(F.calc_ti_weights(case.input "points", case.input "index", case.attr "scale"),
    case.output "weights", "weights")
end

function ops.spdevoxelize(case)
  close(F.spdevoxelize(case.input "feats", case.input "index", case.input "weights"),
    case.output "feats", "feats")
end

function ops.spvoxelize(case)
  close(F.spvoxelize(case.input "feats", case.input "index", case.input "count"),
    case.output "feats", "feats")
end

local function voxelize(case, opts)
  local points_in = case.input "points"
  for i = 1, 2 do
    local order = i == 1 and "xyz" or "zyx"
    local grid, o = case.attr "grid", {
      voxel_size = case.attr "voxel_size", range = case.attr "point_range", order = order,
    }
    for key, value in pairs(opts) do o[key] = value end
    local x, info = lacuna.voxelize(points_in, o)
    if opts.dynamic then
      equal(x.coords:tensor(), case.output("coords_b" .. order), "coords")
    else
      equal(x.coords:tensor():narrow(2, 2, 3), case.output("coords_" .. order), "coords")
    end
    local _, largest = support.difference(case.output "mean", case.output "mean")
    support.close(x.feats, case.output "mean", 1e-6 * math.max(1, largest), "mean")
    equal(info.num_points, case.output(opts.dynamic and "count" or "num_points"), "num_points")
    equal(info.point_voxel, case.output(opts.dynamic and "inverse" or "point_voxel"),
      "point_voxel")
    if grid then
      assert.are.same(grid, info.grid)
      assert.are.same(i == 1 and grid or { grid[3], grid[2], grid[1] },
        { unpack(x.spatial_range, 2) })
    end
    for _, name in ipairs { "points_outside", "points_dropped" } do
      if case.attr(name) then assert.equal(case.attr(name), info[name], name) end
    end
    if case.output "voxels" then equal(info.voxels, case.output "voxels", "voxels") end
  end
end

function ops.hard_voxelize(case)
  voxelize(case, {
    max_points = case.attr "max_points", max_voxels = case.attr "max_voxels", raw = true,
  })
end

function ops.dynamic_voxelize(case)
  voxelize(case, { dynamic = true, batch = case.input "batch" })
end

function ops.sphash(case)
  support.same(F.sphash(case.input "coords", case.input "offsets"), case.output "i64", "hash")
end

function ops.sphashquery(case)
  local q, r, want = case.input "query", case.input "reference", case.output "index"
  equal(F.sphashquery(q, r), want, "rows")
  equal(F.sphashquery(F.sphash(q), F.sphash(r)), want, "hashes")
end

function ops.spcount(case)
  support.same(F.spcount(case.input "index", case.attr "num"), case.output "count", "count")
end

describe("points and voxels of ops.h5", function()
  op_vectors.examples(ops)
end)
