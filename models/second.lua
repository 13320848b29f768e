-- second.lua: the sparse encoder of SECOND, which turns voxels into a bird's-eye view.
--
-- Y. Yan, Y. Mao, B. Li: SECOND: Sparsely Embedded Convolutional Detection, Sensors 2018. In the
-- form and with the keys of mmdetection3d's SparseEncoder with block_type "conv_module". The
-- coordinate columns are (b,z,y,x), or (b,x,y,z) with axis_order = "xyz".
-- voxel_backbone8x.lua is the same under OpenPCDet's names.
--
-- Usage: net = lacuna.models.second{ dataset = "kitti" }; g = net.input
-- Usage: grid = { voxel_size = g.voxel_size, range = g.range, order = g.order }
-- Usage: view = net(lacuna.voxelize(points, grid))

local lacuna = require "lacuna"
local nn = lacuna.nn

-- Convolution without bias, batch norm, ReLU. Without a stride it keeps its voxels.
local function conv_module(cin, cout, kernel_size, opts)
  return nn.Sequential(
    nn.Conv3d(cin, cout, kernel_size, opts),
    nn.BatchNorm(cout, { eps = 1e-3, momentum = 0.01 }),
    nn.ReLU())
end

local Second = nn.class("Second", nn.BevEncoder)

function Second:__init(config)
  -- The padding of the last strided layer, which leaves out the height.
  local flat = config and config.axis_order == "xyz" and { 1, 1, 0 } or { 0, 1, 1 }
  config = self:configure("second", config, {
    dataset = "kitti", axis_order = "zyx", base_channels = 16, output_channels = 128,
    encoder_channels = { { 16 }, { 32, 32, 32 }, { 64, 64, 64 }, { 64, 64, 64 } },
    encoder_paddings = { { 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { flat, 1, 1 } },
    block_type = "conv_module", order = { "conv", "norm", "act" },
  })
  self:check_levels("second", "conv_module")

  self.conv_input = conv_module(config.in_channels, config.base_channels, 3)

  local cin = config.base_channels
  self.encoder_layers = nn.ModuleList()
  for level, channels in ipairs(config.encoder_channels) do
    local stage = nn.Sequential()
    for i, cout in ipairs(channels) do
      local halve = level > 1 and i == 1 -- the first layer of a level, but not of the first
      stage:add(conv_module(cin, cout, 3, {
        stride = halve and 2 or 1, padding = config.encoder_paddings[level][i],
      }))
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

function Second:encode(x, named)
  x = named("conv_input", self.conv_input(x))
  for level, stage in ipairs(self.encoder_layers) do
    x = named("encoder_layer" .. level, stage(x))
  end
  return named("conv_out", self.conv_out(x))
end

return Second
