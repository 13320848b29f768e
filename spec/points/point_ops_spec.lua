-- Points and voxels against the rules written out in Lua.

local ffi = require "ffi"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local box = ffi.new("float[1]")
local function f32(x)
  box[0] = x
  return tonumber(box[0])
end

-- Points around the origin, several in many voxels.
local function cloud(n, extent, columns, seed)
  lacuna.manual_seed(seed or 1)
  local at = (lacuna.rand(n, 4) - 0.5) * (2 * extent)
  at:narrow(2, 1, 1):copy_((lacuna.rand(n, 1) * 2):floor())
  return lacuna.PointTensor(lacuna.randn(n, columns), at)
end

local function key_of(b, x, y, z) return ("%d,%d,%d,%d"):format(b, x, y, z) end

local function rows_by_key(x)
  local map = {}
  for i, r in ipairs(x.coords:totable()) do map[key_of(unpack(r))] = i end
  return map
end

local function mean_rows(list, feats, count, columns)
  local sums, n = {}, {}
  for i, row in pairs(list) do
    sums[row], n[row] = sums[row] or {}, (n[row] or 0) + 1
    for c = 1, columns do sums[row][c] = (sums[row][c] or 0) + feats[i][c] end
  end
  local means = {}
  for row = 1, count do
    means[row] = {}
    for c = 1, columns do means[row][c] = n[row] and sums[row][c] / n[row] or 0 end
  end
  return means
end

