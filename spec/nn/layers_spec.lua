local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn, F = lacuna.nn, lacuna.nn.functional

local function padding_of(...)
  return nn.Conv3d(1, 1, ...).padding
end

describe("nn.Conv3d", function()
  it("chooses the padding of odd kernels with stride 1", function()
    assert.are.same({ 1, 1, 1 }, padding_of(3))
    assert.are.same({ 1, 1, 1 }, padding_of(3, { padding = 0 }))
    assert.are.same({ 2, 2, 2 }, padding_of(3, { dilation = 2, padding = 5 }))
    assert.are.same({ 0, 0, 0 }, padding_of(3, { stride = 2 }))
    assert.are.same({ 1, 1, 1 }, padding_of(3, { stride = 2, padding = 1 }))
    assert.are.same({ 0, 0, 0 }, padding_of(2))
    assert.are.same({ 1, 0, 2 }, padding_of({ 3, 2, 5 },
      { stride = { 1, 1, 1 }, padding = { 0, 0, 2 } }))
    assert.are.same({ 7, 1, 7 }, padding_of(3, { stride = { 2, 1, 2 }, padding = 7 }))
  end)

  it("has a kernel for every tap, and two dimensions for one tap with stride 1", function()
    assert.are.same({ 27, 4, 8 }, nn.Conv3d(4, 8, 3).kernel:size())
    assert.are.same({ 8, 4, 8 }, nn.Conv3d(4, 8, 2,
      { stride = 2, transposed = true }).kernel:size())
    assert.are.same({ 4, 8 }, nn.Conv3d(4, 8, 1).kernel:size())
    assert.are.same({ 1, 4, 8 }, nn.Conv3d(4, 8, 1, { stride = 2 }).kernel:size())
    assert.is_nil(nn.Conv3d(4, 8, 1).bias)
    assert.are.same({ 8 }, nn.Conv3d(4, 8, 1, { bias = true }).bias:size())
  end)

  it("takes everything in one table", function()
    local c = nn.Conv3d { in_channels = 4, out_channels = 8, kernel_size = { 3, 1, 1 }, stride = 2 }
    assert.are.same({ 3, 4, 8 }, c.kernel:size())
    assert.are.same({ 2, 2, 2 }, c.stride)
    assert.are.same({ 3, 3, 3 }, nn.Conv3d(1, 1).kernel_size)
  end)

  it("starts with uniform values on +-1/sqrt(C K)", function()
    local bound = 1 / math.sqrt(16 * 27)
    local c = nn.Conv3d(16, 32, 3, { bias = true })
    local top = c.kernel:abs():max():item()
    assert.is_true(top <= bound and top > 0.98 * bound)
    assert.is_true(math.abs(c.kernel:mean():item()) < bound / 50)
    local t = nn.Conv3d(16, 64, 2, { stride = 2, transposed = true })
    top = t.kernel:abs():max():item()
    bound = 1 / math.sqrt(64 * 8)
    assert.is_true(top <= bound and top > 0.98 * bound)
  end)

  it("is made the same from the same seed", function()
    lacuna.manual_seed(5)
    local a = nn.Conv3d(3, 4, 3)
    lacuna.manual_seed(5)
    local b = nn.Conv3d(3, 4, 3)
    support.same(a.kernel, b.kernel)
  end)

  it("prints what is not default #host", function()
    assert.equal("Conv3d(4 -> 32, 3x3x3)  3,456 params, float32, cpu",
      tostring(nn.Conv3d(4, 32, 3)))
    local function head(...) return tostring(nn.Conv3d(...)):match("^(.-)  ") end
    assert.equal("Conv3d(4 -> 8, 2x2x2, stride 2)", head(4, 8, 2, { stride = 2 }))
    assert.equal("Conv3d(4 -> 8, 3x3x3, stride 2, padding 1)",
      head(4, 8, 3, { stride = 2, padding = 1 }))
    assert.equal("Conv3d(4 -> 8, 3x1x1, stride 2x1x1, dilation 2, bias)",
      head(4, 8, { 3, 1, 1 }, { stride = { 2, 1, 1 }, dilation = 2, bias = true }))
    assert.equal("Conv3d(4 -> 8, 2x2x2, stride 2, transposed)",
      head(4, 8, 2, { stride = 2, transposed = true }))
  end)

  it("refuses options that make no sense", function()
    support.raises(function() nn.Conv3d(4, 8, 3, { stirde = 2 }) end, "Conv3d",
      "did you mean 'stride'?")
    support.raises(function() nn.Conv3d(4, 8, 3, 2) end, "Conv3d", "expected a table")
    support.raises(function() nn.Conv3d(4, 8, 3, { stride = 0 }) end, "stride is 0")
    support.raises(function() nn.Conv3d(4, 8, { 3, 3 }) end, "kernel_size")
    support.raises(function() nn.Conv3d(0, 8, 3) end, "in_channels")
    support.raises(function() nn.Conv3d(4, 8, 3, { generative = true }) end, "generative")
    support.raises(function() nn.Conv3d(4, 8, 3, { config = { dataflow = "fast" } }) end,
      "dataflow", "ImplicitGEMM")
  end)

  it("names its path and both numbers when the channels do not fit", function()
    local net = nn.Sequential(nn.Conv3d(4, 8, 3), nn.Conv3d(16, 8, 3))
    local x = lacuna.SparseTensor(lacuna.ones(1, 4), { { 0, 0, 0, 0 } })
    local message = support.raises(function()
      local y = net(x)
      return y
    end, "conv3d", "8", "16")
    assert.truthy(message:find("layers_spec%.lua:%d+: 1: conv3d"), message)
  end)
end)

