-- load_save.lua: weights in files.
--
-- A file that is saved has one dataset a tensor, at its name with "." as "/", and the attributes
-- of weights_format.lua.

local errors = require "lacuna.errors"
local format = require "lacuna.weights_format"
local Module = require "lacuna.nn.module"
local shape = require "lacuna.shape"
local state_dict = require "lacuna.nn.state_dict"
local weights = require "lacuna.nn.weights_file"

local function check_path(op, path)
  if type(path) ~= "string" then
    errors.raisef("%s: the path is a %s, expected a string", op, type(path))
  end
end

--- Writes all parameters and buffers to an HDF5 file, which appears whole or not at all; returns
--- self. compress: a deflate level, 0 (default) to 9.
---@param path string
---@param opts { compress: integer }|nil
---@usage net:save("weights.h5", { compress = 4 })
function Module:save(path, opts)
  check_path("save", path)
  opts = errors.options("save", opts, { compress = true })
  local dict = self:state_dict()
  local arch = rawget(self, "_slots").value.arch
  local f = require("lacuna.hdf5").open(path, "w")
  format.write(f, arch)
  for name, tensor in dict do f:write("/" .. name:gsub("%.", "/"), tensor, opts) end
  f:close()
  return self
end

local keys = {
  strict = true, prefix = true, from = true, axes = true, trained = true, kernel_sizes = true,
}

-- Copies what fits of a plan into `own`. All is read before anything is written, so that a file
-- with a defect changes nothing.
local function copy(plan, todo, own)
  local values = {}
  for _, step in ipairs(todo.steps) do
    local tensor = rawget(own, step.target)
    if tensor and shape.equal(step.shape, shape.of(tensor)) then
      values[step.target] = plan.read(step, "keep")
    end
  end
  for name, tensor in own do
    if values[name] then tensor:copy_(values[name]) end
  end
end

--- Reads a file of weights into the module, converted to its dtypes: HDF5, PyTorch or safetensors,
--- with kernels and names of Lacuna or of another engine. Every difference between the file and the
--- module is listed in one error, before anything is changed; with strict = false what fits is
--- loaded and the differences are returned. Without `prefix`, the place of the weights in the file
--- is found by the module's names. from, axes, trained and kernel_sizes: see lacuna.convert.load.
---@param path string
---@param opts table|nil  { strict = boolean, prefix = string, from = string, axes = string, ... }
---@usage net:load("net.h5", { strict = false })
function Module:load(path, opts)
  check_path("load", path)
  opts = errors.options("load", opts, keys)
  local convert, plan = require "lacuna.convert", require "lacuna.convert.plan"
  local wanted = convert.options("load", {
    from = opts.from, axes = opts.axes, trained = opts.trained, prefix = opts.prefix,
    kernel_sizes = opts.kernel_sizes, model = self,
  })
  return convert.with(path, function(source)
    local todo = plan.make(source, wanted)
    local lists = plan.compare(todo, wanted.model)
    if opts.strict ~= false and state_dict.differ(lists) then
      errors.raisef("load: %s does not fit %s: %s", path, weights.title(self),
        state_dict.describe(lists))
    end
    copy(plan, todo, wanted.model.own)
    plan.release(todo)
    if opts.strict == false then return lists end
    return self
  end)
end
