local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn, registry = lacuna.nn, lacuna.registry

local function input(channels, count)
  local rows = support.voxels(count or 60, 0, 7, 1, 3)
  return lacuna.SparseTensor(lacuna.rand(#rows, channels), rows)
end

describe("a registry", function()
  it("knows the types of its origin", function()
    assert.are.same({ "SparseConv3d", "SparseConvTranspose3d", "SparseInverseConv3d", "SubMConv3d",
      "TorchSparseConv3d" }, registry.CONV_LAYERS:names())
    assert.are.same({ "BN1d", "TorchSparseBatchNorm" }, registry.NORM_LAYERS:names())
    assert.are.same({ "MinkUNet", "SPVCNN", "SPVNAS", "SpMiddleResNetFHD", "SparseEncoder",
      "SparseResNet21D", "SparseResUNet42", "VoxelBackBone8x", "VoxelResBackBone8x" },
      registry.MODELS:names())
    assert.equal(nn.Conv3d, registry.CONV_LAYERS:get("TorchSparseConv3d"))
    assert.equal(nn.SubMConv3d, registry.CONV_LAYERS:get("SubMConv3d"))
    assert.equal(nn.BatchNorm, registry.NORM_LAYERS:get("BN1d"))
    assert.equal("NORM_LAYERS: BN1d, TorchSparseBatchNorm", tostring(registry.NORM_LAYERS))
  end)

  it("suggests the nearest name", function()
    support.raises(function() registry.CONV_LAYERS:get("SubmConv3d") end, "CONV_LAYERS",
      "unknown type 'SubmConv3d'", "did you mean 'SubMConv3d'?")
    support.raises(function() registry.NORM_LAYERS:get("LayerNorm2d") end, "NORM_LAYERS",
      "expected one of: BN1d, TorchSparseBatchNorm")
    support.raises(function() registry.MODELS:get(3) end, "MODELS", "expected a string")
  end)

  it("takes classes and functions, and replaces only when told to", function()
    local Scaled = nn.class("Scaled", nn.Conv3d)
    local lists = { registry.CONV_LAYERS, registry.NORM_LAYERS, registry.MODELS }
    for _, list in ipairs(lists) do
      local taken = list.types -- a spec leaves the lists as they were
      list.types = setmetatable({}, { __index = taken })
      assert.equal(Scaled, list:register("Scaled", Scaled))
      assert.equal(Scaled, list:get("Scaled"))
      support.raises(function() list:register("Scaled", nn.ReLU) end, list.title .. ":register",
        "Scaled", "force = true")
      list:register("Scaled", nn.ReLU, { force = true })
      assert.equal(nn.ReLU, list:get("Scaled"))
      list:register("Made", function() return nn.Identity() end)
      support.raises(function() list:register("Bad", "nn.ReLU") end, "'Bad' is a string", "a class")
      support.raises(function() list:register(nn.ReLU, nn.ReLU) end, "the name is a table")
      support.raises(function() list:register("Bad", nn.ReLU, { froce = true }) end, "force")
      list.types = taken
    end
  end)
end)

describe("build_conv_layer", function()
  it("equals the layer made by hand, to the bit", function()
    local x = input(4)
    local cases = {
      { { type = "TorchSparseConv3d" }, nn.Conv3d, 3, { stride = 2, padding = 1 } },
      { { type = "TorchSparseConv3d", dilation = 2 }, nn.Conv3d, 3, {}, { dilation = 2 } },
      { { type = "TorchSparseConv3d", indice_key = "a" }, nn.Conv3d, 3, { bias = true } },
      { { type = "SubMConv3d", indice_key = "a" }, nn.SubMConv3d, 3, { padding = 1 } },
      { { type = "SparseConv3d" }, nn.SparseConv3d, 3, { stride = 2, padding = 1, bias = false } },
      { { type = "SparseConvTranspose3d" }, nn.SparseConvTranspose3d, 2, { stride = 2 } },
      { { type = nn.SparseConv3d }, nn.SparseConv3d, 2, { stride = 2 } },
      { nil, nn.Conv3d, 3, {} },
    }
    for i, case in ipairs(cases) do
      local what = "case " .. i
      local options = {}
      for key, value in pairs(case[4]) do options[key] = value end
      for key, value in pairs(case[5] or {}) do options[key] = value end
      lacuna.manual_seed(i)
      local built = lacuna.build_conv_layer(case[1], 4, 6, case[3], case[4])
      lacuna.manual_seed(i)
      local own = case[2](4, 6, case[3], options)
      assert.is_true(nn.is(built, case[2]), what)
      assert.equal(tostring(own), tostring(built), what)
      -- A transposed layer wants rows with room below them.
      local y = nn.is(own, nn.SparseConvTranspose3d)
        and lacuna.SparseTensor(x.feats, x.coords, 2) or x
      support.same(built(y).feats, own(y).feats, what)
    end
  end)

  it("keeps each origin's defaults", function()
    local function layer(name, k, opts)
      return lacuna.build_conv_layer({ type = name }, 4, 8, k, opts)
    end
    assert.is_nil(layer("TorchSparseConv3d", 3).bias)
    assert.are.same({ 8 }, layer("SubMConv3d", 3).bias:size())
    assert.are.same({ 8 }, layer("SparseConv3d", 3, { stride = 2 }).bias:size())
    assert.are.same({ 8 }, layer("SparseInverseConv3d", 3).bias:size())
    assert.are.same({ 8 }, layer("SparseConvTranspose3d", 3).bias:size())
    assert.is_nil(layer("SubMConv3d", 3, { bias = false }).bias)
  end)

  it("gives the same result for SparseConv3d and TorchSparseConv3d", function()
    local x = input(4, 120)
    local cases = {
      { 3, { stride = 2, padding = 1 } }, { 3, { stride = 2 } }, { 2, { stride = 2 } },
      { { 3, 1, 1 }, { stride = { 2, 1, 1 } } }, { 1, {} }, { 1, { stride = 2 } },
      { 3, { stride = 2, padding = { 0, 1, 1 } } }, { 3, { stride = 3, dilation = 2 } },
      { { 2, 3, 3 }, { stride = { 2, 1, 1 }, padding = { 0, 1, 1 } } },
      { 5, { stride = { 2, 2, 1 }, padding = 2 } },
    }
    for i, case in ipairs(cases) do
      for _, bias in ipairs { true, false } do
        local opts = { bias = bias }
        for key, value in pairs(case[2]) do opts[key] = value end
        lacuna.manual_seed(i)
        local a = lacuna.build_conv_layer({ type = "SparseConv3d" }, 4, 8, case[1], opts)(x)
        lacuna.manual_seed(i)
        local b = lacuna.build_conv_layer({ type = "TorchSparseConv3d" }, 4, 8, case[1], opts)(x)
        support.same(a.coords:tensor(), b.coords:tensor(), "rows of case " .. i)
        support.same(a.feats, b.feats, "case " .. i)
        assert.are.same(a.stride, b.stride)
      end
    end
  end)

  it("builds a user's class", function()
    local Twice = nn.class("Twice", nn.Module)
    function Twice:__init(cin, cout, kernel_size, opts)
      self.conv = nn.Conv3d(cin, cout, kernel_size)
      self.gain = opts.gain
    end
    function Twice:forward(x)
      local y = self.conv(x)
      return y:replace_feature(y.feats * self.gain)
    end
    local taken = registry.CONV_LAYERS.types
    registry.CONV_LAYERS.types = setmetatable({}, { __index = taken })
    registry.CONV_LAYERS:register("Twice", Twice)
    registry.CONV_LAYERS:register("Nothing", function() return 3 end)
    local layer = lacuna.build_conv_layer({ type = "Twice", gain = 2 }, 4, 8, 3)
    local x = input(4)
    support.same(layer(x).feats, layer.conv(x).feats * 2)
    support.raises(function() lacuna.build_conv_layer({ type = "Nothing" }, 4, 8, 3) end,
      "type 'Nothing' made a number", "expected a module")
    registry.CONV_LAYERS.types = taken
  end)

  it("leaves the tables that it is given alone", function()
    local cfg, opts = { type = "SubMConv3d", indice_key = "a" }, { bias = false }
    lacuna.build_conv_layer(cfg, 4, 8, 3, opts)
    assert.are.same({ type = "SubMConv3d", indice_key = "a" }, cfg)
    assert.are.same({ bias = false }, opts)
  end)

  it("refuses configs that make no sense", function()
    local function build(cfg, opts)
      return function() lacuna.build_conv_layer(cfg, 4, 8, 3, opts) end
    end
    support.raises(build { typ = "SubMConv3d" }, "build_conv_layer", "no type", "SubMConv3d")
    support.raises(build { type = "SubMConv3" }, "'SubMConv3'", "did you mean 'SubMConv3d'?")
    support.raises(build "SubMConv3d", "the config is a string", "expected a table")
    support.raises(build(nn.Conv3d(1, 1)), "the config is a Conv3d", "expected a table")
    support.raises(build { type = "SubMConv3d", strid = 1 }, "SubMConv3d",
      "did you mean 'stride'?")
    support.raises(build { type = "SubMConv3d", groups = 2 }, "groups is 2", "expected 1")
    support.raises(build({ type = "SubMConv3d", stride = 1 }, { stride = 1 }), "'stride'", "once")
    support.raises(build({ type = "SubMConv3d" }, 2), "options are a number")
    support.raises(build { type = "SparseConv3d", stride = 1 }, "every stride is 1", "SubMConv3d")
  end)
end)

describe("build_norm_layer", function()
  it("gives the layer, and with a postfix its name", function()
    local layer = lacuna.build_norm_layer(
      { type = "BN1d", eps = 1e-3, momentum = 0.01, requires_grad = true }, 8)
    assert.is_true(nn.is(layer, nn.BatchNorm))
    assert.equal(1e-3, layer.eps)
    assert.equal(0.01, layer.momentum)
    local name, other = lacuna.build_norm_layer({ type = "TorchSparseBatchNorm" }, 8, 2)
    assert.equal("bn2", name)
    assert.equal(1e-5, other.eps)
    assert.are.same({ 8 }, other.weight:size())
    assert.equal("bn_a", (lacuna.build_norm_layer(nil, 8, "_a")))
  end)

  it("names a user's class by what it is", function()
    local names = {}
    for _, name in ipairs { "MyBatchNorm", "GroupThing", "InstanceNorm1d", "LayerNorm", "Other" } do
      names[#names + 1] = lacuna.build_norm_layer({ type = nn.class(name, nn.Module) }, 8, 1)
    end
    names[#names + 1] = lacuna.build_norm_layer({ type = nn.class("Mine", nn.BatchNorm) }, 8, 1)
    local Own = nn.class("Own", nn.BatchNorm)
    Own._abbr_ = "own"
    names[#names + 1] = lacuna.build_norm_layer({ type = Own }, 8, 1)
    assert.equal("bn1 gn1 in1 ln1 norm_layer1 bn1 own1", table.concat(names, " "))
  end)

  it("refuses what it does not know", function()
    support.raises(function() lacuna.build_norm_layer({ type = "BN2" }, 8) end, "BN1d")
    support.raises(function() lacuna.build_norm_layer({ type = "BN1d", epss = 1 }, 8) end, "'eps'")
    support.raises(function() lacuna.build_norm_layer({ type = "BN1d" }) end, "channels is nil")
    support.raises(function() lacuna.build_norm_layer({ type = "BN1d" }, 8, {}) end, "postfix")
  end)
end)
