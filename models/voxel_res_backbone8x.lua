-- voxel_res_backbone8x.lua: VoxelResBackBone8x, CenterPoint's encoder under OpenPCDet's names.
--
-- T. Yin, X. Zhou, P. Krähenbühl: Center-based 3D Object Detection and Tracking, CVPR 2021. Whole
-- detectors have it under the prefix "backbone_3d". The coordinate columns are (b,z,y,x).
--
-- Usage: net = lacuna.models.voxel_res_backbone8x{ dataset = "kitti" }; g = net.input
-- Usage: grid = { voxel_size = g.voxel_size, range = g.range, order = g.order }
-- Usage: view = net(lacuna.voxelize(points, grid))

local lacuna = require "lacuna"
local nn = lacuna.nn

local norm = { eps = 1e-3, momentum = 0.01 }

-- Convolution without bias, batch norm, ReLU. Without a stride it keeps its voxels.
local function block(cin, cout, kernel_size, opts)
  return nn.Sequential(
    nn.Conv3d(cin, cout, kernel_size, opts), nn.BatchNorm(cout, norm), nn.ReLU())
end

-- Two convolutions beside an identity.
local BasicBlock = nn.class("BasicBlock", nn.Module)

function BasicBlock:__init(channels, bias)
  self.conv1 = nn.Conv3d(channels, channels, 3, { bias = bias })
  self.bn1 = nn.BatchNorm(channels, norm)
  self.relu = nn.ReLU()
  self.conv2 = nn.Conv3d(channels, channels, 3, { bias = bias })
  self.bn2 = nn.BatchNorm(channels, norm)
end

function BasicBlock:forward(x)
  local y = self.relu(self.bn1(self.conv1(x)))
  return self.relu(self.bn2(self.conv2(y)) + x)
end

local VoxelResBackBone8x = nn.class("VoxelResBackBone8x", nn.BevEncoder)

function VoxelResBackBone8x:__init(config)
  config = self:configure("voxel_res_backbone8x", config, {
    dataset = "nuscenes", axis_order = "zyx", use_bias = true, last_pad = 0,
  })

  -- Half the resolution, then two residual blocks.
  local function stage(cin, cout, padding)
    return nn.Sequential(
      block(cin, cout, 3, { stride = 2, padding = padding }),
      BasicBlock(cout, config.use_bias),
      BasicBlock(cout, config.use_bias))
  end
  self.conv_input = block(config.in_channels, 16, 3)
  self.conv1 = nn.Sequential(BasicBlock(16, config.use_bias), BasicBlock(16, config.use_bias))
  self.conv2 = stage(16, 32, 1)
  self.conv3 = stage(32, 64, 1)
  self.conv4 = stage(64, 128, self:axes(0, 1))
  -- Half the height.
  self.conv_out = block(128, 128, self:axes(3, 1), {
    stride = self:axes(2, 1), padding = self:axes(config.last_pad, 0),
  })
  self.to_bev = self:make_bev()
end

function VoxelResBackBone8x:encode(x, named)
  for _, name in ipairs { "conv_input", "conv1", "conv2", "conv3", "conv4", "conv_out" } do
    x = named(name, self[name](x))
  end
  return x
end

return VoxelResBackBone8x
