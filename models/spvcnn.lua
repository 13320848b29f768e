-- spvcnn.lua: SPVCNN, MinkUNet with a second branch that keeps every point at full resolution.
--
-- H. Tang et al.: Searching Efficient 3D Architectures with Sparse Point-Voxel Convolution, ECCV
-- 2020. Its checkpoints fit, name by name; MinkUNet's (minkunet.lua) have the same names.
--
-- Usage: net = lacuna.models.spvcnn{ num_classes = 19, cr = 0.5, vres = 0.1 }
-- Usage: logits = net(z)

local lacuna = require "lacuna"
local errors = require "lacuna.errors"
local nn, F = lacuna.nn, lacuna.nn.functional

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

local SPVCNN = nn.class("SPVCNN", nn.Module)

function SPVCNN:__init(config)
  self.config = nn.config("spvcnn", config, {
    num_classes = 19, cr = 1.0, in_channels = 4, pres = 0.05, vres = 0.05, dropout = 0.3,
  })
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

  -- The layers of the branch of points: its features go around the four levels down, around the
  -- first two up, and around the last two.
  self.point_transforms = nn.ModuleList()
  for _, pair in ipairs { { c[1], c[5] }, { c[5], c[7] }, { c[7], c[9] } } do
    self.point_transforms:add(
      nn.Sequential(nn.Linear(pair[1], pair[2]), nn.BatchNorm(pair[2]), nn.ReLU()))
  end
  self.dropout = nn.Dropout(self.config.dropout)

  -- What a program needs to know to feed the net and to show its results.
  self.input = {
    columns = { "x", "y", "z", "intensity" }, voxel_size = 0.05, rounding = "round", origin = "min",
  }
  self.modes = { downsample_mode = "spconv", allow_negative_coordinates = true }
  local semantickitti = require "lacuna.semantickitti"
  if num_classes == #semantickitti then self.classes = semantickitti end
end

-- Logits [N, classes], a row for each row of `x`, which has voxels (a SparseTensor, unique rows) or
-- points (a PointTensor, coordinates in units of `pres`). `keep`, where given, collects features by
-- name: x and y of the voxels, z of the points.
function SPVCNN:forward(x, keep)
  local kind = lacuna.type(x)
  if kind ~= "SparseTensor" and kind ~= "PointTensor" then
    errors.raisef("the input is a %s, expected a SparseTensor or a PointTensor", kind)
  end
  local function named(name, features)
    if keep then keep[name] = features end
    return features
  end
  local skips = {}
  local function up(level, y)
    local layers = self["up" .. level]
    y = lacuna.cat { layers[1](y), skips[5 - level] }
    return named("y" .. level, layers[2](y))
  end

  -- Another tensor of the same points, because initial_voxelize changes the coordinates.
  local z = lacuna.PointTensor(x.feats, x.coords)
  x = named("voxels", F.initial_voxelize(z, self.config.pres, self.config.vres))
  x = named("x0", self.stem(x))
  z = named("z0", F.voxel_to_point(x, z))

  skips[1] = x
  x = F.point_to_voxel(x, z)
  for i = 1, 4 do
    if i > 1 then skips[i] = x end
    x = named("x" .. i, self["stage" .. i](x))
  end
  z = named("z1", F.voxel_to_point(x, z) + self.point_transforms[1](z))

  local y = up(2, up(1, self.dropout(F.point_to_voxel(x, z))))
  z = named("z2", F.voxel_to_point(y, z) + self.point_transforms[2](z))

  y = up(4, up(3, self.dropout(F.point_to_voxel(y, z))))
  z = named("z3", F.voxel_to_point(y, z) + self.point_transforms[3](z))
  return self.classifier(z.feats)
end

--- The features by name: voxels, x0 ... x4 on the way down, y1 ... y4 on the way up, and z0 ... z3
--- of the points.
function SPVCNN:features(x)
  local keep = {}
  self(x, keep)
  return keep
end

return SPVCNN
