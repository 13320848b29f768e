-- Group and instance normalisation against the same thing written with loops.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

-- (x - mean) / sqrt(var + eps) * weight + bias for every sample and group.
local function normalise(feats, index, groups, eps, weight, bias)
  local channels, out, of = #feats[1], {}, {}
  for i = 1, #feats do
    out[i] = {}
    of[index[i]] = of[index[i]] or {}
    table.insert(of[index[i]], i)
  end
  local width = channels / groups
  for _, rows in pairs(of) do
    for g = 0, groups - 1 do
      local sum, squares, n = 0, 0, #rows * width
      for _, i in ipairs(rows) do
        for c = g * width + 1, (g + 1) * width do sum = sum + feats[i][c] end
      end
      local mean = sum / n
      for _, i in ipairs(rows) do
        for c = g * width + 1, (g + 1) * width do
          squares = squares + (feats[i][c] - mean) ^ 2
        end
      end
      for _, i in ipairs(rows) do
        for c = g * width + 1, (g + 1) * width do
          local y = (feats[i][c] - mean) / math.sqrt(squares / n + eps)
          out[i][c] = y * (weight and weight[c] or 1) + (bias and bias[c] or 0)
        end
      end
    end
  end
  return lacuna.tensor(out)
end

local function column(rows)
  local index = {}
  for i, row in ipairs(rows) do index[i] = row[1] end
  return index
end

local function case(count, channels, batch)
  lacuna.manual_seed(3)
  local rows = support.voxels(count, -9, 9, batch, 4)
  return lacuna.SparseTensor(lacuna.randn(count, channels) * 3 + 1, rows), column(rows)
end

describe("group_norm and instance_norm", function()
  it("agree with loops over samples and groups", function()
    local x, index = case(200, 12, 3)
    local weight, bias = lacuna.rand(12), lacuna.randn(12)
    local feats = x.feats:totable()
    for _, groups in ipairs { 1, 2, 4, 12 } do
      local want = normalise(feats, index, groups, 1e-5, weight:totable(), bias:totable())
      local y = F.group_norm(x, groups, { weight = weight, bias = bias })
      support.close(y.feats, want, 1e-5, groups .. " groups")
      assert.is_true(y.coords == x.coords)
    end
    support.close(F.instance_norm(x).feats, normalise(feats, index, 12, 1e-5), 1e-5)
    support.close(F.instance_norm(x, { weight = weight, eps = 0.5 }).feats,
      normalise(feats, index, 12, 0.5, weight:totable()), 1e-5)
    support.same(F.instance_norm(x, { weight = weight }).feats,
      F.group_norm(x, 12, { weight = weight }).feats)
  end)

  it("take samples with any numbers, also far apart", function()
    local numbers = { -2 ^ 31, 2 ^ 31 - 1, 7 }
    local x, index = case(40, 4, 3)
    local rows = x.coords:tensor():totable()
    for i = 1, #rows do rows[i][1] = numbers[index[i] + 1] end
    support.same(F.group_norm(lacuna.SparseTensor(x.feats, rows), 2).feats,
      F.group_norm(x, 2).feats)
    for i = 1, #rows do rows[i][1] = index[i] - 2 end
    support.same(F.instance_norm(lacuna.SparseTensor(x.feats, rows)).feats,
      F.instance_norm(x).feats)
  end)

  it("take a PointTensor by its batch column, and a Tensor as one sample", function()
    local x, index = case(60, 6, 2)
    local p = lacuna.PointTensor(x.feats, x.coords:tensor():float())
    local y = F.group_norm(p, 3)
    assert.equal("PointTensor", lacuna.type(y))
    support.same(y.feats, F.group_norm(x, 3).feats)
    for i = 1, #index do index[i] = 0 end
    local t = F.instance_norm(x.feats)
    assert.equal("Tensor", lacuna.type(t))
    support.close(t, normalise(x.feats:totable(), index, 6, 1e-5), 1e-5)
  end)

  it("make 0 of a sample with one row, and take no rows", function()
    local x = lacuna.SparseTensor({ { 5, -3 }, { 1, 2 }, { 3, 4 } },
      { { 1, 0, 0, 0 }, { 0, 0, 0, 0 }, { 0, 1, 0, 0 } })
    assert.are.same({ 0, 0 }, F.instance_norm(x).feats[1]:totable())
    assert.are.same({ 0, 4 }, F.group_norm(lacuna.zeros(0, 4), 2):size())
    assert.are.same({ 0, 4 }, F.instance_norm(lacuna.SparseTensor(lacuna.zeros(0, 4), {})):size())
  end)

  it("do not lose a small spread beside a large mean", function()
    local feats = lacuna.tensor { { 4096 }, { 4096.5 }, { 4097 } }
    support.close(F.instance_norm(feats, { eps = 0 }),
      lacuna.tensor { { -1.5 ^ 0.5 }, { 0 }, { 1.5 ^ 0.5 } }, 1e-6)
  end)

  it("take float16 and bfloat16", function()
    local x = case(50, 8, 2)
    for dtype, unit in pairs { float16 = 2e-3, bfloat16 = 2e-2 } do
      local half = x:to(dtype)
      local y = F.group_norm(half, 2)
      assert.equal(dtype, y:dtype())
      support.close(y.feats:float(), F.group_norm(half:float(), 2).feats, 4 * unit, dtype)
    end
  end)

  it("give the same bits for any number of threads and whatever else is in the batch", function()
    local a, b = case(3000, 40, 1), lacuna.SparseTensor(lacuna.randn(2000, 40),
      support.voxels(2000, 0, 30, 1, 8))
    local both, threads = lacuna.sparse_collate { b, a }, lacuna.get_num_threads()
    local want = F.group_norm(a, 4).feats
    for _, n in ipairs { 1, 3 } do
      lacuna.set_num_threads(n)
      support.same(F.group_norm(both, 4):sample(1).feats, want, n .. " threads")
    end
    lacuna.set_num_threads(threads)
  end)

  it("say what is wrong", function()
    local x = case(9, 4, 1)
    support.raises(function() F.group_norm(x, 3) end, "group_norm: 3 groups of 4 channels")
    support.raises(function() F.group_norm(x) end, "group_norm: groups is nil")
    support.raises(function() F.group_norm(x, 2, { weigth = 1 }) end, "did you mean 'weight'?")
    support.raises(function() F.group_norm(x, 2, { weight = lacuna.ones(3) }) end,
      "group_norm: weight of shape [3]")
    support.raises(function() F.instance_norm(x, { bias = lacuna.ones(4, 1) }) end,
      "instance_norm: bias of shape [4, 1]")
    support.raises(function() F.instance_norm(x, { eps = -1 }) end, "eps -1")
    support.raises(function() F.instance_norm(lacuna.ones(3)) end, "[N, C]")
    support.raises(function() F.instance_norm(7) end, "instance_norm", "expected a Tensor")
  end)
end)

