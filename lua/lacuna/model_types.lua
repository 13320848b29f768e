-- model_types.lua: the models of lacuna.models under the names and with the options that they have
-- where they come from: mmdetection3d, CenterPoint, OpenPCDet, SPVNAS and TorchSparse.

local errors = require "lacuna.errors"
local models = require "lacuna.models"
local registry = require "lacuna.registry"

local model_types = {}

-- Takes `norm_cfg` out of the options; a function that applies it to a net. The nets have batch
-- norms, so that what a config can say about them is eps and momentum.
local function take_norm(op, given)
  local cfg = given.norm_cfg
  given.norm_cfg = nil
  if cfg == nil then return function() end end
  local BatchNorm = require("lacuna.nn.batch_norm")
  errors.options(op .. ": norm_cfg", cfg,
    { type = true, eps = true, momentum = true, requires_grad = true })
  if cfg.type ~= nil and registry.NORM_LAYERS:get(cfg.type) ~= BatchNorm then
    errors.raisef("%s: norm_cfg has type '%s', expected BN1d or TorchSparseBatchNorm", op, cfg.type)
  end
  local eps, momentum = cfg.eps or 1e-5, cfg.momentum or 0.1
  return function(net)
    local class = require "lacuna.nn.class"
    local changed = false
    for _, module in net:named_modules() do
      if class.is(module, BatchNorm) then
        changed = changed or module.eps ~= eps or module.momentum ~= momentum
        module.eps, module.momentum = eps, momentum
      end
    end
    -- What save() notes of a net names the model and its config, which do not tell this.
    if changed then net.arch = nil end
  end
end

local function rename(op, given, from, to)
  if given[from] == nil then return end
  if given[to] ~= nil then
    errors.raisef("%s: '%s' and '%s' are the same option, expected one of them", op, from, to)
  end
  given[to], given[from] = given[from], nil
end

-- OpenPCDet's grid has the columns x, y, z; the net sees z, y, x, with one cell more in z.
local function take_grid_size(op, given)
  local grid = given.grid_size
  if grid == nil then return end
  if type(grid) ~= "table" or #grid ~= 3 then
    errors.raisef("%s: grid_size, expected three whole numbers: cells along x, y, z", op)
  end
  given.grid_size = { grid[3] + 1, grid[2], grid[1] }
  rename(op, given, "grid_size", "sparse_shape")
end

-- type -> function(options): the name of the model; changes the options to the model's
local adapters = {}

-- The height is the short side of the grid: mmdetection3d has it first, BEVFusion last.
function adapters.SparseEncoder(given)
  local shape = given.sparse_shape
  if given.axis_order == nil and type(shape) == "table" and #shape == 3 then
    given.axis_order = shape[3] < shape[1] and "xyz" or "zyx"
  end
  given.axis_order = given.axis_order or "zyx"
  return given.block_type == "basicblock" and "bevfusion" or "second"
end

function adapters.SpMiddleResNetFHD(given)
  local op = "SpMiddleResNetFHD"
  rename(op, given, "num_input_features", "in_channels")
  if given.ds_factor ~= nil and given.ds_factor ~= 8 then
    errors.raisef("%s: ds_factor is %s, expected 8", op, tostring(given.ds_factor))
  end
  given.ds_factor = nil
  return "centerpoint"
end

function adapters.VoxelBackBone8x(given)
  rename("VoxelBackBone8x", given, "input_channels", "in_channels")
  take_grid_size("VoxelBackBone8x", given)
  return "voxel_backbone8x"
end

function adapters.VoxelResBackBone8x(given)
  local op = "VoxelResBackBone8x"
  rename(op, given, "input_channels", "in_channels")
  rename(op, given, "USE_BIAS", "use_bias")
  take_grid_size(op, given)
  return "voxel_res_backbone8x"
end

for name, file in pairs {
  MinkUNet = "minkunet", SPVCNN = "spvcnn", SPVNAS = "spvnas",
  SparseResNet21D = "sparseresnet21d", SparseResUNet42 = "sparseresunet42",
} do
  adapters[name] = function() return file end
end

local takes_norm = {
  SparseEncoder = true, SpMiddleResNetFHD = true, VoxelBackBone8x = true,
  VoxelResBackBone8x = true,
}

--- The constructor of a type: takes a table of options and makes the net.
---@param name string
function model_types.constructor(name)
  return function(given)
    local options = {}
    for key, value in pairs(given or {}) do options[key] = value end
    local apply_norm = takes_norm[name] and take_norm(name, options) or nil
    local file = adapters[name](options)
    local net = models.constructor(file)(options)
    if apply_norm then apply_norm(net) end
    return net
  end
end

return model_types
