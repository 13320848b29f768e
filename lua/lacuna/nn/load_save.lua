-- load_save.lua: weights in HDF5 files.
--
-- A file has one dataset a tensor, at its name with "." as "/", and the root attributes format,
-- version and, for models that can be built by name, arch.

local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local shape = require "lacuna.shape"
local state_dict = require "lacuna.nn.state_dict"
local weights = require "lacuna.nn.weights_file"

local function check_path(op, path)
  if type(path) ~= "string" then
    errors.raisef("%s: the path is a %s, expected a string", op, type(path))
  end
end

local function arch_json(arch)
  return require("cjson").encode { model = arch.model, config = arch.config }
end

--- Writes all parameters and buffers to an HDF5 file, which appears whole or not at all; returns
--- self.
---@param path string
function Module:save(path)
  check_path("save", path)
  local dict = self:state_dict()
  local arch = rawget(self, "_slots").value.arch
  local f = require("lacuna.hdf5").open(path, "w")
  f:attr("/", "format", "lacuna-weights")
  f:attr("/", "version", 1)
  if arch then f:attr("/", "arch", arch_json(arch)) end
  for name, tensor in dict do f:write("/" .. name:gsub("%.", "/"), tensor) end
  f:close()
  return self
end

local keys = { strict = true, prefix = true }

--- Reads an HDF5 file of weights into the module, converted to its dtypes. Every difference between
--- the file and the module is listed in one error, before anything is changed; with strict = false
--- what fits is loaded and the differences are returned. Names may be nested groups or flat, at the
--- root or in a group state_dict or model, or under `prefix`, without which others are ignored.
---@param path string
---@param opts { strict: boolean, prefix: string }|nil
function Module:load(path, opts)
  check_path("load", path)
  opts = errors.options("load", opts, keys)
  local own = self:state_dict()
  local file = weights.open(path)
  local found = weights.select(file, own, opts.prefix)
  local shapes = {}
  local lists = state_dict.compare(own, found.names, function(name)
    if found.at[name] and not shapes[name] then
      shapes[name] = weights.shape(file, found.at[name])
    end
    return shapes[name]
  end)
  if opts.strict ~= false and state_dict.differ(lists) then
    file:close()
    errors.raisef("load: %s does not fit %s: %s", path, weights.title(self),
      state_dict.describe(lists))
  end
  for name, sizes in pairs(shapes) do
    if not shape.equal(sizes, shape.of(own[name])) then shapes[name] = nil end
  end
  weights.copy(file, found, own, shapes)
  file:close()
  if opts.strict == false then return lists end
  return self
end
