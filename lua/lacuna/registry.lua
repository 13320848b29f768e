-- registry.lua: types of layers and models by name, for networks that are written as configurations
-- (mmcv's registries).
--
-- A name stands for a class, or for a function that makes a module. Those that come with the
-- package are loaded when they are asked for first.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"

local Registry = {}
Registry.__index = Registry

local function is_constructor(value)
  return class.is_class(value) or type(value) == "function"
end

--- Adds a type: `lacuna.registry.CONV_LAYERS:register("MyConv3d", MyConv3d)`; returns the class.
---@param name string
---@param constructor table|function  a class of modules, or a function that makes one
---@param opts { force: boolean }|nil  force: replace the one of that name
---@usage lacuna.registry.NORM_LAYERS:register("None", nn.Identity, { force = true })
---@usage none = lacuna.build_norm_layer({ type = "None" }, 16)
function Registry:register(name, constructor, opts)
  local op = self.title .. ":register"
  opts = errors.options(op, opts, { force = true })
  if type(name) ~= "string" or name == "" then
    errors.raisef("%s: the name is a %s, expected a string", op, type(name))
  end
  if not is_constructor(constructor) then
    errors.raisef("%s: '%s' is a %s, expected a class or a function that makes a module", op, name,
      type(constructor))
  end
  if self.types[name] and not opts.force then
    errors.raisef("%s: there is a type '%s' already: {force = true} replaces it", op, name)
  end
  self.types[name] = { constructor = constructor }
  return constructor
end

--- The names of all types, in order.
---@return string[]
---@usage table.concat(lacuna.registry.CONV_LAYERS:names(), ", ")
function Registry:names()
  local names = {}
  for name in pairs(self.types) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- The class or function behind a name; an unknown one is an error that suggests the nearest.
---@param name string
---@usage Encoder = lacuna.registry.MODELS:get("SparseEncoder")
function Registry:get(name)
  local entry = type(name) == "string" and self.types[name]
  if not entry then
    errors.raisef("%s: unknown type '%s'%s", self.title, tostring(name),
      type(name) == "string" and errors.nearest(name, self:names()) or ", expected a string")
  end
  if not entry.constructor then entry.constructor = entry.load() end
  return entry.constructor
end

function Registry:__tostring()
  return self.title .. ": " .. table.concat(self:names(), ", ")
end

-- loaders: name -> a function that returns the constructor
local function new(title, loaders)
  local types = {}
  for name, load in pairs(loaders) do types[name] = { load = load } end
  return setmetatable({ title = title, types = types }, Registry)
end

local function from_nn(name)
  return function() return require("lacuna.nn")[name] end
end

local function from_models(name)
  return function() return require("lacuna.model_types").constructor(name) end
end

local model_types = {}
for _, name in ipairs {
  "SparseEncoder", "SpMiddleResNetFHD", "VoxelBackBone8x", "VoxelResBackBone8x", "MinkUNet",
  "SPVCNN", "SPVNAS", "SparseResNet21D", "SparseResUNet42",
} do
  model_types[name] = from_models(name)
end

return {
  CONV_LAYERS = new("CONV_LAYERS", {
    TorchSparseConv3d = from_nn("Conv3d"),
    SubMConv3d = from_nn("SubMConv3d"),
    SparseConv3d = from_nn("SparseConv3d"),
    SparseInverseConv3d = from_nn("SparseInverseConv3d"),
    SparseConvTranspose3d = from_nn("SparseConvTranspose3d"),
  }),
  NORM_LAYERS = new("NORM_LAYERS", {
    TorchSparseBatchNorm = from_nn("BatchNorm"),
    BN1d = from_nn("BatchNorm"),
  }),
  MODELS = new("MODELS", model_types),
}
