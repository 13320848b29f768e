-- voxel_backbone8x.lua: VoxelBackBone8x, the encoder of SECOND under OpenPCDet's names.
--
-- Y. Yan, Y. Mao, B. Li: SECOND: Sparsely Embedded Convolutional Detection, Sensors 2018. Whole
-- detectors have it under the prefix "backbone_3d". The coordinate columns are (b,z,y,x).
--
-- Usage: net = lacuna.models.voxel_backbone8x{ dataset = "kitti" }; g = net.input
-- Usage: grid = { voxel_size = g.voxel_size, range = g.range, order = g.order }
-- Usage: view = net(lacuna.voxelize(points, grid))

local lacuna = require "lacuna"
local nn = lacuna.nn

-- Convolution without bias, batch norm, ReLU. Without a stride it keeps its voxels.
local function block(cin, cout, kernel_size, opts)
  return nn.Sequential(
    nn.Conv3d(cin, cout, kernel_size, opts),
    nn.BatchNorm(cout, { eps = 1e-3, momentum = 0.01 }),
    nn.ReLU())
end

-- Half the resolution, then two layers at that.
local function stage(cin, cout, padding)
  return nn.Sequential(
    block(cin, cout, 3, { stride = 2, padding = padding }),
    block(cout, cout, 3),
    block(cout, cout, 3))
end

local VoxelBackBone8x = nn.class("VoxelBackBone8x", nn.BevEncoder)

function VoxelBackBone8x:__init(config)
  config = self:configure("voxel_backbone8x", config, {
    dataset = "kitti", axis_order = "zyx", last_pad = 0,
  })
  self.conv_input = block(config.in_channels, 16, 3)
  self.conv1 = nn.Sequential(block(16, 16, 3))
  self.conv2 = stage(16, 32, 1)
  self.conv3 = stage(32, 64, 1)
  self.conv4 = stage(64, 64, self:axes(0, 1))
  -- Half the height.
  self.conv_out = block(64, 128, self:axes(3, 1), {
    stride = self:axes(2, 1), padding = self:axes(config.last_pad, 0),
  })
  self.to_bev = self:make_bev()
end

function VoxelBackBone8x:encode(x, named)
  for _, name in ipairs { "conv_input", "conv1", "conv2", "conv3", "conv4", "conv_out" } do
    x = named(name, self[name](x))
  end
  return x
end

return VoxelBackBone8x
