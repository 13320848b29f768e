-- spconv_network.lua: the network of SpConv's own benchmark, so that its published times compare.
--
-- Seven levels of two submanifold layers, 64 to 256 channels, with 2x2x2 max pooling between them,
-- without biases and norms; on voxels of 0.1 m within 80 m.

local lacuna = require "lacuna"
local nn = lacuna.nn

local CHANNELS = { 64, 96, 128, 160, 192, 224, 256 }

local SpconvNetwork = nn.class("SpconvNetwork", nn.Module)

function SpconvNetwork:__init()
  self.net = nn.Sequential()
  local cin = 3
  for level, cout in ipairs(CHANNELS) do
    if level > 1 then self.net:add(nn.MaxPool3d(2, { stride = 2 })) end
    self.net:add(nn.Conv3d(cin, cout, 3))
    self.net:add(nn.Conv3d(cout, cout, 3))
    cin = cout
  end
  self.input = {
    columns = { "x", "y", "z" }, voxel_size = { 0.1, 0.1, 0.1 }, order = "zyx",
    range = { -80, -80, -2, 80, 80, 6 }, max_points = 3, max_voxels = 1000000,
  }
end

function SpconvNetwork:forward(x)
  return self.net(x)
end

return SpconvNetwork
