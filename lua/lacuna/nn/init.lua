-- nn/init.lua: the list of what lacuna.nn offers, each loaded when it is first used.

local errors = require "lacuna.errors"
local class = require "lacuna.nn.class"
local Module = require "lacuna.nn.module"

-- These add their methods to Module.
require "lacuna.nn.traverse"
require "lacuna.nn.print"
require "lacuna.nn.convert"
require "lacuna.nn.state_dict"
require "lacuna.nn.load_save"

local nn = { Module = Module }

-- name -> { file, field of what it returns; false: all of it }
local parts = {
  functional = { "functional", false },
  Parameter = { "parameter", "new" },
  Sequential = { "sequential", false },
  ModuleList = { "module_list", false },
  Identity = { "identity", false },
  Conv3d = { "conv3d", false },
  BatchNorm = { "batch_norm", false },
  Linear = { "linear", false },
  ReLU = { "activation", "ReLU" },
  LeakyReLU = { "activation", "LeakyReLU" },
  SiLU = { "activation", "SiLU" },
  Dropout = { "dropout", false },
  Embedding = { "embedding", false },
  GroupNorm = { "group_norm", false },
  InstanceNorm = { "instance_norm", false },
  MaxPool3d = { "pool_layers", "MaxPool3d" },
  AvgPool3d = { "pool_layers", "AvgPool3d" },
  GlobalMaxPool = { "pool_layers", "GlobalMaxPool" },
  GlobalAvgPool = { "pool_layers", "GlobalAvgPool" },
  ToDense = { "dense_layers", "ToDense" },
  ToBEV = { "dense_layers", "ToBEV" },
  SparseCrop = { "sparse_crop", false },
  ToBEVReduction = { "bev_layers", "ToBEVReduction" },
  ToBEVConvolution = { "bev_layers", "ToBEVConvolution" },
  ToDenseBEVConvolution = { "bev_layers", "ToDenseBEVConvolution" },
  ToBEVHeightCompression = { "bev_layers", "ToBEVHeightCompression" },
  SparseConvBlock = { "blocks", "SparseConvBlock" },
  SparseConvTransposeBlock = { "blocks", "SparseConvTransposeBlock" },
  SparseResBlock = { "blocks", "SparseResBlock" },
  BevEncoder = { "bev_encoder", false },
  SubMConv3d = { "spconv", "SubMConv3d" },
  SparseConv3d = { "spconv", "SparseConv3d" },
  SparseInverseConv3d = { "spconv", "SparseInverseConv3d" },
  SparseConvTranspose3d = { "spconv", "SparseConvTranspose3d" },
  BasicBlock = { "mmdet_blocks", "BasicBlock" },
  Bottleneck = { "mmdet_blocks", "Bottleneck" },
  make_sparse_convmodule = { "sparse_convmodule", false },
  utils = { "utils", false },
}

--- Makes a class of modules: `local B = nn.class("B", nn.Module)`, then `function B:__init(...)`
--- and `function B:forward(x)`; `B(...)` makes an instance, `B.super` is the base.
---@param name string
---@param base table|nil  nn.Module by default
---@usage Twice = nn.class("Twice", nn.Module)
---@usage function Twice:forward(x) return self.body(self.body(x)) end
function nn.class(name, base)
  if type(name) ~= "string" or name == "" then
    errors.raisef("nn.class: the name is a %s, expected a string", type(name))
  end
  if base ~= nil and not class.is_class(base) then
    errors.raisef("nn.class: the base of %s is a %s, expected a class such as nn.Module", name,
      type(base))
  end
  return class.new(name, base or Module)
end

--- Is `value` an instance of class `c`, or of one derived from it?
---@return boolean
---@usage nn.is(net[1], nn.Conv3d)
function nn.is(value, c)
  if not class.is_class(c) then
    errors.raisef("nn.is: the second argument is a %s, expected a class", type(c))
  end
  return class.is(value, c)
end

--- The options of a model: `given` over `defaults`. A key without a default is an error, and so is
--- a value of another type than its default.
---@param op string
---@param given table|nil
---@param defaults table
---@usage config = nn.config("mynet", { width = 64 }, { width = 32, num_classes = 19 })
function nn.config(op, given, defaults)
  given = errors.options(op, given, defaults)
  local config = {}
  for key, default in pairs(defaults) do
    local value = given[key]
    if value == nil then value = default end
    if type(value) ~= type(default) then
      errors.raisef("%s: %s is a %s, expected a %s", op, key, type(value), type(default))
    end
    config[key] = value
  end
  return config
end

local function part_names()
  local names = { "Module", "class", "is", "config" }
  for name in pairs(parts) do names[#names + 1] = name end
  return names
end

return setmetatable(nn, {
  __names = part_names, -- for completion
  __index = function(_, name)
    local part = parts[name]
    if not part then
      errors.raisef("lacuna.nn: no '%s'%s", tostring(name), errors.nearest(name, part_names()))
    end
    local value = require("lacuna.nn." .. part[1])
    if part[2] then value = value[part[2]] end
    rawset(nn, name, value)
    return value
  end,
})