describe("pointwise layers and norms", function()
  local coords = { { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 2, 0 } }
  local feats = lacuna.tensor { { -1, 2 }, { 0, -3 }, { 0.5, 1 } }

  it("return the kind that they are given", function()
    local kinds = {
      Tensor = feats, SparseTensor = lacuna.SparseTensor(feats, coords),
      PointTensor = lacuna.PointTensor(feats, lacuna.rand(3, 4)),
    }
    local layers = { nn.ReLU(), nn.LeakyReLU(), nn.SiLU(), nn.BatchNorm(2), nn.Linear(2, 5),
      nn.Dropout(0.5):train(), nn.Identity() }
    for kind, value in pairs(kinds) do
      for _, layer in ipairs(layers) do
        assert.equal(kind, lacuna.type(layer(value)))
      end
      assert.equal(kind, lacuna.type(F.softmax(value)))
    end
    support.raises(function() return nn.ReLU()(3) end, "relu")
  end)

  it("compute what they should", function()
    assert.are.same({ { 0, 2 }, { 0, 0 }, { 0.5, 1 } }, F.relu(feats):totable())
    support.close(F.leaky_relu(feats), lacuna.tensor { { -0.01, 2 }, { 0, -0.03 }, { 0.5, 1 } },
      1e-7)
    support.close(F.leaky_relu(feats, 0.5), lacuna.tensor { { -0.5, 2 }, { 0, -1.5 }, { 0.5, 1 } },
      0)
    local silu = F.silu(feats):totable()
    assert.is_true(math.abs(silu[1][2] - 2 / (1 + math.exp(-2))) < 1e-6)
    local y = F.linear(feats, lacuna.tensor { { 1, 10 }, { 2, 0 }, { 0, 1 } },
      lacuna.tensor { 1, 0, 0 })
    assert.are.same({ { 20, -2, 2 }, { -29, 0, -3 }, { 11.5, 1, 1 } }, y:totable())
  end)

  it("batch norm uses running statistics in evaluation, the rows' in training", function()
    local bn = nn.BatchNorm(2, { eps = 0 })
    bn.running_mean:copy_(lacuna.tensor { 1, -1 })
    bn.running_var:copy_(lacuna.tensor { 4, 0.25 })
    bn.weight:copy_(lacuna.tensor { 2, 1 })
    bn.bias:copy_(lacuna.tensor { 0.5, 0 })
    assert.are.same({ { -1.5, 6 }, { -0.5, -4 }, { 0, 4 } }, bn(feats):totable())
    assert.equal(0, tonumber(bn.num_batches_tracked:item()))
    local y = bn:train()(feats)
    support.close(y:mean(1), bn.bias, 1e-6)
    assert.equal(1, tonumber(bn.num_batches_tracked:item()))
    -- 0.9 * 1 + 0.1 * mean, 0.9 * 4 + 0.1 * the unbiased variance
    local mean = (-1 + 0 + 0.5) / 3
    local var = ((-1 - mean) ^ 2 + mean ^ 2 + (0.5 - mean) ^ 2) / 2
    assert.is_true(math.abs(bn.running_mean:totable()[1] - (0.9 + 0.1 * mean)) < 1e-6)
    assert.is_true(math.abs(bn.running_var:totable()[1] - (3.6 + 0.1 * var)) < 1e-5)
  end)

  it("keep coordinates, stride and maps", function()
    local x = lacuna.SparseTensor(feats, coords, 2, { 1, 8, 8, 8 })
    local y = nn.ReLU()(x)
    assert.is_true(x.coords == y.coords)
    assert.are.same({ 2, 2, 2 }, y.stride)
    assert.are.same({ 1, 8, 8, 8 }, y.spatial_range)
  end)
end)

describe("blocks", function()
  local function keys(m)
    local list = {}
    for name in m:state_dict() do
      if not name:find("running") and not name:find("num_b") then list[#list + 1] = name end
    end
    return table.concat(list, " ")
  end

  it("have TorchSparse's keys", function()
    assert.equal("0.kernel 1.weight 1.bias", keys(nn.SparseConvBlock(4, 8, 3)))
    assert.equal("0.kernel 1.weight 1.bias",
      keys(nn.SparseConvTransposeBlock(4, 8, 2, { stride = 2 })))
    assert.equal("main.0.kernel main.1.weight main.1.bias main.3.kernel main.4.weight main.4.bias",
      keys(nn.SparseResBlock(8, 8, 3)))
    assert.equal("main.0.kernel main.1.weight main.1.bias main.3.kernel main.4.weight main.4.bias "
      .. "shortcut.0.kernel shortcut.1.weight shortcut.1.bias", keys(nn.SparseResBlock(4, 8, 3)))
  end)

  it("go down and up again", function()
    local rows = support.voxels(50, 0, 6, 1, 2)
    local x = lacuna.SparseTensor(lacuna.rand(50, 4), rows)
    local y = nn.SparseConvBlock(4, 8, 2, { stride = 2 })(nn.SparseResBlock(4, 4, 3)(x))
    local z = nn.SparseConvTransposeBlock(8, 6, 2, { stride = 2 })(y)
    assert.is_true(z.coords == x.coords)
    assert.are.same({ 50, 6 }, z:size())
    assert.are.same({ 50, 7 }, nn.SparseResBlock(6, 7, 3)(z):size())
  end)
end)
