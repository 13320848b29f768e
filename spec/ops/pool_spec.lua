-- Pooling against the same thing written with dictionaries.

local lacuna = require "lacuna"
local naive = require "spec.support.naive_conv"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

local function features(count, channels, dtype)
  lacuna.manual_seed(11)
  return (lacuna.randn(count, channels) - 1):to(dtype or "float32")
end

-- feats[n][c] reduced along the pairs of all taps.
local function reduce(kind, list, feats, count, channels)
  local out, inputs = {}, {}
  for o = 1, count do
    out[o], inputs[o] = {}, 0
    for c = 1, channels do out[o][c] = kind == "max" and -math.huge or 0 end
  end
  for _, tap in ipairs(list) do
    for _, pair in ipairs(tap) do
      local from, to = feats[pair[1]], out[pair[2]]
      inputs[pair[2]] = inputs[pair[2]] + 1
      for c = 1, channels do
        to[c] = kind == "max" and math.max(to[c], from[c]) or to[c] + from[c]
      end
    end
  end
  for o = 1, count do
    for c = 1, channels do
      if inputs[o] == 0 then
        out[o][c] = 0
      elseif kind == "avg" then
        out[o][c] = out[o][c] / inputs[o]
      end
    end
  end
  return out
end

local function geometry(g)
  local function three(v) return type(v) == "table" and v or { v, v, v } end
  return {
    kernel = three(g[1]), stride = three(g.stride or g[1]), padding = three(g.padding or 0),
    dilation = three(g.dilation or 1), range = g.range,
    kmap_mode = g.kmap_mode or "hashmap_on_the_fly",
    downsample_mode = g.downsample_mode or "spconv", allow_negative = false,
  }
end

