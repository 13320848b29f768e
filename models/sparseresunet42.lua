-- sparseresunet42.lua: SparseResUNet42, TorchSparse's U-Net backbone: MinkUNet without its head.
--
-- C. Choy, J. Gwak, S. Savarese: 4D Spatio-Temporal ConvNets, CVPR 2019; keys as in TorchSparse.
--
-- Usage: net = lacuna.models.sparseresunet42{ in_channels = 4, width_multiplier = 0.5 }
-- Usage: levels = net(x)

local lacuna = require "lacuna"
local nn = lacuna.nn

-- Back to the finer voxels, joined by the features of the same level on the way down.
local Decoder = nn.class("Decoder", nn.Module)

function Decoder:__init(cin, skip, cout)
  self.upsample = nn.SparseConvTransposeBlock(cin, cout, 2, { stride = 2 })
  self.fuse = nn.Sequential(
    nn.SparseResBlock(cout + skip, cout, 3),
    nn.SparseResBlock(cout, cout, 3))
end

function Decoder:forward(x, skip)
  return self.fuse(lacuna.cat { self.upsample(x), skip })
end

local SparseResUNet42 = nn.class("SparseResUNet42", nn.Module)

function SparseResUNet42:__init(config)
  self.config = nn.config("sparseresunet42", config, { in_channels = 4, width_multiplier = 1.0 })
  local cin, width = self.config.in_channels, self.config.width_multiplier

  -- Channels of the stem, of the four levels down, and of the four levels up.
  local c = {}
  for i, channels in ipairs { 32, 32, 64, 128, 256, 256, 128, 96, 96 } do
    c[i] = math.floor(width * channels)
  end

  self.stem = nn.Sequential(
    nn.Conv3d(cin, c[1], 3), nn.BatchNorm(c[1]), nn.ReLU(),
    nn.Conv3d(c[1], c[1], 3), nn.BatchNorm(c[1]), nn.ReLU())

  self.encoders = nn.ModuleList()
  for i = 1, 4 do -- half the resolution each
    self.encoders:add(nn.Sequential(
      nn.SparseConvBlock(c[i], c[i], 2, { stride = 2 }),
      nn.SparseResBlock(c[i], c[i + 1], 3),
      nn.SparseResBlock(c[i + 1], c[i + 1], 3)))
  end

  self.decoders = nn.ModuleList()
  for i = 1, 4 do self.decoders:add(Decoder(c[i + 4], c[5 - i], c[i + 5])) end

  self.input = { columns = { "x", "y", "z", "intensity" }, voxel_size = 0.05, origin = "min" }
  self.modes = { downsample_mode = "spconv", allow_negative_coordinates = true }
end

-- The features of all nine levels: the stem, four down, four up.
function SparseResUNet42:forward(x)
  local levels = { self.stem(x) }
  for i = 1, 4 do levels[i + 1] = self.encoders[i](levels[i]) end
  for i = 1, 4 do levels[i + 5] = self.decoders[i](levels[i + 4], levels[5 - i]) end
  return levels
end

return SparseResUNet42
