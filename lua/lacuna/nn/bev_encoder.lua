-- bev_encoder.lua: what the encoders of detection networks have in common: voxels of a grid of
-- fixed size come in, a dense bird's-eye view goes out.
--
-- A subclass makes its layers and writes encode(x, named), which calls named(name, y) on what each
-- level gives and returns the last.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"
local Module = require "lacuna.nn.module"
local sparse = require "lacuna.sparse"

--- nn.BevEncoder, the base: net(x) is the bird's-eye view [B, C*D, H, W], net:features(x) a table
--- of SparseTensors by name.
---@usage net = lacuna.models.second{ dataset = "kitti" }
---@usage levels = net:features(x)
local BevEncoder = class.new("BevEncoder", Module)

-- The grids that the networks were published for: edges of a voxel and range in metres (x,y,z),
-- values of a point, points kept in a voxel and voxels kept in a scan when testing.
local datasets = {
  kitti = {
    voxel_size = { 0.05, 0.05, 0.1 }, range = { 0, -40, -3, 70.4, 40, 1 },
    columns = { "x", "y", "z", "intensity" }, max_points = 5, max_voxels = 40000,
  },
  nuscenes = {
    voxel_size = { 0.075, 0.075, 0.2 }, range = { -54, -54, -5, 54, 54, 3 },
    columns = { "x", "y", "z", "intensity", "time" }, max_points = 10, max_voxels = 160000,
  },
  nuscenes_coarse = {
    voxel_size = { 0.1, 0.1, 0.2 }, range = { -51.2, -51.2, -5, 51.2, 51.2, 3 },
    columns = { "x", "y", "z", "intensity", "time" }, max_points = 10, max_voxels = 120000,
  },
  waymo = {
    voxel_size = { 0.1, 0.1, 0.15 }, range = { -75.2, -75.2, -2, 75.2, 75.2, 4 },
    columns = { "x", "y", "z", "intensity", "elongation" }, max_points = 5, max_voxels = 150000,
  },
}

-- Cells of a dataset's grid in the order of the coordinate columns, with the one more in z that
-- all of these networks were trained with.
local function grid_of(dataset, order)
  local cells = {}
  for axis = 1, 3 do
    local extent = dataset.range[axis + 3] - dataset.range[axis]
    cells[axis] = math.floor(extent / dataset.voxel_size[axis] + 0.5)
  end
  cells[3] = cells[3] + 1
  if order == "zyx" then cells[1], cells[3] = cells[3], cells[1] end
  return cells
end

local function check_shape(op, cells)
  for axis = 1, 3 do
    local n = cells[axis]
    if #cells ~= 3 or type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
      errors.raisef("%s: sparse_shape is not three whole numbers from 1, the cells of each "
        .. "coordinate column", op)
    end
  end
end

local function choose_order(op, order)
  if order ~= "zyx" and order ~= "xyz" then
    errors.raisef("%s: axis_order is %s, expected 'zyx' or 'xyz'", op, tostring(order))
  end
  return order
end

--- The options of an encoder, `given` over `defaults` (see nn.config), as self.config. Where they
--- are not given, in_channels and sparse_shape are those of the option `dataset`: kitti, nuscenes,
--- nuscenes_coarse or waymo. Sets self.input too.
---@param op string       the model's name, for messages
---@param given table|nil
---@param defaults table  with `dataset` and `axis_order`, the order of the coordinate columns after
--- the batch: "zyx" or "xyz"
function BevEncoder:configure(op, given, defaults)
  given = given or {}
  local order = choose_order(op, type(given) == "table" and given.axis_order or defaults.axis_order)
  local name = type(given) == "table" and given.dataset or defaults.dataset
  local dataset = datasets[name]
  if not dataset then
    local names = {}
    for known in pairs(datasets) do names[#names + 1] = known end
    errors.raisef("%s: there is no dataset '%s'%s", op, tostring(name), errors.nearest(name, names))
  end
  local grid = grid_of(dataset, order)
  local all = { in_channels = #dataset.columns, sparse_shape = grid }
  for key, value in pairs(defaults) do all[key] = value end
  local config = require("lacuna.nn").config(op, given, all)
  check_shape(op, config.sparse_shape)
  self.config = config

  local cells = config.sparse_shape
  local same = cells[1] == grid[1] and cells[2] == grid[2] and cells[3] == grid[3]
  self.input = {
    columns = dataset.columns, order = order, reduce = "mean",
    max_points = dataset.max_points, max_voxels = dataset.max_voxels,
    -- A grid of another size says nothing about metres.
    voxel_size = same and dataset.voxel_size or nil, range = same and dataset.range or nil,
  }
  self.modes = { downsample_mode = "spconv" }
  return config
end

--- Three sizes in the order of the coordinate columns: one along the height, one on the ground.
function BevEncoder:axes(height, ground)
  if self.config.axis_order == "zyx" then return { height, ground, ground } end
  return { ground, ground, height }
end

--- The layer that makes the view.
function BevEncoder:make_bev()
  return require("lacuna.nn").ToBEV { height_axis = self.config.axis_order == "zyx" and 1 or 3 }
end

local function check_list(op, name, list, length)
  if type(list) ~= "table" or #list == 0 or length and #list ~= length then
    errors.raisef("%s: %s, expected a list%s", op, name, length and " of " .. length or "")
  end
end

--- For mmdetection3d's encoders, whose levels are lists: checks encoder_channels, encoder_paddings,
--- block_type and order.
function BevEncoder:check_levels(op, block_type)
  local config = self.config
  if config.block_type ~= block_type then
    errors.raisef("%s: block_type is '%s', expected '%s'%s", op, config.block_type, block_type,
      config.block_type == "basicblock" and ": that is the model 'bevfusion'"
        or config.block_type == "conv_module" and ": that is the model 'second'" or "")
  end
  if table.concat(config.order, ",") ~= "conv,norm,act" then
    errors.raisef("%s: order is %s, expected conv, norm, act", op, table.concat(config.order, ", "))
  end
  check_list(op, "encoder_channels", config.encoder_channels)
  check_list(op, "encoder_paddings", config.encoder_paddings, #config.encoder_channels)
  for level, channels in ipairs(config.encoder_channels) do
    check_list(op, "encoder_channels[" .. level .. "]", channels)
    check_list(op, "encoder_paddings[" .. level .. "]", config.encoder_paddings[level], #channels)
  end
end

-- The rows of x on the grid that the network was trained for, whatever range x has.
local function on_grid(x, cells, channels)
  if not sparse.is(x) then
    errors.raisef("the input is a %s, expected a SparseTensor", kinds.of(x))
  end
  local width = x.feats:size(2)
  if width ~= channels then
    errors.raisef("the input has %d channels, expected %d", width, channels)
  end
  local range = { math.max(x.batch_size, 1), cells[1], cells[2], cells[3] }
  return sparse.new { feats = x.feats, coords = x.coords, stride = x.stride, spatial_range = range }
end

local function unnamed(_, y)
  return y
end

--- The bird's-eye view [B, C*D, H, W]: channel c * D + d is channel c at height d.
function BevEncoder:forward(x)
  x = on_grid(x, self.config.sparse_shape, self.config.in_channels)
  return self.to_bev(self:encode(x, unnamed))
end

--- What each level gives, by name.
function BevEncoder:features(x)
  local found = {}
  require("lacuna.modes").with(self.modes, function()
    self:encode(on_grid(x, self.config.sparse_shape, self.config.in_channels), function(name, y)
      found[name] = y
      return y
    end)
  end)
  return found
end

return BevEncoder