local function check(name, g, rows, dtype)
  local plan, channels = geometry(g), g.channels or 3
  local x = lacuna.SparseTensor(features(#rows, channels, dtype), rows, 1, g.range)
  local out_rows, anchor, range = naive.plan(rows, plan)
  local list = naive.pairs(rows, out_rows, anchor, plan)
  local feats = x.feats:to("float32"):totable()
  for _, kind in ipairs { "max", "avg" } do
    local opts = {
      stride = g.stride, padding = g.padding, dilation = g.dilation,
      config = { kmap_mode = plan.kmap_mode, downsample_mode = plan.downsample_mode },
    }
    local y = F[kind .. "_pool3d"](x, g[1], opts)
    assert.are.same(out_rows, y.coords:tensor():totable(), name .. ": rows")
    assert.are.same(range, y.spatial_range, name .. ": range")
    assert.are.same(plan.stride, y.stride, name .. ": stride")
    assert.equal(dtype or "float32", y:dtype())
    local want = lacuna.tensor(reduce(kind, list, feats, #out_rows, channels))
    if kind == "max" then
      support.same(y.feats:float(), want, name)
    else
      local unit = dtype == "bfloat16" and 2e-2 or dtype == "float16" and 2e-3 or 1e-6
      support.close(y.feats:float(), want, 4 * unit, name)
    end
  end
end

describe("max_pool3d and avg_pool3d", function()
  local cases = {
    ["kernel = stride"] = { 2 },
    ["overlapping"] = { 3, stride = 2, padding = 1 },
    ["overlapping, no padding"] = { 3, stride = 2 },
    ["minkowski"] = { 3, stride = 2, downsample_mode = "minkowski" },
    ["one axis"] = { { 1, 1, 3 }, stride = { 1, 1, 2 } },
    ["three different axes"] = { { 3, 2, 1 }, stride = { 2, 2, 1 }, padding = { 1, 0, 0 } },
    ["submanifold"] = { 3, stride = 1 },
    ["submanifold, even"] = { 2, stride = 1 },
    ["submanifold, even, hashmap"] = { { 4, 2, 3 }, stride = 1, kmap_mode = "hashmap" },
    ["submanifold, dilated"] = { 3, stride = 1, dilation = 2 },
    ["dilated"] = { 3, stride = 2, padding = 2, dilation = 2 },
    ["more than a block of channels"] = { 2, channels = 37 },
    ["a range"] = { 3, stride = 2, padding = 1, range = { 2, 9, 9, 9 } },
    ["a range that cuts a window off"] = { 2, range = { 2, 9, 9, 9 } },
  }
  for name, g in pairs(cases) do
    it("agree with dictionaries: " .. name, function()
      check(name, g, support.voxels(400, 0, 8, 2, 3))
    end)
  end

  it("take float16 and bfloat16", function()
    for _, dtype in ipairs { "float16", "bfloat16" } do
      check(dtype, { 3, stride = 2, padding = 1 }, support.voxels(200, 0, 7, 2, 5), dtype)
    end
  end)

  it("take rows below 0 in a submanifold and a minkowski pooling", function()
    local rows = support.voxels(150, -6, 3, 1, 7)
    check("submanifold", { 3, stride = 1 }, rows)
    check("minkowski", { 3, stride = 2, downsample_mode = "minkowski" }, rows)
  end)

  it("give 0 for a window without inputs, and negative maxima for others", function()
    local x = lacuna.SparseTensor({ { -5 }, { -7 } }, { { 0, 0, 0, 0 }, { 0, 3, 3, 3 } })
    local opts = { stride = 2, config = { downsample_mode = "minkowski" } }
    for _, op in ipairs { "max_pool3d", "avg_pool3d" } do
      local y = F[op](x, 1, opts)
      assert.are.same({ { 0, 0, 0, 0 }, { 0, 1, 1, 1 } }, y.coords:tensor():totable())
      assert.are.same({ { -5 }, { 0 } }, y.feats:totable())
    end
  end)

  it("let NaN and infinity through", function()
    local nan, inf = 0 / 0, math.huge
    local rows = { { 0, 0, 0, 0 }, { 0, 0, 0, 1 }, { 0, 2, 0, 0 }, { 0, 4, 0, 0 }, { 0, 4, 1, 0 } }
    local x = lacuna.SparseTensor({ { nan, 1 }, { 2, nan }, { -inf, inf }, { 3, 4 }, { 5, 2 } },
      rows)
    local y = F.max_pool3d(x, 2).feats:totable()
    assert.is_true(y[1][1] ~= y[1][1] and y[1][2] ~= y[1][2])
    assert.are.same({ -inf, inf }, y[2])
    assert.are.same({ 5, 4 }, y[3])
  end)

  it("return the input's rows and features for one tap", function()
    local x = lacuna.SparseTensor(features(50, 4), support.voxels(50, -9, 9, 1, 2))
    local y = F.avg_pool3d(x, 1)
    assert.is_true(y.coords == x.coords)
    support.same(y.feats, x.feats)
  end)

  it("take no rows and no channels", function()
    for _, op in ipairs { "max_pool3d", "avg_pool3d" } do
      local y = F[op](lacuna.SparseTensor(lacuna.zeros(0, 3), {}), 2)
      assert.are.same({ 0, 3 }, y:size())
      local rows = support.voxels(20, 0, 5, 1, 2)
      assert.equal(0, F[op](lacuna.SparseTensor(lacuna.zeros(20, 0), rows), 2):size(2))
    end
  end)

  it("read results that are not computed yet", function()
    local x = lacuna.SparseTensor(features(60, 3), support.voxels(60, 0, 5, 1, 2))
    local layer = nn.Conv3d(3, 3, 3)
    local pending = F.relu(layer(x))
    assert.is_true(pending.feats:is_pending())
    local want = F.max_pool3d(x:replace_feature(F.relu(layer(x)).feats:clone()), 2)
    support.same(F.max_pool3d(pending, 2).feats, want.feats)
  end)

  it("make rows that a transposed convolution walks back", function()
    local x = lacuna.SparseTensor(features(90, 2), support.voxels(90, 0, 6, 2, 9))
    local down = F.max_pool3d(x, 2)
    local up = F.conv3d(down, lacuna.ones(8, 2, 2), {
      kernel_size = 2, stride = 2, transposed = true,
    })
    assert.is_true(up.coords == x.coords)
    assert.is_true(F.avg_pool3d(x, 2).coords == down.coords)
  end)

  it("give the same bits for any number of threads and whatever else is in the batch", function()
    local one, two = support.voxels(6000, 0, 40, 1, 4), support.voxels(5000, 0, 40, 1, 5)
    local a = lacuna.SparseTensor(features(#one, 8), one)
    local b = lacuna.SparseTensor(features(#two, 8), two)
    local both = lacuna.sparse_collate { b, a }
    local threads = lacuna.get_num_threads()
    for _, op in ipairs { "max_pool3d", "avg_pool3d" } do
      local want = F[op](a, 3, { stride = 2, padding = 1 }).feats
      for _, n in ipairs { 1, 3 } do
        lacuna.set_num_threads(n)
        local y = F[op](both, 3, { stride = 2, padding = 1 })
        support.same(y:sample(1).feats, want, op .. " with " .. n .. " threads")
      end
      lacuna.set_num_threads(threads)
    end
  end)

  it("say what is wrong", function()
    local rows = support.voxels(9, 0, 3, 1, 2)
    local x = lacuna.SparseTensor(features(9, 2), rows)
    support.raises(function() F.max_pool3d(x, 2, { strid = 2 }) end, "max_pool3d",
      "did you mean 'stride'?")
    support.raises(function() F.max_pool3d(x) end, "max_pool3d", "kernel_size")
    support.raises(function() F.avg_pool3d(x, 0) end, "avg_pool3d", "kernel_size is 0")
    support.raises(function() F.avg_pool3d(x.feats, 2) end, "avg_pool3d", "a Tensor",
      "expected a SparseTensor")
    support.raises(function() F.max_pool3d(x:to("float64"), 2) end, "max_pool3d", "float64")
    support.raises(function() F.max_pool3d(x, 3, { padding = 2 ^ 21 }) end, "max_pool3d: padding")
    support.raises(function()
      F.avg_pool3d(lacuna.SparseTensor(x.feats, rows, 1, { 1, 2, 2, 2 }), 2)
    end, "avg_pool3d: coordinates", "spatial_range")
    rows[2] = rows[1]
    support.raises(function() F.max_pool3d(lacuna.SparseTensor(x.feats, rows), 2) end, "rows 0")
  end)

  it("are modules", function()
    local x = lacuna.SparseTensor(features(50, 4), support.voxels(50, 0, 6, 1, 2))
    local layer = nn.MaxPool3d(3, { stride = 2, padding = 1 })
    support.same(layer(x).feats, F.max_pool3d(x, 3, { stride = 2, padding = 1 }).feats)
    support.same(nn.AvgPool3d(2)(x).feats, F.avg_pool3d(x, 2).feats)
    assert.equal("MaxPool3d(3x3x3, stride 2, padding 1)", tostring(layer):match("^%S+%(.-%)"))
    assert.equal("AvgPool3d(2x2x2)", tostring(nn.AvgPool3d(2)):match("^%S+%(.-%)"))
    support.raises(function() nn.MaxPool3d() end, "MaxPool3d", "kernel_size")
    support.raises(function() nn.MaxPool3d(2, { pad = 1 }) end, "MaxPool3d", "unknown option")
  end)
end)

describe("global pooling", function()
  local rows = { { 2, 0, 0, 0 }, { 0, 1, 0, 0 }, { 2, 5, 0, 0 }, { 0, 0, 0, -4 } }
  local feats = { { -1, 8 }, { 1, 2 }, { -3, 4 }, { 2, 6 } }

  it("reduces the rows of each sample, and gives 0 for one without rows", function()
    local x = lacuna.SparseTensor(feats, rows)
    assert.are.same({ { 2, 6 }, { 0, 0 }, { -1, 8 } }, F.global_max_pool(x):totable())
    assert.are.same({ { 1.5, 4 }, { 0, 0 }, { -2, 6 } }, F.global_avg_pool(x):totable())
    assert.are.same({ { 1.5, 4 }, { 0, 0 }, { -2, 6 } }, nn.GlobalAvgPool()(x):totable())
    assert.are.same({ { 2, 6 }, { 0, 0 }, { -1, 8 } }, nn.GlobalMaxPool()(x):totable())
  end)

  it("takes the number of samples from batch_size, then from the range", function()
    assert.equal(5, F.global_max_pool(lacuna.SparseTensor {
      feats = feats, coords = rows, batch_size = 5, spatial_range = { 4, 9, 9, 9 },
    }):size(1))
    assert.equal(4, F.global_max_pool(lacuna.SparseTensor(feats, rows, 1,
      { 4, 9, 9, 9 })):size(1))
    support.raises(function()
      F.global_avg_pool(lacuna.SparseTensor { feats = feats, coords = rows, batch_size = 2 })
    end, "global_avg_pool: row 0 is of sample 2, expected 0 to 1")
    rows[1][1] = -1
    support.raises(function() F.global_max_pool(lacuna.SparseTensor(feats, rows)) end, "sample -1")
    rows[1][1] = 2
  end)

  it("takes no rows, a Tensor and a PointTensor", function()
    assert.are.same({ 0, 2 }, F.global_avg_pool(lacuna.SparseTensor(lacuna.zeros(0, 2),
      {})):size())
    assert.are.same({ { 0, 0 } }, F.global_max_pool(lacuna.zeros(0, 2)):totable())
    local t = lacuna.tensor(feats)
    assert.are.same({ { -0.25, 5 } }, F.global_avg_pool(t):totable())
    local p = lacuna.PointTensor(t, lacuna.tensor { { 1, 0, 0, 0.5 }, { 0, 0, 0, 0 },
      { 1, 2, 0, 0 }, { 1, 0, 0, 0 } })
    assert.are.same({ { 1, 2 }, { 2, 8 } }, F.global_max_pool(p):totable())
  end)

  it("keeps NaN and infinity", function()
    local nan = 0 / 0
    local y = F.global_max_pool(lacuna.tensor { { nan, -math.huge }, { 1, -math.huge } }):totable()
    assert.is_true(y[1][1] ~= y[1][1])
    assert.equal(-math.huge, y[1][2])
  end)

  it("sums in float64, the same for any number of threads and any batch", function()
    local n, threads = 20000, lacuna.get_num_threads()
    local big = lacuna.full({ n, 40 }, 0.1)
    big[1] = 1e8
    local want = (1e8 + (n - 1) * lacuna.tensor({ 0.1 }):item()) / n
    local index, other = lacuna.zeros(n, 4), features(n, 40)
    index:narrow(2, 1, 1):fill_(1)
    local p = lacuna.PointTensor(lacuna.cat({ other, big }, 1),
      lacuna.cat({ lacuna.zeros(n, 4), index }, 1))
    for _, count in ipairs { 1, 3 } do
      lacuna.set_num_threads(count)
      local y = F.global_avg_pool(p)
      support.close(y[2], lacuna.full({ 40 }, want), 1e-3, "mean")
      support.same(y[1], F.global_avg_pool(other)[1])
    end
    lacuna.set_num_threads(threads)
  end)

  it("takes halves, and refuses what is no feature", function()
    local x = lacuna.SparseTensor(lacuna.tensor(feats):half(), rows)
    assert.equal("float16", F.global_avg_pool(x):dtype())
    assert.are.same({ { 2, 6 }, { 0, 0 }, { -1, 8 } }, F.global_max_pool(x):float():totable())
    support.raises(function() F.global_max_pool(lacuna.zeros(3)) end, "global_max_pool", "[N, C]")
    support.raises(function() F.global_max_pool(lacuna.zeros(3, 2):long()) end, "int64")
    support.raises(function() F.global_max_pool("x") end, "global_max_pool", "expected a Tensor")
  end)
end)
