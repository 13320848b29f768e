-- build.lua: layers and models from configurations, with mmcv's conventions.
--
-- A configuration is a table with the name of a type, or a class, under `type`; its other keys are
-- options of that type.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"
local Module = require "lacuna.nn.module"
local registry = require "lacuna.registry"

local build = {}

-- The constructor of a config, the type's name, and a copy of its other keys.
local function resolve(op, types, cfg)
  if type(cfg) ~= "table" or class.is_class(cfg) or class.of(cfg) then
    errors.raisef("%s: the config is %s, expected a table with a type", op,
      cfg == nil and "nil" or "a " .. kinds.of(cfg))
  end
  if cfg.type == nil then
    errors.raisef("%s: the config has no type, expected one of: %s", op,
      table.concat(types:names(), ", "))
  end
  local rest = {}
  for key, value in pairs(cfg) do
    if key ~= "type" then rest[key] = value end
  end
  if class.is_class(cfg.type) then return cfg.type, class.name(cfg.type), rest end
  return types:get(cfg.type), cfg.type, rest
end

local function check_module(op, name, layer)
  if not class.is(layer, Module) then
    errors.raisef("%s: type '%s' made a %s, expected a module", op, name, type(layer))
  end
  return layer
end

--- A convolution from a config such as {type = "TorchSparseConv3d"}, which is also that of nil.
--- What is left of the config joins the options.
---@param cfg table|nil
---@param in_channels integer
---@param out_channels integer
---@param kernel_size integer|integer[]
---@param opts table|nil  options of the layer: stride, padding, bias ...
---@usage conv = lacuna.build_conv_layer({ type = "SubMConv3d" }, 4, 16, 3, { bias = false })
function build.conv_layer(cfg, in_channels, out_channels, kernel_size, opts)
  local op = "build_conv_layer"
  local constructor, name, rest = resolve(op, registry.CONV_LAYERS,
    cfg == nil and { type = "TorchSparseConv3d" } or cfg)
  if opts ~= nil and type(opts) ~= "table" then
    errors.raisef("%s: options are a %s, expected a table", op, type(opts))
  end
  for key, value in pairs(opts or {}) do
    if rest[key] ~= nil then
      errors.raisef("%s: '%s' is in the config and among the options, expected it once", op,
        tostring(key))
    end
    rest[key] = value
  end
  return check_module(op, name, constructor(in_channels, out_channels, kernel_size, rest))
end

-- The short names that mmcv gives to kinds of normalisation, by a word in the name of the class.
local short_names = {
  { "group", "gn" }, { "layer", "ln" }, { "instance", "in" }, { "batch", "bn" },
}

local function abbreviation(layer)
  local c = class.of(layer)
  if c._abbr_ then return c._abbr_ end
  if class.is(layer, require("lacuna.nn").BatchNorm) then return "bn" end
  local name = class.name(c):lower()
  for _, pair in ipairs(short_names) do
    if name:find(pair[1], 1, true) then return pair[2] end
  end
  return "norm_layer"
end

--- A normalisation from a config such as {type = "BN1d", eps = 1e-3, momentum = 0.01}; nil is a
--- TorchSparseBatchNorm. Returns the layer; with a postfix its name, such as "bn1", and the layer.
---@param cfg table|nil
---@param channels integer
---@param postfix integer|string|nil
---@usage name, bn = lacuna.build_norm_layer({ type = "BN1d", eps = 1e-3 }, 16, 1)
function build.norm_layer(cfg, channels, postfix)
  local op = "build_norm_layer"
  local constructor, name, rest = resolve(op, registry.NORM_LAYERS,
    cfg == nil and { type = "TorchSparseBatchNorm" } or cfg)
  rest.requires_grad = nil -- of training, in mmcv's configs
  if postfix ~= nil and type(postfix) ~= "number" and type(postfix) ~= "string" then
    errors.raisef("%s: the postfix is a %s, expected a number or a string", op, type(postfix))
  end
  local layer = check_module(op, name, constructor(channels, rest))
  if postfix == nil then return layer end
  return abbreviation(layer) .. postfix, layer
end

-- The names that mmcv's configs use for activations.
local activations = {
  ReLU = "ReLU", relu = "ReLU", SiLU = "SiLU", silu = "SiLU", Swish = "SiLU", swish = "SiLU",
  LeakyReLU = "LeakyReLU",
}

--- An activation from "relu", "swish" and so on, or from a config such as
--- {type = "LeakyReLU", negative_slope = 0.1}; nil is a ReLU.
function build.activation(cfg)
  local op = "act_cfg"
  if cfg == nil then cfg = "ReLU" end
  if type(cfg) ~= "table" then cfg = { type = cfg } end
  errors.options(op, cfg, { type = true, inplace = true, negative_slope = true })
  local name = activations[cfg.type]
  if not name then
    local names = {}
    for key in pairs(activations) do names[#names + 1] = key end
    errors.raisef("%s: unknown type '%s'%s", op, tostring(cfg.type),
      errors.nearest(tostring(cfg.type), names))
  end
  local layer = require("lacuna.nn")[name]
  if name == "LeakyReLU" then return layer(cfg.negative_slope) end
  if cfg.negative_slope ~= nil then
    errors.raisef("%s: negative_slope with type '%s', expected LeakyReLU", op, cfg.type)
  end
  return layer()
end

--- A model from a config alone: {type = "SparseEncoder", in_channels = 4, ...}. A class that was
--- registered in MODELS gets the table without its type.
---@param cfg table
---@usage encoder = lacuna.build_model{ type = "MinkUNet", num_classes = 19, cr = 0.5 }
function build.model(cfg)
  local constructor, name, rest = resolve("build_model", registry.MODELS, cfg)
  return check_module("build_model", name, constructor(rest))
end

return build
