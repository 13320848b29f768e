-- Dense cells, bird's-eye views, cropping, unions.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

local function case(count, channels, range, dtype)
  lacuna.manual_seed(6)
  local rows, least = support.voxels(4 * count, 0, 15, range[1], 5), {}
  for _, row in ipairs(rows) do
    if row[2] < range[2] and row[3] < range[3] and row[4] < range[4] and #least < count then
      least[#least + 1] = row
    end
  end
  local feats = lacuna.randn(#least, channels):to(dtype or "float32")
  return lacuna.SparseTensor(feats, least, 1, range), least
end

-- A dense tensor of `sizes` that is 0 but at place(row, channel).
local function scatter(x, rows, sizes, place)
  local t, feats = lacuna.zeros(sizes):to(x:dtype()), x.feats
  for i, row in ipairs(rows) do
    for c = 0, feats:size(2) - 1 do
      local at = place(row, c)
      for k = 1, #at do at[k] = at[k] + 1 end
      t[at] = feats[{ i, c + 1 }]
    end
  end
  return t
end

describe("dense", function()
  local range = { 2, 7, 5, 6 }

  it("puts every row into its cell", function()
    for _, dtype in ipairs { "float32", "float16", "bfloat16", "float64", "uint8" } do
      local x, rows = case(60, 3, range, dtype)
      local want = scatter(x, rows, { 2, 7, 5, 6, 3 }, function(r, c)
        return { r[1], r[2], r[3], r[4], c }
      end)
      support.same(x:dense(), want, dtype)
      support.same(nn.ToDense()(x), want, dtype)
      support.same(F.to_dense(x.feats, x.coords, range), want, dtype)
      support.same(F.to_dense(x.feats, rows, range), want, dtype)
      support.same(F.to_dense(x.feats, x.coords:tensor():long(), range), want, dtype)
    end
  end)

  it("computes what is pending and reads views", function()
    local x = case(60, 4, range)
    local y = F.relu(nn.Conv3d(4, 4, 3)(x))
    assert.is_true(y.feats:is_pending())
    support.same(y:dense(), y:replace_feature(y.feats:clone()):dense())
    local right = x.feats:narrow(2, 3, 2)
    support.same(F.to_dense(right, x.coords, range),
      F.to_dense(right:clone(), x.coords, range))
  end)

  it("takes no rows, no channels, no cells", function()
    assert.are.same({ 1, 2, 3, 4, 5 }, F.to_dense(lacuna.zeros(0, 5), {}, { 1, 2, 3, 4 }):size())
    assert.equal(0, F.to_dense(lacuna.zeros(0, 5), {}, { 1, 2, 3, 4 }):abs():max():item())
    assert.are.same({ 1, 2, 0, 4, 5 }, F.to_dense(lacuna.zeros(0, 5), {}, { 1, 2, 0, 4 }):size())
    local x = case(20, 0, range)
    assert.are.same({ 2, 7, 5, 6, 0 }, x:dense():size())
    assert.are.same({ 2, 0, 7, 5 }, nn.ToBEV()(x):size())
    assert.are.same({ 1, 20, 2, 3 }, nn.ToBEV()(lacuna.SparseTensor(lacuna.zeros(0, 5), {}, 1,
      { 1, 2, 3, 4 })):size())
  end)

  it("refuses rows outside, duplicates and grids without a range", function()
    local feats = lacuna.ones(2, 1)
    local function dense(a, b, r) return function() F.to_dense(feats, { a, b }, r) end end
    support.raises(dense({ 0, 0, 0, 0 }, { 0, 2, 0, 0 }, { 1, 2, 2, 2 }), "to_dense",
      "coordinates x in [0, 2]", "(1, 2, 2, 2)")
    support.raises(dense({ 0, 0, 0, -1 }, { 0, 1, 0, 0 }, { 1, 2, 2, 2 }), "coordinates z")
    support.raises(dense({ 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 1, 2, 2, 2 }), "coordinates b")
    support.raises(dense({ 0, 1, 0, 0 }, { 0, 1, 0, 0 }, { 1, 2, 2, 2 }), "rows 0 and 1")
    support.raises(dense({ 0, 1, 0, 0 }, { 0, 0, 0, 0 }), "to_dense", "spatial_range")
    support.raises(dense({ 0, 1, 0, 0 }, { 0, 0, 0, 0 }, { 1, 2, 2 }), "a table of 3")
    support.raises(dense({ 0, 1, 0, 0 }, { 0, 0, 0, 0 }, { 1, 2, 2, 0.5 }),
      "spatial_range[4] is 0.5")
    support.raises(function() F.to_dense(lacuna.ones(3, 1), { { 0, 0, 0, 0 } }, range) end,
      "to_dense: features of shape [3, 1], expected [1, C]")
    local x = lacuna.SparseTensor(feats, { { 0, 0, 0, 0 }, { 0, 1, 0, 0 } })
    support.raises(function() x:dense() end, "dense", "no spatial_range")
    support.raises(function() nn.ToDense()(x) end, "no spatial_range")
    support.raises(function() nn.ToBEV()(x) end, "to_bev", "no spatial_range")
    support.raises(function() nn.ToDense()(feats) end, "expected a SparseTensor")
  end)

  it("says so when the grid does not fit into memory", function()
    local most = 2 ^ 31 - 1
    for _, r in ipairs { { 1, 2 ^ 20, 2 ^ 20, 2 ^ 10 }, { most, most, most, most } } do
      local x = lacuna.SparseTensor(lacuna.ones(1, 64), { { 0, 0, 0, 0 } }, 1, r)
      assert(not pcall(x.dense, x))
      local message = support.message(function() nn.ToBEV()(x) end)
      assert(message:find("memory") or message:find("bytes"), message)
      assert(not message:find("\n"), message)
    end
    local small = lacuna.SparseTensor(lacuna.ones(1, 2), { { 0, 0, 0, 0 } }, 1, { 1, 1, 1, 1 })
    assert.equal(2, small:dense():sum():item())
  end)
end)

describe("nn.ToBEV", function()
  local range = { 2, 4, 5, 6 }

  it("has channel c * D + d for every height axis", function()
    for _, dtype in ipairs { "float32", "float16", "float64", "uint8" } do
      local x, rows = case(50, 3, range, dtype)
      support.same(nn.ToBEV()(x), scatter(x, rows, { 2, 18, 4, 5 }, function(r, c)
        return { r[1], c * 6 + r[4], r[2], r[3] }
      end), dtype)
      support.same(nn.ToBEV { height_axis = 1 }(x), scatter(x, rows, { 2, 12, 5, 6 },
        function(r, c) return { r[1], c * 4 + r[2], r[3], r[4] } end), dtype)
      support.same(nn.ToBEV { height_axis = 2 }(x), scatter(x, rows, { 2, 15, 4, 6 },
        function(r, c) return { r[1], c * 5 + r[3], r[2], r[4] } end), dtype)
    end
  end)

  it("is the dense tensor with its axes moved", function()
    local x = case(50, 3, range)
    support.same(nn.ToBEV { height_axis = 3 }(x),
      x:dense():permute(1, 5, 4, 2, 3):reshape(2, 18, 4, 5))
    assert.is_true(nn.ToBEV()(x):is_contiguous())
  end)

  it("takes one channel and one layer of height", function()
    local x = case(12, 1, { 1, 4, 5, 1 })
    support.same(nn.ToBEV()(x), x:dense():reshape(1, 1, 4, 5))
  end)

  it("says what is wrong", function()
    support.raises(function() nn.ToBEV { height_axis = 4 } end, "ToBEV: height_axis is 4")
    support.raises(function() nn.ToBEV { height = 3 } end, "ToBEV: unknown option 'height'")
    assert.equal("ToBEV(height_axis 1)", tostring(nn.ToBEV { height_axis = 1 }):match("^%S.-%)"))
  end)
end)

describe("spcrop", function()
  local rows = {
    { 0, 3, 0, 0 }, { 1, -2, 5, 1 }, { 0, 0, 0, 0 }, { 3, 2, 2, 2 }, { 0, 2, -1, 9 },
  }
  local x = lacuna.SparseTensor {
    feats = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } }, coords = rows, stride = 2,
  }

  local function kept(min, max)
    local y = F.spcrop(x, min, max)
    support.same(nn.SparseCrop(min, max)(x).feats, y.feats)
    assert.equal(y.feats:size(1), #y.coords)
    for i, row in ipairs(y.coords:tensor():totable()) do
      assert.are.same(rows[y.feats[{ i, 1 }]], row)
    end
    assert.are.same({ 2, 2, 2 }, y.stride)
    assert.equal(4, y.batch_size)
    return support.flat(y.feats)
  end

  it("keeps the rows with min <= xyz < max in their order", function()
    assert.are.same({ 1, 3, 4 }, kept({ 0, 0, 0 }, { 4, 3, 3 }))
    assert.are.same({ 3, 4 }, kept({ 0, 0, 0 }, { 3, 3, 3 }))
    assert.are.same({ 1, 2, 3, 4 }, kept({ -2, 0, 0 }, nil))
    assert.are.same({ 2, 3, 4, 5 }, kept(nil, { 3, 9, 10 }))
    assert.are.same({ 1, 2, 3, 4, 5 }, kept(nil, nil))
    assert.are.same({}, kept({ 4, 4, 4 }, { 4, 4, 4 }))
  end)

  it("takes fractions and infinity", function()
    assert.are.same({ 1, 4 }, kept({ 1.5, 0, 0 }, { 3.5, math.huge, 2 ^ 40 }))
    assert.are.same({ 3 }, kept({ -math.huge, 0, -0.5 }, { 1.5, 4.5, 0.5 }))
  end)

  it("keeps the range, and takes no rows", function()
    local y = lacuna.SparseTensor(lacuna.zeros(0, 3), {}, 1, { 1, 8, 8, 8 })
    assert.are.same({ 1, 8, 8, 8 }, F.spcrop(y, { 0, 0, 0 }, nil).spatial_range)
    assert.are.same({ 0, 3 }, F.spcrop(y, { 0, 0, 0 }, nil):size())
    assert.are.same({ 0, 3 }, F.spcrop(lacuna.SparseTensor(lacuna.zeros(0, 3), {}),
      nil, { 1, 1, 1 }):size())
  end)

  it("says what is wrong", function()
    support.raises(function() F.spcrop(x, { 1, 2 }) end, "spcrop: min", "three numbers")
    support.raises(function() F.spcrop(x, nil, { 1, 2, "a" }) end, "spcrop: max[3] is a")
    support.raises(function() F.spcrop(x.feats, { 1, 2, 3 }) end, "expected a SparseTensor")
    support.raises(function() nn.SparseCrop(3) end, "SparseCrop: min")
    assert.equal("SparseCrop({0, 0, 0}, nil)",
      tostring(nn.SparseCrop { 0, 0, 0 }):match("^%S.-%)"))
  end)
end)

describe("generative_add", function()
  local function make(feats, rows, opts)
    opts = opts or {}
    return lacuna.SparseTensor {
      feats = feats, coords = rows, stride = opts.stride, spatial_range = opts.range,
      batch_size = opts.batch,
    }
  end

  it("sums where both have a row, and sorts the union", function()
    local a = make({ { 1, 2 }, { 3, 4 } }, { { 1, 0, 0, 0 }, { 0, 5, -1, 2 } })
    local b = make({ { 10, 20 }, { 30, 40 }, { 50, 60 } },
      { { 0, 5, -1, 3 }, { 0, 5, -1, 2 }, { 0, -7, 0, 0 } })
    local y = lacuna.generative_add(a, b)
    assert.are.same({ { 0, -7, 0, 0 }, { 0, 5, -1, 2 }, { 0, 5, -1, 3 }, { 1, 0, 0, 0 } },
      y.coords:tensor():totable())
    assert.are.same({ { 50, 60 }, { 33, 44 }, { 10, 20 }, { 1, 2 } }, y.feats:totable())
    assert.equal(2, y.batch_size)
    support.same(lacuna.generative_add(b, a).feats, y.feats)
  end)

  it("agrees with dictionaries on many rows", function()
    local sum = {}
    local function add(rows, feats)
      for i, row in ipairs(rows) do
        local key = table.concat(row, " ")
        sum[key] = (sum[key] or 0) + feats[i][1]
      end
      return make(feats, rows)
    end
    local function numbers(n, from)
      local list = {}
      for i = 1, n do list[i] = { from + i } end
      return list
    end
    local a = add(support.voxels(300, -4, 4, 2, 1), numbers(300, 0))
    local b = add(support.voxels(400, -4, 4, 2, 2), numbers(400, 1000))
    local y = lacuna.generative_add(a, b)
    local feats, count = y.feats:totable(), 0
    for i, row in ipairs(y.coords:tensor():totable()) do
      assert.equal(sum[table.concat(row, " ")], feats[i][1])
    end
    for _ in pairs(sum) do count = count + 1 end
    assert.equal(count, #y.coords)
    assert.is_true(count < 700)
  end)

  it("takes tensors without rows, halves, and convolutions afterwards", function()
    local none = make(lacuna.zeros(0, 1), {})
    local a = make({ { 1 }, { 2 } }, { { 0, 1, 0, 0 }, { 0, 0, 0, 0 } })
    assert.are.same({ { 2 }, { 1 } }, lacuna.generative_add(none, a).feats:totable())
    assert.are.same({ { 2 }, { 1 } }, lacuna.generative_add(a, none).feats:totable())
    assert.are.same({ 0, 1 }, lacuna.generative_add(none, none):size())
    assert.equal("float16", lacuna.generative_add(a:half(), a:half()):dtype())
    local b = make({ { 4 } }, { { 0, 2, 0, 0 } })
    F.conv3d(a, lacuna.ones(27, 1, 1)) -- a has maps of its own, which the union must not see
    local y = F.conv3d(lacuna.generative_add(a, b), lacuna.ones(27, 1, 1))
    assert.are.same({ { 3 }, { 7 }, { 5 } }, y.feats:totable())
  end)

  it("keeps stride, the larger range and the larger batch", function()
    local a = make({ { 1 } }, { { 0, 0, 0, 0 } }, { stride = 2, range = { 1, 4, 9, 4 }, batch = 3 })
    local b = make({ { 1 } }, { { 0, 1, 0, 0 } }, { stride = 2, range = { 2, 5, 5, 5 } })
    local y = lacuna.generative_add(a, b)
    assert.are.same({ 2, 2, 2 }, y.stride)
    assert.are.same({ 2, 5, 9, 5 }, y.spatial_range)
    assert.equal(3, y.batch_size)
    local c = make({ { 1 } }, { { 0, 1, 0, 0 } }, { stride = 2 })
    assert.are.same({ 1, 4, 9, 4 }, lacuna.generative_add(c, a).spatial_range)
  end)

  it("refuses other strides and channels, duplicates, and what is no SparseTensor", function()
    local a = make({ { 1 } }, { { 0, 0, 0, 0 } })
    local function add(b) return function() lacuna.generative_add(a, b) end end
    support.raises(add(make({ { 1 } }, { { 0, 0, 0, 0 } }, { stride = 2 })), "generative_add",
      "strides")
    support.raises(add(make({ { 1, 2 } }, { { 0, 0, 0, 0 } })), "1 and 2 channels")
    support.raises(add(make({ { 1 }, { 2 } }, { { 0, 1, 0, 0 }, { 0, 1, 0, 0 } })), "rows 0 and 1")
    support.raises(add(a.feats), "generative_add", "expected a SparseTensor")
  end)
end)
