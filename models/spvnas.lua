-- spvnas.lua: SPVNAS, the point-voxel networks that neural architecture search found.
--
-- H. Tang et al.: Searching Efficient 3D Architectures with Sparse Point-Voxel Convolution, ECCV
-- 2020. A supernet holds all of them; a net.config says how wide and deep each part of one is, and
-- that one is built here directly. load() takes its checkpoint or the supernet's, of which it cuts
-- out what the config names (lacuna.spvnas).
--
-- Usage: net = lacuna.models.spvnas{ net_config = "net.config" }

local lacuna = require "lacuna"
local errors = require "lacuna.errors"
local net_config = require "lacuna.spvnas.net_config"
local subnet = require "lacuna.spvnas.subnet"
local nn, F = lacuna.nn, lacuna.nn.functional

local STORED_CLASSIFIER = 128 -- inputs; checkpoints keep all, whatever the last level's width is

-- Layer, batch norm and, unless told otherwise, ReLU, under the names of the supernet's blocks.
local Block = nn.class("Block", nn.Module)

function Block:__init(layer, channels, linear_output)
  self.net = nn.Sequential()
  self.net:add_module("conv", layer)
  self.net:add_module("bn", nn.BatchNorm(channels))
  if not linear_output then self.net:add_module("act", nn.ReLU()) end
end

function Block:forward(x)
  return self.net(x)
end

-- Two convolutions beside a shortcut, which is a layer in the first block of a stage.
local Residual = nn.class("Residual", nn.Module)

function Residual:__init(cin, middle, cout, first)
  self.net = nn.Sequential(
    Block(nn.Conv3d(cin, middle, 3), middle),
    Block(nn.Conv3d(middle, cout, 3), cout, true))
  if first then
    self.downsample = Block(nn.Conv3d(cin, cout, 1), cout, true)
  else
    self.downsample = nn.Identity()
  end
  self.relu = nn.ReLU()
end

function Residual:forward(x)
  return self.relu(self.net(x) + self.downsample(x))
end

-- A change of resolution, then one or two residual blocks. `skip` is the width of what is joined
-- to the input of the first, on the way up.
local Stage = nn.class("Stage", nn.Module)

function Stage:__init(cin, widths, skip, transposed)
  self.transition = Block(
    nn.Conv3d(cin, widths.transition, 2, { stride = 2, transposed = transposed }),
    widths.transition)
  self.feature = nn.Sequential()
  local channels = widths.transition + skip
  for j, middle in ipairs(widths.middle) do
    self.feature:add(Residual(channels, middle, widths.output, j == 1))
    channels = widths.output
  end
end

function Stage:forward(x, skip)
  x = self.transition(x)
  if skip then x = lacuna.cat { x, skip } end
  return self.feature(x)
end

-- Uses the first columns of a weight that is stored for the widest network.
local Classifier = nn.class("Classifier", nn.Module)

function Classifier:__init(channels, num_classes)
  self.channels = channels
  self.linear = nn.Linear(STORED_CLASSIFIER, num_classes)
end

function Classifier:forward(x)
  local weight = self.linear.weight:narrow(2, 1, self.channels):contiguous()
  return F.linear(x, weight, self.linear.bias)
end

local SPVNAS = nn.class("SPVNAS", nn.Module)

