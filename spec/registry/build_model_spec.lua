-- Models from a configuration alone, under the names and options of the libraries they come from.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn, registry = lacuna.nn, lacuna.registry

local cells = { 25, 32, 40 } -- z, y, x

local function voxels(channels)
  local rows = support.voxels(200, 0, 24, 1, 5)
  return lacuna.SparseTensor(lacuna.randn(200, channels), rows)
end

-- Every parameter and buffer with values of its own.
local function stir(net)
  lacuna.manual_seed(7)
  for name, t in net:state_dict() do
    if not name:find "num_batches" and not name:find "kernel" then
      t:copy_(lacuna.rand(t:size(1)) + 0.5)
    end
  end
  return net
end

local encoder_channels = { { 8 }, { 16, 16, 16 }, { 16, 16, 16 }, { 24, 24, 24 } }
local encoder_paddings = { { 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { { 0, 1, 1 }, 1, 1 } }
local norm_cfg = { type = "BN1d", eps = 1e-2, momentum = 0.02 }

-- mmdetection3d's SparseEncoder, written down with its building blocks.
local function encoder_by_hand(in_channels, output_channels)
  local common = { norm_cfg = norm_cfg, indice_key = "a" }
  local function module(cin, cout, kernel_size, opts)
    for key, value in pairs(common) do opts[key] = value end
    return nn.make_sparse_convmodule(cin, cout, kernel_size, opts)
  end
  local net = nn.Sequential()
  net:add_module("conv_input", module(in_channels, 8, 3, { padding = 1 }))
  local levels, cin = nn.Sequential(), 8
  for level, channels in ipairs(encoder_channels) do
    local stage = nn.Sequential()
    for i, cout in ipairs(channels) do
      local padding = encoder_paddings[level][i]
      stage:add(module(cin, cout, 3, level > 1 and i == 1
        and { stride = 2, padding = padding, conv_type = "SparseConv3d" }
        or { padding = padding }))
      cin = cout
    end
    levels:add_module("encoder_layer" .. level, stage)
  end
  net:add_module("encoder_layers", levels)
  net:add_module("conv_out", module(cin, output_channels, { 3, 1, 1 },
    { stride = { 2, 1, 1 }, padding = 0, conv_type = "SparseConv3d" }))
  return net
end

describe("build_model", function()
  it("makes mmdetection3d's SparseEncoder, equal to the bit to the one made by hand", function()
    local net = stir(lacuna.build_model {
      type = "SparseEncoder", in_channels = 4, sparse_shape = cells,
      order = { "conv", "norm", "act" }, norm_cfg = norm_cfg, base_channels = 8,
      output_channels = 16,
      encoder_channels = encoder_channels, encoder_paddings = encoder_paddings,
      block_type = "conv_module",
    })
    local own = encoder_by_hand(4, 16)
    own:load_state_dict(net:state_dict())
    local x = voxels(4)
    local y = own(lacuna.SparseTensor(x.feats, x.coords, 1, { 1, cells[1], cells[2], cells[3] }))
    local dense = y:dense() -- [B, D, H, W, C]
    local sizes = dense:size()
    local view = dense:permute(1, 5, 2, 3, 4):contiguous()
      :reshape(sizes[1], sizes[5] * sizes[2], sizes[3], sizes[4])
    support.same(net(x), view)
    assert.is_true(view:abs():max():item() > 0)
  end)

  it("takes the norm's options from norm_cfg", function()
    local function eps(cfg)
      return lacuna.build_model {
        type = "SparseEncoder", sparse_shape = cells, norm_cfg = cfg,
      }.conv_input[2].eps
    end
    assert.equal(1e-3, eps(nil))
    assert.equal(1e-3, eps { type = "BN1d", eps = 1e-3, momentum = 0.01 })
    assert.equal(1e-5, eps { type = "TorchSparseBatchNorm" })
    local own = lacuna.models.second { sparse_shape = cells }
    local built = lacuna.build_model { type = "SparseEncoder", sparse_shape = cells }
    assert.equal(own.arch.model, built.arch.model)
    assert.is_nil(lacuna.build_model {
      type = "SparseEncoder", sparse_shape = cells, norm_cfg = norm_cfg,
    }.arch)
    support.raises(function() eps { type = "BN2d" } end, "unknown type 'BN2d'", "BN1d")
    support.raises(function() eps { type = "BN1d", epps = 1 } end, "norm_cfg", "'eps'")
  end)

  it("tells BEVFusion's axis order from the grid", function()
    local function config(block_type, shape, order)
      return lacuna.build_model {
        type = "SparseEncoder", block_type = block_type, sparse_shape = shape, in_channels = 5,
        axis_order = order,
      }.config.axis_order
    end
    assert.equal("zyx", config("basicblock", { 41, 64, 64 }))
    assert.equal("xyz", config("basicblock", { 64, 64, 41 }))
    assert.equal("zyx", config("conv_module", { 41, 64, 48 }))
    assert.equal("xyz", config("conv_module", { 41, 64, 48 }, "xyz"))
  end)

  it("makes every type, with the options of its library", function()
    local cases = {
      { { type = "SparseEncoder", block_type = "basicblock", in_channels = 5,
        sparse_shape = { 64, 64, 41 } }, "bevfusion" },
      { { type = "SpMiddleResNetFHD", num_input_features = 5, ds_factor = 8 }, "centerpoint" },
      { { type = "VoxelBackBone8x", input_channels = 4, grid_size = { 48, 64, 40 } },
        "voxel_backbone8x" },
      { { type = "VoxelResBackBone8x", input_channels = 5, USE_BIAS = false, last_pad = 0 },
        "voxel_res_backbone8x" },
      { { type = "MinkUNet", num_classes = 5, cr = 0.25 }, "minkunet" },
      { { type = "SPVCNN", num_classes = 5, cr = 0.25, pres = 0.05, vres = 0.05 }, "spvcnn" },
      { { type = "SparseResNet21D", in_channels = 3, width_multiplier = 0.5 }, "sparseresnet21d" },
      { { type = "SparseResUNet42", in_channels = 3, width_multiplier = 0.25 }, "sparseresunet42" },
    }
    for _, case in ipairs(cases) do
      local net = lacuna.build_model(case[1])
      assert.equal(case[2], net.arch.model)
      -- The note that save() makes is enough to make the net again.
      local again = lacuna.models[net.arch.model](net.arch.config)
      assert.equal(tostring(again), tostring(net))
    end
    local net = lacuna.build_model(cases[3][1])
    assert.are.same({ 41, 64, 48 }, net.config.sparse_shape)
    assert.equal(4, net.config.in_channels)
    assert.is_nil(lacuna.build_model(cases[4][1]).conv1[1].conv1.bias)
    assert.equal(5, lacuna.build_model(cases[2][1]).config.in_channels)
    assert.are.same({ 48, 64, 40 }, cases[3][1].grid_size) -- the config itself is left alone
  end)

  it("makes SPVNAS from its published net.config", function()
    local file = support.shared("data/spvnas_65GMACs_net.config.json")
    if not file then
      pending("the folder of test data is not there")
      return
    end
    local net = lacuna.build_model { type = "SPVNAS", net_config = file }
    assert.equal(10789879, net:num_parameters())
  end)

  it("gives MinkUNet's logits as the constructor does", function()
    lacuna.manual_seed(4)
    local built = lacuna.build_model { type = "MinkUNet", num_classes = 5, cr = 0.25 }
    lacuna.manual_seed(4)
    local own = lacuna.models.minkunet { num_classes = 5, cr = 0.25 }
    local x = voxels(4)
    support.same(built(x), own(x))
  end)

  it("makes a user's own class", function()
    local Mine = nn.class("Mine", nn.Module)
    function Mine:__init(cfg)
      self.conv = lacuna.build_conv_layer(cfg.conv_cfg, cfg.channels, 8, 3)
    end
    function Mine:forward(x)
      return self.conv(x)
    end
    local taken = registry.MODELS.types
    registry.MODELS.types = setmetatable({}, { __index = taken })
    registry.MODELS:register("Mine", Mine)
    local net = lacuna.build_model {
      type = "Mine", channels = 4, conv_cfg = { type = "SubMConv3d" },
    }
    registry.MODELS.types = taken
    assert.is_true(nn.is(net, Mine))
    assert.are.same({ 200, 8 }, net(voxels(4)):size())
    assert.is_true(nn.is(lacuna.build_model { type = Mine, channels = 4 }, Mine))
  end)

  it("refuses unknown types and options", function()
    local function build(cfg) return function() lacuna.build_model(cfg) end end
    support.raises(build(nil), "build_model", "nil", "expected a table")
    support.raises(build {}, "no type", "SparseEncoder")
    support.raises(build { type = "SparseEncodr" }, "did you mean 'SparseEncoder'?")
    support.raises(build { type = "SparseEncoder", in_channel = 4 }, "'in_channel'",
      "did you mean 'in_channels'?")
    support.raises(build { type = "MinkUNet", num_clases = 4 }, "did you mean 'num_classes'?")
    support.raises(build { type = "SpMiddleResNetFHD", ds_factor = 4 }, "ds_factor is 4",
      "expected 8")
    support.raises(build { type = "VoxelBackBone8x", grid_size = 40 }, "grid_size")
    support.raises(build { type = "VoxelBackBone8x", input_channels = 4, in_channels = 4 },
      "'input_channels' and 'in_channels'")
  end)
end)
