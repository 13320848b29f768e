-- tiny_model.lua: a segmentation model that is small enough to be built for every check.

local lacuna = require "lacuna"
local nn = lacuna.nn

local Tiny = nn.class("Tiny", nn.Module)

function Tiny:__init(config)
  self.config = { num_classes = config.num_classes or 3 }
  self.stem = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU())
  self.head = nn.Linear(8, self.config.num_classes)
  self.input = { columns = { "x", "y", "z", "intensity" }, voxel_size = 0.5 }
  self.classes = {
    { name = "low", colour = { 255, 0, 0 }, label = 40 },
    { name = "middle", colour = { 0, 255, 0 }, label = 50, also = { 250 } },
    { name = "high", colour = { 0, 0, 255 }, label = 70 },
  }
end

function Tiny:forward(x)
  return self.head(self.stem(x).feats)
end

return Tiny