--- net_config: the table, or the path of a JSON file; without it, the supernet's widest.
function SPVNAS:__init(config)
  self.config = nn.config("spvnas", net_config.resolve(config), {
    net_config = {}, in_channels = 4, dropout = 0.3,
  })
  local plan = net_config.plan(self.config.net_config)
  local c = plan.output_channels
  if c[9] > STORED_CLASSIFIER then
    errors.raisef("spvnas: net_config: 'output_channels' has %d at place 9, expected at most %d, "
      .. "the inputs of the stored classifier", c[9], STORED_CLASSIFIER)
  end

  self.stem = nn.Sequential(
    nn.Conv3d(self.config.in_channels, c[1], 3), nn.BatchNorm(c[1]), nn.ReLU(),
    nn.Conv3d(c[1], c[1], 3), nn.BatchNorm(c[1]), nn.ReLU())

  self.downsample, self.upsample = nn.ModuleList(), nn.ModuleList()
  for i = 1, 4 do self.downsample:add(Stage(c[i], plan.downsample[i], 0, false)) end
  for i = 1, 4 do self.upsample:add(Stage(c[i + 4], plan.upsample[i], c[5 - i], true)) end

  self.point_transforms = nn.ModuleList()
  for _, pair in ipairs { { c[1], c[5] }, { c[5], c[7] }, { c[7], c[9] } } do
    self.point_transforms:add(Block(nn.Linear(pair[1], pair[2]), pair[2]))
  end
  self.classifier = Classifier(c[9], plan.num_classes)
  self.dropout = nn.Dropout(self.config.dropout)

  -- What a program needs to know to feed the net and to show its results.
  self.resolution = { pres = plan.pres, vres = plan.vres }
  self.input = {
    columns = { "x", "y", "z", "intensity" }, voxel_size = 0.05, rounding = "round", origin = "min",
  }
  self.modes = { downsample_mode = "spconv", allow_negative_coordinates = true }
  local semantickitti = require "lacuna.semantickitti"
  if plan.num_classes == #semantickitti then self.classes = semantickitti end
end

-- The voxels to begin with, and the points. Voxels that come as such keep their rows.
local function start(x, resolution)
  local kind = lacuna.type(x)
  if kind ~= "SparseTensor" and kind ~= "PointTensor" then
    errors.raisef("the input is a %s, expected a SparseTensor or a PointTensor", kind)
  end
  local z = lacuna.PointTensor(x.feats, x.coords)
  if kind == "PointTensor" then
    x = F.initial_voxelize(z, resolution.pres, resolution.vres)
  end
  return F.point_to_voxel(x, z), z
end

-- Logits [N, classes], a row for each row of `x`, which has voxels (a SparseTensor, unique rows) or
-- points (a PointTensor, coordinates in units of `pres`). `keep`, where given, collects features by
-- name: x and y of the voxels, z of the points.
function SPVNAS:forward(x, keep)
  local function named(name, features)
    if keep then keep[name] = features end
    return features
  end
  local skips = {}
  local function up(level, y)
    return named("y" .. level, self.upsample[level](y, skips[5 - level]))
  end

  local z
  x, z = start(x, self.resolution)
  x = named("x0", self.stem(x))
  z = named("z0", F.voxel_to_point(x, z))

  skips[1] = x
  x = F.point_to_voxel(x, z)
  for i = 1, 4 do
    if i > 1 then skips[i] = x end
    x = named("x" .. i, self.downsample[i](x))
  end
  z = named("z1", F.voxel_to_point(x, z) + self.point_transforms[1](z))

  local y = up(2, up(1, self.dropout(F.point_to_voxel(x, z))))
  z = named("z2", F.voxel_to_point(y, z) + self.point_transforms[2](z))

  y = up(4, up(3, self.dropout(F.point_to_voxel(y, z))))
  z = named("z3", F.voxel_to_point(y, z) + self.point_transforms[3](z))
  return self.classifier(z.feats)
end

--- The features by name: x0 ... x4 on the way down, y1 ... y4 on the way up, and z0 ... z3 of the
--- points.
function SPVNAS:features(x)
  local keep = {}
  self(x, keep)
  return keep
end

--- As nn.Module's, and from a supernet's tensors.
function SPVNAS:load_state_dict(dict, opts)
  return subnet.load_state_dict(self, dict, opts)
end

--- As nn.Module's, and from a supernet's file.
function SPVNAS:load(path, opts)
  return subnet.load(self, path, opts)
end

return SPVNAS
