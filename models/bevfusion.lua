-- bevfusion.lua: the LiDAR encoder of BEVFusion, which turns voxels into a bird's-eye view.
--
-- Z. Liu et al.: BEVFusion, ICRA 2023. In the form and with the keys of mmdetection3d's
-- SparseEncoder with block_type "basicblock". The coordinate columns are (b,x,y,z); mmdetection3d's
-- own CenterPoint is this with axis_order = "zyx". Checkpoints of whole detectors have it under the
-- prefix "encoders.lidar.backbone".
--
-- Usage: net = lacuna.models.bevfusion{ dataset = "nuscenes", in_channels = 4 }; g = net.input
-- Usage: grid = { voxel_size = g.voxel_size, range = g.range, order = g.order }
-- Usage: view = net(lacuna.voxelize(points, grid))

local lacuna = require "lacuna"
local errors = require "lacuna.errors"
local nn = lacuna.nn

local norm = { eps = 1e-3, momentum = 0.01 }

-- Convolution without bias, batch norm, activation. Without a stride it keeps its voxels.
local function conv_module(cin, cout, kernel_size, opts)
  return nn.Sequential(
    nn.Conv3d(cin, cout, kernel_size, opts), nn.BatchNorm(cout, norm), nn.ReLU())
end

-- mmdetection's residual block, at a width that stays.
local function basic_block(channels, activation)
  local block = nn.BasicBlock(channels, channels, {
    norm_cfg = { type = "TorchSparseBatchNorm", eps = norm.eps, momentum = norm.momentum },
  })
  block.relu = activation()
  return block
end

local BevFusion = nn.class("BevFusion", nn.BevEncoder)

local activations = { relu = nn.ReLU, swish = nn.SiLU }

function BevFusion:__init(config)
  -- The padding of the last strided layer, which leaves out the height.
  local flat = config and config.axis_order == "zyx" and { 0, 1, 1 } or { 1, 1, 0 }
  config = self:configure("bevfusion", config, {
    dataset = "nuscenes", axis_order = "xyz", base_channels = 16, output_channels = 128,
    encoder_channels = { { 16, 16, 32 }, { 32, 32, 64 }, { 64, 64, 128 }, { 128, 128 } },
    encoder_paddings = { { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, flat }, { 0, 0 } },
    block_type = "basicblock", order = { "conv", "norm", "act" }, activation_type = "relu",
  })
  self:check_levels("bevfusion", "basicblock")
  local activation = activations[config.activation_type]
  if not activation then
    errors.raisef("bevfusion: activation_type is '%s', expected 'relu' or 'swish'",
      config.activation_type)
  end

  self.conv_input = conv_module(config.in_channels, config.base_channels, 3)

  local cin, levels = config.base_channels, #config.encoder_channels
  self.encoder_layers = nn.ModuleList()
  for level, channels in ipairs(config.encoder_channels) do
    local stage = nn.Sequential()
    for i, cout in ipairs(channels) do
      if level < levels and i == #channels then -- each level but the last ends by halving
        stage:add(conv_module(cin, cout, 3, {
          stride = 2, padding = config.encoder_paddings[level][i],
        }))
      elseif cout ~= cin then
        errors.raisef("bevfusion: encoder_channels[%d][%d] is %s, expected %d: a residual block "
          .. "keeps its channels", level, i, tostring(cout), cin)
      else
        stage:add(basic_block(cout, activation))
      end
      cin = cout
    end
    self.encoder_layers:add_module("encoder_layer" .. level, stage)
  end

  -- Half the height.
  self.conv_out = conv_module(cin, config.output_channels, self:axes(3, 1), {
    stride = self:axes(2, 1),
  })
  self.to_bev = self:make_bev()
end

function BevFusion:encode(x, named)
  x = named("conv_input", self.conv_input(x))
  for level, stage in ipairs(self.encoder_layers) do
    x = named("encoder_layer" .. level, stage(x))
  end
  return named("conv_out", self.conv_out(x))
end

return BevFusion
