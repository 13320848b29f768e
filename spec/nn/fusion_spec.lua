-- Batch norm, residual and activation run inside of the convolution before them, or by themselves:
-- the results must be equal to the bit.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local function randomise(net)
  for module in net:modules() do
    if nn.is(module, nn.BatchNorm) then
      local c = module.channels
      module.running_mean:copy_(lacuna.randn(c))
      module.running_var:copy_(lacuna.rand(c) + 0.5)
      module.weight:copy_(lacuna.randn(c))
      module.bias:copy_(lacuna.randn(c))
    end
  end
  return net
end

local function eagerly(fn)
  return lacuna.with_modes({ eager = true }, function()
    local y = fn()
    y.feats:force()
    return y
  end)
end

local rows = support.voxels(500, -6, 8, 2, 5)
local function input(channels)
  return lacuna.SparseTensor(lacuna.randn(#rows, channels), rows)
end

describe("fused and unfused results are equal to the bit", function()
  lacuna.manual_seed(3)
  local nets = {
    ["conv, norm, relu"] = nn.Sequential(nn.Conv3d(16, 24, 3), nn.BatchNorm(24), nn.ReLU()),
    ["conv with bias, norm, silu"] =
      nn.Sequential(nn.Conv3d(16, 7, 3, { bias = true }), nn.BatchNorm(7), nn.SiLU()),
    ["strided conv, leaky"] =
      nn.Sequential(nn.Conv3d(16, 40, 2, { stride = 2 }), nn.BatchNorm(40), nn.LeakyReLU(0.1)),
    ["1x1 conv"] = nn.Sequential(nn.Conv3d(16, 33, 1), nn.BatchNorm(33), nn.ReLU()),
    ["linear"] = nn.Sequential(nn.Linear(16, 19), nn.BatchNorm(19), nn.ReLU()),
    ["residual"] = nn.SparseResBlock(16, 16, 3),
    ["residual with a shortcut"] = nn.SparseResBlock(16, 20, 3),
    ["down and up"] = nn.Sequential(nn.SparseConvBlock(16, 12, 2, { stride = 2 }),
      nn.SparseConvTransposeBlock(12, 9, 2, { stride = 2 })),
    ["two norms and two activations"] = nn.Sequential(nn.Conv3d(16, 16, 3), nn.BatchNorm(16),
      nn.ReLU(), nn.BatchNorm(16), nn.SiLU(), nn.BatchNorm(16), nn.LeakyReLU(), nn.BatchNorm(16)),
  }
  for name, net in pairs(nets) do
    it(name, function()
      randomise(net)
      local x = input(16)
      local fused = net(x)
      local eager = eagerly(function() return net(x) end)
      support.same(fused.feats, eager.feats, name)
    end)
  end

  it("when a result in the middle is read as well", function()
    local conv, norm, relu = nn.Conv3d(16, 16, 3), randomise(nn.BatchNorm(16)), nn.ReLU()
    local x = input(16)
    local a = conv(x)
    local b = relu(norm(a))
    local first = a.feats:clone()
    local c = relu(norm(a))
    support.same(b.feats, c.feats)
    support.same(a.feats, first)
  end)

  it("when the input or the weight is written before the result is read", function()
    local conv, x = nn.Conv3d(16, 16, 3), input(16)
    local want = conv(x).feats:clone()
    local pending = conv(x)
    x.feats:zero_()
    support.same(pending.feats, want)
    x = input(16)
    want = conv(x).feats:clone()
    pending = conv(x)
    conv.kernel:zero_()
    support.same(pending.feats, want)
    assert.equal(0, tonumber(conv(x).feats:abs():max():item()))
  end)
end)

describe("a pending result", function()
  it("is computed when it is read", function()
    local y = nn.Conv3d(16, 16, 3)(input(16))
    assert.is_true(y.feats:is_pending())
    assert.are.same({ #rows, 16 }, y:size())
    assert.is_true(y.feats:is_pending())
    assert.is_true(y.feats:sum():item() ~= 0)
    assert.is_false(y.feats:is_pending())
  end)

  it("is none in eager mode", function()
    lacuna.set_eager(true)
    local y = nn.Conv3d(16, 16, 3)(input(16))
    lacuna.set_eager(false)
    assert.is_false(y.feats:is_pending())
  end)
end)
