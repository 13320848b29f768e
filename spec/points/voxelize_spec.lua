local ffi = require "ffi"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local cell = ffi.new("float[1]")
local function f32(x)
  cell[0] = x
  return tonumber(cell[0])
end

local size, range = { 0.1, 0.3, 0.7 }, { -1, -2, 0, 2, 2.5, 2.1 }
local grid = { 30, 15, 3 }

-- The cell (x,y,z) of a point, or nil outside of the grid.
local function cell_of(p)
  local c = {}
  for a = 1, 3 do
    c[a] = math.floor(f32(f32(p[a] - f32(range[a])) / f32(size[a])))
    if not (c[a] >= 0 and c[a] < grid[a]) then return nil end
  end
  return c
end

local function add(voxel, p)
  voxel.n = voxel.n + 1
  for c = 1, #p do voxel.sum[c] = (voxel.sum[c] or 0) + p[c] end
end

-- Voxels in the order of their first points: { row, sum, n }, the voxel of each point, counts.
local function naive(points, batch, max_points, max_voxels)
  local list, by_key, used, of, outside, dropped = {}, {}, {}, {}, 0, 0
  for i, p in ipairs(points) do
    local c, b = cell_of(p), batch and batch[i] or 0
    of[i] = -1
    if not c then
      outside = outside + 1
    else
      local key = table.concat({ b, c[1], c[2], c[3] }, ",")
      if not by_key[key] and (used[b] or 0) < max_voxels then
        used[b] = (used[b] or 0) + 1
        list[#list + 1] = { row = { b, c[1], c[2], c[3] }, sum = {}, n = 0 }
        by_key[key] = #list
      end
      local voxel = list[by_key[key]]
      if voxel then of[i] = by_key[key] - 1 end
      if voxel and voxel.n < max_points then add(voxel, p) else dropped = dropped + 1 end
    end
  end
  return list, of, outside, dropped
end

local function check(x, info, list, of)
  local rows, means, counts = {}, {}, {}
  for i, voxel in ipairs(list) do
    rows[i], counts[i], means[i] = voxel.row, voxel.n, {}
    for c = 1, #voxel.sum do means[i][c] = f32(voxel.sum[c] / voxel.n) end
  end
  assert.are.same(rows, x.coords:totable())
  assert.are.same(means, x.feats:totable())
  assert.are.same(counts, info.num_points:totable())
  assert.are.same(of, info.point_voxel:totable())
end

lacuna.manual_seed(11)
local cloud = lacuna.rand(800, 4) * lacuna.tensor { 3.4, 5, 2.4, 1 }
  - lacuna.tensor { 1.2, 2.2, 0.1, 0 }
local points = cloud:totable()
local batch = {}
for i = 1, #points do batch[i] = i % 3 end

local function sorted(list, of)
  local order, place, result = {}, {}, {}
  for i = 1, #list do order[i] = i end
  table.sort(order, function(a, b)
    local p, q = list[a].row, list[b].row
    for c = 1, 4 do
      if p[c] ~= q[c] then return p[c] < q[c] end
    end
    return false
  end)
  for i, at in ipairs(order) do result[i], place[at] = list[at], i - 1 end
  local moved = {}
  for i, voxel in ipairs(of) do moved[i] = voxel < 0 and -1 or place[voxel + 1] end
  return result, moved
end

local function options(more)
  local o = { voxel_size = size, range = range }
  for key, value in pairs(more) do o[key] = value end
  return o
end

describe("lacuna.voxelize", function()
  it("keeps the first points of the first voxels of each sample", function()
    local limits = { { 1, 20 }, { 2, 100 }, { 3, 1000 }, { 1000, 7 } }
    for _, limit in ipairs(limits) do
      for _, samples in ipairs { false, true } do
        local list, of, outside, dropped = naive(points, samples and batch, limit[1], limit[2])
        local x, info = lacuna.voxelize(cloud, options {
          max_points = limit[1], max_voxels = limit[2], batch = samples and batch or nil,
        })
        check(x, info, list, of)
        assert.equal(outside, info.points_outside)
        assert.equal(dropped, info.points_dropped)
        assert.are.same(grid, info.grid)
        assert.are.same({ samples and 3 or 1, 30, 15, 3 }, x.spatial_range)
      end
    end
  end)

  it("counts every point and sorts the rows when it is dynamic", function()
    local list, of, outside = naive(points, batch, math.huge, math.huge)
    local x, info = lacuna.voxelize(cloud, options {
      dynamic = true, batch = lacuna.tensor(batch, { dtype = "int32" }),
    })
    local rows, places = sorted(list, of)
    check(x, info, rows, places)
    assert.equal(outside, info.points_outside)
    assert.equal(0, info.points_dropped)
  end)

  it("gives the axes in either order, the rows in the same one", function()
    for _, dynamic in ipairs { false, true } do
      local x = lacuna.voxelize(cloud, options { dynamic = dynamic })
      local y = lacuna.voxelize(cloud, options { dynamic = dynamic, order = "zyx" })
      local rows = x.coords:totable()
      for i, r in ipairs(rows) do rows[i] = { r[1], r[4], r[3], r[2] } end
      assert.are.same(rows, y.coords:totable())
      assert.are.same({ 1, 3, 15, 30 }, y.spatial_range)
      support.same(y.feats, x.feats)
    end
  end)

  it("hands out the points of each voxel", function()
    local few = lacuna.tensor { { 0, 0, 0, 1 }, { 9, 0, 0, 2 }, { 0, 0, 1, 3 }, { 0, 0, 0, 4 },
      { 0, 0, 0, 5 } }
    local x, info = lacuna.voxelize(few,
      { voxel_size = 1, range = { 0, 0, 0, 4, 4, 4 }, max_points = 2, raw = true })
    assert.are.same({ { { 0, 0, 0, 1 }, { 0, 0, 0, 4 } }, { { 0, 0, 1, 3 }, { 0, 0, 0, 0 } } },
      info.voxels:totable())
    assert.are.same({ { 0, 0, 0, 2.5 }, { 0, 0, 1, 3 } }, x.feats:totable())
    assert.are.same({ 0, -1, 1, 0, 0 }, info.point_voxel:totable())
    assert.equal(1, info.points_dropped)
  end)

  it("leaves out points that are no numbers, and those on the upper border", function()
    local few = lacuna.tensor { { 0 / 0, 0, 0 }, { 0, 1 / 0, 0 }, { 4, 0, 0 }, { 3.99, 0, 0 },
      { -1e-9, 0, 0 } }
    local x, info = lacuna.voxelize(few, { voxel_size = 1, range = { 0, 0, 0, 4, 4, 4 } })
    assert.are.same({ { 0, 3, 0, 0 } }, x.coords:totable())
    assert.equal(4, info.points_outside)
    assert.are.same({ -1, -1, -1, 0, -1 }, info.point_voxel:totable())
  end)

  it("takes no points, doubles and any number of columns", function()
    for _, dynamic in ipairs { false, true } do
      local x, info = lacuna.voxelize(lacuna.zeros(0, 5), options { dynamic = dynamic, batch = {} })
      assert.are.same({ 0, 5 }, x.feats:size())
      assert.are.same({ 1, 30, 15, 3 }, x.spatial_range)
      assert.equal(0, #info.num_points)
    end
    local x = lacuna.voxelize(cloud, options {})
    local y = lacuna.voxelize(cloud:to("float64"), options {})
    support.same(y.feats, x.feats)
  end)

  it("does not depend on the number of threads", function()
    local threads = lacuna.get_num_threads()
    local one, two
    lacuna.set_num_threads(1)
    one = lacuna.voxelize(cloud, options { dynamic = true })
    lacuna.set_num_threads(3)
    two = lacuna.voxelize(cloud, options { dynamic = true })
    lacuna.set_num_threads(threads)
    support.same(two.feats, one.feats)
    support.same(two.coords:tensor(), one.coords:tensor())
  end)

  it("checks its options", function()
    local function fails(opts, ...)
      support.raises(function() lacuna.voxelize(cloud, opts) end, "voxelize", ...)
    end
    fails({ range = range }, "voxel_size is required")
    fails({ voxel_size = 1 }, "range is required")
    fails(options { maxpoints = 3 }, "did you mean 'max_points'?")
    fails(options { voxel_size = 0 }, "voxel_size 0")
    fails(options { range = { 0, 0, 0, 1, 0, 1 } }, "axis 2 is empty")
    fails(options { range = { 0, 0, 0, 1, 1 } }, "range", "6 numbers")
    fails(options { voxel_size = 1e-10 }, "cells", "2^31 - 1")
    fails(options { voxel_size = 100 }, "0 cells")
    fails(options { max_points = 0 }, "max_points is 0")
    fails(options { max_points = 3, dynamic = true }, "max_points", "dynamic")
    fails(options { raw = true }, "raw", "max_points")
    fails(options { order = "yxz" }, "order is yxz")
    fails(options { batch = { 0, 1 } }, "batch indices of shape [2]")
    fails(options { batch = lacuna.full({ 800 }, -1, { dtype = "int32" }) }, "batch index -1")
    fails(options { batch = lacuna.zeros(800) }, "float32 batch")
    support.raises(function() lacuna.voxelize(cloud:long(), options {}) end, "int64 points")
    support.raises(function() lacuna.voxelize(lacuna.zeros(3, 2), options {}) end, "[3, 2]")
  end)
end)
