-- centerpoint.lua: SpMiddleResNetFHD, the residual encoder of CenterPoint.
--
-- T. Yin, X. Zhou, P. Krähenbühl: Center-based 3D Object Detection and Tracking, CVPR 2021; keys of
-- its code, where whole detectors have it under the prefix "backbone". The coordinate columns are
-- (b,z,y,x). voxel_res_backbone8x.lua is the same under OpenPCDet's names.
--
-- Usage: net = lacuna.models.centerpoint{ dataset = "kitti" }; g = net.input
-- Usage: grid = { voxel_size = g.voxel_size, range = g.range, order = g.order }
-- Usage: view = net(lacuna.voxelize(points, grid))

local lacuna = require "lacuna"
local nn = lacuna.nn

local norm = { eps = 1e-3, momentum = 0.01 }

-- Two convolutions with bias beside an identity.
local BasicBlock = nn.class("BasicBlock", nn.Module)

function BasicBlock:__init(channels)
  self.conv1 = nn.Conv3d(channels, channels, 3, { bias = true })
  self.bn1 = nn.BatchNorm(channels, norm)
  self.relu = nn.ReLU()
  self.conv2 = nn.Conv3d(channels, channels, 3, { bias = true })
  self.bn2 = nn.BatchNorm(channels, norm)
end

function BasicBlock:forward(x)
  local y = self.relu(self.bn1(self.conv1(x)))
  return self.relu(self.bn2(self.conv2(y)) + x)
end

local CenterPoint = nn.class("CenterPoint", nn.BevEncoder)

function CenterPoint:__init(config)
  config = self:configure("centerpoint", config, { dataset = "nuscenes", axis_order = "zyx" })

  self.conv_input = nn.Sequential(
    nn.Conv3d(config.in_channels, 16, 3), nn.BatchNorm(16, norm), nn.ReLU())
  self.conv1 = nn.Sequential(BasicBlock(16), BasicBlock(16))

  -- Half the resolution, then two residual blocks. The last leaves out the padding in height.
  local function stage(cin, cout, padding)
    return nn.Sequential(
      nn.Conv3d(cin, cout, 3, { stride = 2, padding = padding }),
      nn.BatchNorm(cout, norm),
      nn.ReLU(),
      BasicBlock(cout),
      BasicBlock(cout))
  end
  self.conv2 = stage(16, 32, 1)
  self.conv3 = stage(32, 64, 1)
  self.conv4 = stage(64, 128, self:axes(0, 1))

  -- Half the height.
  self.extra_conv = nn.Sequential(
    nn.Conv3d(128, 128, self:axes(3, 1), { stride = self:axes(2, 1) }),
    nn.BatchNorm(128, norm),
    nn.ReLU())
  self.to_bev = self:make_bev()
end

function CenterPoint:encode(x, named)
  for _, name in ipairs { "conv_input", "conv1", "conv2", "conv3", "conv4", "extra_conv" } do
    x = named(name, self[name](x))
  end
  return x
end

return CenterPoint
