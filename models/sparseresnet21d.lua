-- sparseresnet21d.lua: SparseResNet21D, TorchSparse's backbone for detection.
--
-- Four stages of residual blocks, three of which start by halving the resolution, and one that
-- halves the second axis, along which its coordinates have the height. Keys as in TorchSparse.
--
-- Usage: net = lacuna.models.sparseresnet21d{ in_channels = 4, width_multiplier = 0.5 }
-- Usage: levels = net(x)

local lacuna = require "lacuna"
local nn = lacuna.nn

local SparseResNet21D = nn.class("SparseResNet21D", nn.ModuleList)

-- Blocks, channels, kernel and stride of each stage.
local stages = {
  { 3, 16, 3, 1 },
  { 3, 32, 3, 2 },
  { 3, 64, 3, 2 },
  { 3, 128, 3, 2 },
  { 1, 128, { 1, 3, 1 }, { 1, 2, 1 } },
}

function SparseResNet21D:__init(config)
  self.config = nn.config("sparseresnet21d", config, { in_channels = 4, width_multiplier = 1.0 })
  local cin = self.config.in_channels
  for _, stage in ipairs(stages) do
    local blocks, channels, kernel_size, stride = unpack(stage)
    channels = math.floor(self.config.width_multiplier * channels)
    -- No padding: a strided layer's windows start at its voxels.
    local list = nn.Sequential(nn.SparseConvBlock(cin, channels, kernel_size, { stride = stride }))
    for _ = 2, blocks do list:add(nn.SparseResBlock(channels, channels, kernel_size)) end
    self:add(list)
    cin = channels
  end
  self.input = { columns = { "x", "y", "z", "intensity" }, voxel_size = 0.05, origin = "min" }
end

-- The features of the five stages.
function SparseResNet21D:forward(x)
  local levels = {}
  for i, stage in ipairs(self) do
    x = stage(x)
    levels[i] = x
  end
  return levels
end

return SparseResNet21D
