-- Weights of modules are kept in the kernels' layout alone, until somebody reads them.

local lacuna = require "lacuna"
local nn, F = lacuna.nn, lacuna.nn.functional

local function line(n, channels, dtype)
  local rows = {}
  for i = 1, n do rows[i] = { 0, i, 0, 0 } end
  lacuna.manual_seed(3)
  local feats = lacuna.randn { n, channels }:to(dtype)
  return lacuna.SparseTensor(feats, lacuna.tensor(rows, { dtype = "int32" }))
end

local function equal(a, b)
  return a:eq(b):min():item() == 1
end

describe("packed weights", function()
  for _, dtype in ipairs { "float32", "float16", "bfloat16" } do
    it("give the same elements back: " .. dtype, function()
      local x = line(40, 5, dtype)
      for _, layer in ipairs { nn.Conv3d(5, 33, 3), nn.Conv3d(5, 7, 2, { stride = 2 }),
        nn.Conv3d(5, 70, 1) } do
        layer:to(dtype)
        local before = layer.kernel:clone()
        local y = layer(x).feats:clone()
        assert.is_true(equal(layer.kernel, before))
        assert.is_true(equal(layer(x).feats, y))
      end
      local linear = nn.Linear(5, 9):to(dtype)
      local before = linear.weight:clone()
      linear(x).feats:sum():item()
      assert.is_true(equal(linear.weight[{ { 2, 3 }, {} }], before[{ { 2, 3 }, {} }]))
      assert.is_true(equal(linear.weight, before))
    end)
  end

  it("take the place of the loaded ones #host", function()
    local x = line(8, 256, "float32")
    local layer = nn.Conv3d(256, 256, 3)
    local bytes = 27 * 256 * 256 * 4
    collectgarbage() collectgarbage()
    local before = lacuna.memory().live
    layer(x).feats:sum():item()
    collectgarbage() collectgarbage()
    assert.is_true(lacuna.memory().live - before < bytes / 4)
    layer.kernel:sum():item() -- a reader has both
    assert.is_true(lacuna.memory().live - before > bytes / 2)
  end)

  it("follow what is written", function()
    local x = line(20, 4, "float32")
    local a, b = nn.Conv3d(4, 6, 3), nn.Conv3d(4, 6, 3)
    local want = b(x).feats:clone()
    a(x).feats:sum():item()
    a:load_state_dict(b:state_dict())
    assert.is_true(equal(a(x).feats, want))
    a(x).feats:sum():item()
    a.kernel:fill_(0)
    assert.equal(0, a(x).feats:abs():max():item())
  end)

  it("are there for every dataflow", function()
    local x = line(20, 4, "float32")
    local layer = nn.Conv3d(4, 6, 3)
    local want = layer(x).feats:clone()
    for _, dataflow in ipairs { "GatherScatter", "ImplicitGEMM", "FetchOnDemand" } do
      F.conv_config.set_global { dataflow = dataflow }
      local got = layer(x).feats:clone()
      F.conv_config.clear_global()
      assert.is_true((got - want):abs():max():item() < 1e-5)
    end
  end)

  it("are read by views and other operations", function()
    local x = line(20, 4, "float32")
    local layer = nn.Conv3d(4, 6, 3)
    local before, view = layer.kernel:clone(), layer.kernel:select(1, 14)
    layer(x).feats:sum():item()
    assert.is_true(equal(view, before:select(1, 14)))
    assert.is_true(equal(layer.kernel + 1, before + 1))
  end)

  it("leave alone what is no module's #host", function()
    local x = line(20, 64, "float32")
    local weight = lacuna.randn { 27, 64, 64 }
    local pointer = weight:data()
    local first = pointer[0]
    F.conv3d(x, weight, { kernel_size = 3 }).feats:sum():item()
    assert.equal(first, pointer[0])
  end)
end)
