-- minkunet.lua: MinkUNet, a U-Net of sparse convolutions that labels every voxel of a scan.
--
-- C. Choy, J. Gwak, S. Savarese: 4D Spatio-Temporal ConvNets, CVPR 2019, in the form that SPVNAS
-- trained on SemanticKITTI; its checkpoints fit, name by name.
--
-- This file is also the example to follow for a model of your own. A model file returns a
-- constructor that takes a table of options. Modules are classes: __init makes the layers, forward
-- uses them. Whatever module is assigned to `self` is saved, loaded, converted and printed with it.
--
-- Usage: net = lacuna.models.minkunet{ num_classes = 19, cr = 0.5 }
-- Usage: logits = net(x)

local lacuna = require "lacuna"
local nn = lacuna.nn

-- Convolution, batch norm, ReLU. With `transposed` it goes back to the finer voxels.
local Block = nn.class("Block", nn.Module)

function Block:__init(cin, cout, kernel_size, opts)
  self.net = nn.Sequential(
    nn.Conv3d(cin, cout, kernel_size, opts),
    nn.BatchNorm(cout),
    nn.ReLU())
end

function Block:forward(x)
  return self.net(x)
end

-- Two convolutions beside a shortcut, which changes the number of channels where it has to.
local Residual = nn.class("Residual", nn.Module)

function Residual:__init(cin, cout)
  self.net = nn.Sequential(
    nn.Conv3d(cin, cout, 3),
    nn.BatchNorm(cout),
    nn.ReLU(),
    nn.Conv3d(cout, cout, 3),
    nn.BatchNorm(cout))
  if cin == cout then
    self.downsample = nn.Identity()
  else
    self.downsample = nn.Sequential(nn.Conv3d(cin, cout, 1), nn.BatchNorm(cout))
  end
  self.relu = nn.ReLU()
end

function Residual:forward(x)
  local y = self.net(x) + self.downsample(x)
  return self.relu(y)
end

local MinkUNet = nn.class("MinkUNet", nn.Module)

function MinkUNet:__init(config)
  self.config = nn.config("minkunet", config, { num_classes = 19, cr = 1.0, in_channels = 4 })
  local num_classes, cr = self.config.num_classes, self.config.cr

  -- Channels of the stem, of the four levels down, and of the four levels up.
  local c = {}
  for i, channels in ipairs { 32, 32, 64, 128, 256, 256, 128, 96, 96 } do
    c[i] = math.floor(cr * channels)
  end

  self.stem = nn.Sequential(
    nn.Conv3d(self.config.in_channels, c[1], 3), nn.BatchNorm(c[1]), nn.ReLU(),
    nn.Conv3d(c[1], c[1], 3), nn.BatchNorm(c[1]), nn.ReLU())

  for i = 1, 4 do -- half the resolution each
    self["stage" .. i] = nn.Sequential(
      Block(c[i], c[i], 2, { stride = 2 }),
      Residual(c[i], c[i + 1]),
      Residual(c[i + 1], c[i + 1]))
  end

  for i = 1, 4 do -- and back, joined by the features of the same level on the way down
    local cin, cout, skip = c[i + 4], c[i + 5], c[5 - i]
    self["up" .. i] = nn.ModuleList {
      Block(cin, cout, 2, { stride = 2, transposed = true }),
      nn.Sequential(Residual(cout + skip, cout), Residual(cout, cout)),
    }
  end

  self.classifier = nn.Sequential(nn.Linear(c[9], num_classes))

  -- Part of the checkpoints, and used by SPVCNN alone.
  self.point_transforms = nn.ModuleList()
  for _, pair in ipairs { { c[1], c[5] }, { c[5], c[7] }, { c[7], c[9] } } do
    self.point_transforms:add(
      nn.Sequential(nn.Linear(pair[1], pair[2]), nn.BatchNorm(pair[2]), nn.ReLU()))
  end

  -- What a program needs to know to feed the net and to show its results.
  self.input = {
    columns = { "x", "y", "z", "intensity" }, voxel_size = 0.05, rounding = "round", origin = "min",
  }
  self.modes = { downsample_mode = "spconv", allow_negative_coordinates = true }
  local semantickitti = require "lacuna.semantickitti" -- names, colours, label ids
  if num_classes == #semantickitti then self.classes = semantickitti end
end

-- Logits [voxels, classes], a row for each row of `x`. `keep`, where given, collects the features
-- of every level by name; without it each is let go as soon as nothing needs it.
function MinkUNet:forward(x, keep)
  local function named(name, features)
    if keep then keep[name] = features end
    return features
  end
  local skips = {}
  x = named("x0", self.stem(x))
  for i = 1, 4 do
    skips[i] = x
    x = named("x" .. i, self["stage" .. i](x))
  end
  for i = 1, 4 do
    local up = self["up" .. i]
    x = lacuna.cat { up[1](x), skips[5 - i] }
    skips[5 - i] = nil
    x = named("y" .. i, up[2](x))
  end
  return self.classifier(x.feats)
end

--- The features of every level, x0 ... x4 on the way down and y1 ... y4 on the way up.
function MinkUNet:features(x)
  local keep = {}
  self(x, keep)
  return keep
end

return MinkUNet