describe("nn.GroupNorm and nn.InstanceNorm", function()
  it("have weight and bias under these names", function()
    local x = case(30, 6, 2)
    local weight, bias = lacuna.rand(6), lacuna.rand(6)
    local layer = nn.GroupNorm(3, 6, { eps = 1e-3 })
    layer:load_state_dict { weight = weight, bias = bias }
    support.same(layer(x).feats,
      F.group_norm(x, 3, { weight = weight, bias = bias, eps = 1e-3 }).feats)
    local affine = nn.InstanceNorm(6, { affine = true })
    affine:load_state_dict { weight = weight, bias = bias }
    support.same(affine(x).feats, F.instance_norm(x, { weight = weight, bias = bias }).feats)
    assert.equal(0, nn.InstanceNorm(6):num_parameters())
    support.same(nn.InstanceNorm(6)(x).feats, F.instance_norm(x).feats)
  end)

  it("print what they are", function()
    assert.equal("GroupNorm(3 groups of 6)", tostring(nn.GroupNorm(3, 6)):match("^%S.-%)"))
    assert.equal("InstanceNorm(6, eps 0.001, affine)",
      tostring(nn.InstanceNorm(6, { eps = 1e-3, affine = true })):match("^%S.-%)"))
  end)

  it("refuse what makes no sense", function()
    support.raises(function() nn.GroupNorm(4, 6) end, "GroupNorm: 4 groups of 6 channels")
    support.raises(function() nn.GroupNorm(4) end, "GroupNorm: channels is nil")
    support.raises(function() nn.GroupNorm(0, 4) end, "GroupNorm: groups is 0")
    support.raises(function() nn.InstanceNorm(0) end, "InstanceNorm: channels is 0")
    support.raises(function() nn.InstanceNorm(4, { affine = 1 }) end, "affine is 1")
    support.raises(function() nn.InstanceNorm(4, { momentum = 1 }) end, "unknown option")
  end)
end)