local function naive_to_voxel(x, z)
  local map, s, list = rows_by_key(x), x.stride, {}
  for i, p in ipairs(z.coords:totable()) do
    list[i] = map[key_of(p[1], math.floor(p[2] / s[1]), math.floor(p[3] / s[2]),
      math.floor(p[4] / s[3]))]
  end
  return mean_rows(list, z.feats:totable(), #x.coords, z:size(2))
end

local function naive_to_point(x, z, nearest)
  local map, s, feats, result = rows_by_key(x), x.stride, x.feats:totable(), {}
  for i, p in ipairs(z.coords:totable()) do
    local low, part, rows, weights, total = {}, {}, {}, {}, 0
    for a = 1, 3 do
      local f = p[a + 1] / s[a]
      low[a] = math.floor(f)
      part[a] = f - low[a]
    end
    for k = 0, nearest and 0 or 7 do
      local d = { math.floor(k / 4), math.floor(k / 2) % 2, k % 2 }
      local row = map[key_of(p[1], low[1] + d[1], low[2] + d[2], low[3] + d[3])]
      local w = 1
      for a = 1, 3 do w = w * (d[a] == 1 and part[a] or 1 - part[a]) end
      if nearest then w = 1 end
      if row then
        rows[#rows + 1], weights[#weights + 1] = row, w
        total = total + w
      end
    end
    if nearest then total = 1 end
    result[i] = {}
    for c = 1, x:size(2) do
      local sum = 0
      for k = 1, #rows do sum = sum + weights[k] / (total + 1e-8) * feats[rows[k]][c] end
      result[i][c] = sum
    end
  end
  return result
end

describe("initial_voxelize", function()
  it("floors the scaled points, sorts, takes means, and keeps the scaled points", function()
    local z = cloud(500, 9, 3)
    local at, feats = z.coords:totable(), z.feats:totable()
    local x = F.initial_voxelize(z, 0.05, 0.1)
    local list, seen, keys, row_of = {}, {}, {}, {}
    for i, p in ipairs(at) do
      for a = 2, 4 do p[a] = f32(p[a] * (0.05 / 0.1)) end
      list[i] = { p[1], math.floor(p[2]), math.floor(p[3]), math.floor(p[4]) }
      local key = key_of(unpack(list[i]))
      if not seen[key] then keys[#keys + 1] = list[i] end
      seen[key] = true
    end
    table.sort(keys, function(a, b)
      for c = 1, 4 do
        if a[c] ~= b[c] then return a[c] < b[c] end
      end
    end)
    assert.is_true(#keys < #at)
    assert.are.same(keys, x.coords:totable())
    assert.are.same(at, z.coords:totable())
    for i, row in ipairs(keys) do row_of[key_of(unpack(row))] = i end
    for i, cell in ipairs(list) do list[i] = row_of[key_of(unpack(cell))] end
    support.close(x.feats, lacuna.tensor(mean_rows(list, feats, #keys, 3)), 1e-6)
    assert.are.same({ 1, 1, 1 }, x.stride)
  end)

  it("leaves whole coordinates whole when both resolutions are the same", function()
    local rows = support.voxels(50, -1000, 1000, 2)
    local z = lacuna.PointTensor(lacuna.rand(50, 2), lacuna.tensor(rows))
    local x = F.initial_voxelize(z, 0.05, 0.05)
    assert.are.same(rows, z.coords:totable())
    assert.equal(50, #x.coords)
  end)

  it("refuses points without a voxel", function()
    local function fails(value, ...)
      local z = lacuna.PointTensor(lacuna.zeros(2, 1),
        lacuna.tensor { { 0, 0, 0, 0 }, { 0, 0, value, 0 } })
      support.raises(function() F.initial_voxelize(z, 1, 1) end, "initial_voxelize: point 1", ...)
    end
    fails(0 / 0, "NaN")
    fails(1 / 0, "infinity")
    fails(1e12, "int32")
    local z = cloud(3, 1, 1)
    support.raises(function() F.initial_voxelize(z, 0, 1) end, "pres is 0")
    support.raises(function() F.initial_voxelize(z, 1) end, "vres is nil")
    support.raises(function() F.initial_voxelize(z.feats, 1, 1) end, "PointTensor")
  end)

  it("takes no points", function()
    local z = lacuna.PointTensor(lacuna.zeros(0, 3), lacuna.zeros(0, 4))
    local x = F.initial_voxelize(z, 1, 1)
    assert.are.same({ 0, 3 }, x.feats:size())
    assert.are.same({ 0, 3 }, F.voxel_to_point(x, z).feats:size())
    assert.are.same({ 0, 3 }, F.point_to_voxel(x, z).feats:size())
  end)
end)

describe("point_to_voxel and voxel_to_point", function()
  -- Boxes of narrow keys, and one whose rows do not fit 63 bits.
  local far = { { 0, 2 ^ 31 - 1, -2 ^ 31, 7 }, { 1, -2 ^ 31, 2 ^ 31 - 1, -2 ^ 31 } }
  for _, stride in ipairs { { 1, 1, 1 }, { 2, 2, 2 }, { 3, 1, 4 } } do
    for _, wide in ipairs { false, true } do
      local rows = support.voxels(160, -4, 4, 2, 5)
      if wide then rows[161], rows[162] = far[1], far[2] end
      local x = lacuna.SparseTensor {
        feats = lacuna.randn(#rows, 5), coords = lacuna.tensor(rows, { dtype = "int32" }),
        stride = stride,
      }
      local z = cloud(300, 14, 3, 2)
      local name = ("agree with the rules at stride %s%s"):format(table.concat(stride, ","),
        wide and " with far rows #host" or "")
      it(name, function()
        local y = F.point_to_voxel(x, z)
        support.close(y.feats, lacuna.tensor(naive_to_voxel(x, z)), 1e-6)
        assert.is_true(y.coords == x.coords)
        assert.are.same(stride, y.stride)
        for _, nearest in ipairs { false, true } do
          local p = F.voxel_to_point(x, z, { nearest = nearest })
          support.close(p.feats, lacuna.tensor(naive_to_point(x, z, nearest)), 1e-5)
          assert.is_true(p.coords == z.coords)
        end
      end)
    end
  end

  it("give the same bits for any number of threads", function()
    local threads = lacuna.get_num_threads()
    local results = {}
    for i, n in ipairs { 1, 4 } do
      lacuna.set_num_threads(n)
      local z = cloud(20000, 12, 9, 3)
      local x = F.initial_voxelize(z, 1, 1)
      local p = F.voxel_to_point(x, z)
      results[i] = { x.feats, p.feats, F.point_to_voxel(x, p).feats }
    end
    lacuna.set_num_threads(threads)
    for i = 1, 3 do support.same(results[2][i], results[1][i]) end
  end)

  it("leave points without a voxel at 0", function()
    local x = lacuna.SparseTensor(lacuna.tensor { { 8 } }, { { 0, 0, 0, 0 } })
    local z = lacuna.PointTensor(lacuna.tensor { { 1 }, { 2 }, { 3 }, { 4 } }, lacuna.tensor {
      { 0, 0 / 0, 0, 0 }, { 0, 1e20, 0, 0 }, { 0, -1.5, 0, 0 }, { 0, 0.5, 0, 0 },
    })
    assert.are.same({ { 4 } }, F.point_to_voxel(x, z).feats:totable())
    local p = F.voxel_to_point(x, z, { nearest = true })
    assert.are.same({ { 0 }, { 0 }, { 0 }, { 8 } }, p.feats:totable())
    p = F.voxel_to_point(x, z)
    assert.are.same({ { 0 }, { 0 }, { 0 } }, p.feats:narrow(1, 1, 3):totable())
    support.close(p.feats:narrow(1, 4, 1), lacuna.tensor { { 8 } }, 1e-5)
  end)

  it("keep the dtype of the features", function()
    local z = cloud(200, 3, 4)
    local x = F.initial_voxelize(z, 1, 1)
    local p, q = F.voxel_to_point(x, z), F.voxel_to_point(x:half(), z)
    assert.equal("float16", q:dtype())
    support.close(q.feats, p.feats, 5e-3)
    local y = F.point_to_voxel(x, z:half())
    assert.equal("float16", y:dtype())
    support.close(y.feats, x.feats, 5e-3)
  end)

  it("refuse what is no voxels or points", function()
    local z = cloud(3, 1, 1)
    local x = F.initial_voxelize(z, 1, 1)
    support.raises(function() F.point_to_voxel(z, x) end, "point_to_voxel", "SparseTensor")
    support.raises(function() F.voxel_to_point(x, x) end, "voxel_to_point", "PointTensor")
    support.raises(function() F.voxel_to_point(x, z, { nearst = true }) end, "'nearest'")
    local twice = lacuna.SparseTensor(lacuna.zeros(2, 1), { { 0, 0, 0, 0 }, { 0, 0, 0, 0 } })
    support.raises(function() F.point_to_voxel(twice, z) end, "rows 0 and 1")
  end)
end)

describe("spvoxelize, spdevoxelize and calc_ti_weights", function()
  local feats = lacuna.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } }

  it("sum by given counts", function()
    local idx = lacuna.tensor({ 2, 0, -1, 2 }, { dtype = "int32" })
    local counts = lacuna.tensor({ 2, 0, 4 }, { dtype = "int32" })
    assert.are.same({ { 1.5, 2 }, { 0, 0 }, { 2, 2.5 } },
      F.spvoxelize(feats, idx, counts):totable())
    local exact = F.spvoxelize(feats:double() + 2 ^ 40, idx, counts)
    assert.equal("float64", exact:dtype())
    assert.are.same({ { 2 ^ 39 + 1.5, 2 ^ 39 + 2 }, { 0, 0 }, { 2 ^ 39 + 2, 2 ^ 39 + 2.5 } },
      exact:totable())
    support.raises(function() F.spvoxelize(feats, idx, counts:narrow(1, 1, 2)) end,
      "index 2 of point 0", "less than 2")
    support.raises(function() F.spvoxelize(feats, idx:float(), counts) end, "float32")
    support.raises(function() F.spvoxelize(feats:long(), idx, counts) end, "int64 features")
    support.raises(function() F.spvoxelize(feats, idx, feats) end, "counts are [4, 2]")
  end)

  it("sum weighted rows", function()
    local idx = lacuna.full({ 2, 8 }, -1, { dtype = "int64" })
    local w = lacuna.full({ 2, 8 }, 100)
    idx[{ 1, 1 }], w[{ 1, 1 }] = 3, 0.5
    idx[{ 1, 8 }], w[{ 1, 8 }] = 0, 2
    local want = { { 5.5, 8 }, { 0, 0 } }
    assert.are.same(want, F.spdevoxelize(feats, idx, w):totable())
    assert.are.same(want, F.spdevoxelize(feats:to("float64"), idx:int(), w):totable())
    assert.are.same({ 0, 2 }, F.spdevoxelize(feats, idx:narrow(1, 1, 0), w:narrow(1, 1, 0)):size())
    idx[{ 2, 3 }] = 4
    support.raises(function() F.spdevoxelize(feats, idx, w) end, "index 4 of point 1")
    support.raises(function() F.spdevoxelize(feats, idx, w:narrow(2, 1, 3)) end, "[2, 3]")
  end)

  it("weigh the cells around a point", function()
    local points = lacuna.tensor { { 0.25, 0, 0 }, { -0.75, 2, 1 } }
    local idx = lacuna.zeros({ 2, 8 }, { dtype = "int64" })
    support.close(F.calc_ti_weights(points, idx), lacuna.tensor {
      { 0.75, 0, 0, 0, 0.25, 0, 0, 0 }, { 0.75, 0, 0, 0, 0.25, 0, 0, 0 },
    }, 1e-6)
    idx[{ 1, 5 }] = -1
    support.close(F.calc_ti_weights(points, idx)[1], lacuna.tensor { 1, 0, 0, 0, 0, 0, 0, 0 },
      1e-6)
    support.close(F.calc_ti_weights(points * 4, idx, 4), F.calc_ti_weights(points, idx), 0)
    support.raises(function() F.calc_ti_weights(points, idx, 0) end, "scale 0")
    support.raises(function() F.calc_ti_weights(points, idx:narrow(1, 1, 1)) end, "[1, 8]")
  end)
end)
