-- target.lua: the network that a file's tensors are meant for: its names, shapes and kernel sizes.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local names = require "lacuna.convert.names"
local shape = require "lacuna.shape"

local target = {}

--- What `model` stands for: a module, or the name or path of a model, made with `config`.
---@param op string
---@param model table|string
---@param config table|nil
---@return { net: table, own: table }
function target.of(op, model, config)
  if type(model) == "string" then
    model = require("lacuna.models").constructor(model)(config or {})
  end
  if not class.is(model, Module) then
    errors.raisef("%s: model is a %s, expected a module or the name of a model", op, type(model))
  end
  return { net = model, own = model:state_dict() }
end

--- The model's name for what may still have the name of another engine, or nil.
function target.find(model, name)
  local own = model.own
  if own[name] ~= nil then return name end
  local kernel = names.kernel(name)
  if own[kernel] ~= nil then return kernel end
  local outer, field = name:match("^(.*)%.bn%.([%w_]+)$")
  if outer and own[outer .. "." .. field] ~= nil then return outer .. "." .. field end
end

--- The shape of the model's tensor of this name, or nil.
function target.shape(model, name)
  local tensor = rawget(model.own, name)
  return tensor ~= nil and shape.of(tensor) or nil
end

--- The kernel size of the convolution that has this kernel, or nil.
function target.kernel_size(model, name)
  if not model.sizes then
    model.sizes = {}
    for path, module in model.net:named_modules() do
      local size = rawget(module, "_slots").value.kernel_size
      if type(size) == "table" and #size == 3 then
        model.sizes[path == "" and "kernel" or path .. ".kernel"] = size
      end
    end
  end
  return model.sizes[name]
end

return target
