-- convert: weights of other engines and programs, without any of them.
--
-- PyTorch (.pt, .pth), safetensors and HDF5 files; kernels of TorchSparse, SpConv, MinkowskiEngine
-- and PyTorch's Conv3d. Nothing in a file is ever executed.

local container = require "lacuna.convert.container"
local errors = require "lacuna.errors"
local layout = require "lacuna.convert.layout"
local ordered = require "lacuna.nn.ordered"
local plan = require "lacuna.convert.plan"
local report = require "lacuna.convert.report"
local target = require "lacuna.convert.target"
local tree = require "lacuna.convert.tree"

local convert = {}

local keys = {
  from = true, axes = true, trained = true, prefix = true, model = true, config = true,
  kernel_sizes = true, dtype = true,
}
local orders = { zyx = true, xyz = true }
local dtypes = { float32 = true, float16 = true, bfloat16 = true, float64 = true, keep = true }

local function check_choice(op, name, value, allowed, expected)
  if value ~= nil and not allowed[value] then
    errors.raisef("%s: %s is '%s', expected %s", op, name, tostring(value), expected)
  end
end

--- Checks the options that load, the command and Module:load share; returns those of a plan.
function convert.options(op, opts)
  check_choice(op, "axes", opts.axes, orders, "'zyx' or 'xyz'")
  check_choice(op, "trained", opts.trained, orders, "'zyx' or 'xyz'")
  check_choice(op, "dtype", opts.dtype, dtypes, "float32, float16, bfloat16, float64 or keep")
  if opts.prefix ~= nil and type(opts.prefix) ~= "string" then
    errors.raisef("%s: prefix is a %s, expected a string", op, type(opts.prefix))
  end
  if opts.kernel_sizes ~= nil and type(opts.kernel_sizes) ~= "table" then
    errors.raisef("%s: kernel_sizes is a %s, expected a table from the name of a layer to a size",
      op, type(opts.kernel_sizes))
  end
  return {
    op = op, from = layout.check(op, opts.from), axes = opts.axes, trained = opts.trained,
    prefix = opts.prefix, kernel_sizes = opts.kernel_sizes,
    model = opts.model and target.of(op, opts.model, opts.config),
  }
end

local function check_path(op, path)
  if type(path) ~= "string" then
    errors.raisef("%s: the path is a %s, expected a string", op, type(path))
  end
end

--- Runs fn(source), and closes the file whatever happens.
function convert.with(path, fn)
  local source = container.open(path)
  local function finish(ok, ...)
    source.close()
    if not ok then error((...), 0) end
    return ...
  end
  return finish(pcall(fn, source))
end

--- The weights in a file as Lacuna's: an ordered table, name -> Tensor, for net:load_state_dict,
--- and a report: `print(report)`, or its fields layout, reasons, wrapper, prefix, tensors,
--- not_taken and, where a model is given, missing, unexpected and wrong.
---
--- from: auto (default), torchsparse, spconv1, spconv2.0, spconv2, minkowski or dense. axes: the
--- order of coordinate columns, zyx or xyz, that the network will be fed; where it is not the one
--- that it was trained with (`trained`; zyx for SpConv's kernels, xyz for others, unless flat
--- kernels say otherwise), kernels are reversed. prefix: takes only names under it. model: a
--- module, or the name of one, to whose names and shapes the tensors are fitted; config: its
--- options. kernel_sizes: layer -> {k0,k1,k2} where shapes do not tell. dtype: "keep", or one for
--- all floating tensors; by default halves become float32.
---@param path string
---@param opts table|nil
---@return table<string, Tensor> state_dict
---@return table report
---@usage weights = lacuna.convert.load("net.h5", { from = "torchsparse", model = net })
---@usage net:load_state_dict(weights)
function convert.load(path, opts)
  check_path("convert", path)
  opts = errors.options("convert", opts, keys)
  local wanted = convert.options("convert", opts)
  return convert.with(path, function(source)
    local todo = plan.make(source, wanted)
    local dict = ordered.map()
    for _, step in ipairs(todo.steps) do
      if dict[step.target] == nil then dict[step.target] = plan.read(step, opts.dtype) end
    end
    plan.release(todo)
    local differences = wanted.model and plan.compare(todo, wanted.model)
    return dict, report.new(todo, differences)
  end)
end

local MAX_DEPTH = 128

-- Tables that occur twice stay one, so that what contains itself does here as well.
local function read_all(path, value, seen, depth)
  if type(value) ~= "table" then return value end
  if seen[value] then return seen[value] end
  if tree.is_tensor(value) then
    if seen.room then
      seen.room = seen.room - value:bytes()
      if seen.room < 0 then
        errors.raisef("convert: %s: its tensors share storages, and are too large together", path)
      end
    end
    seen[value] = value:read()
    return seen[value]
  end
  if depth > MAX_DEPTH then
    errors.raisef("convert: %s: more than %d tables inside one another", path, MAX_DEPTH)
  end
  local copy = tree.is_map(value) and ordered.map() or {}
  seen[value] = copy
  if tree.is_map(value) then
    for key, inner in value do copy[key] = read_all(path, inner, seen, depth + 1) end
  else
    for i = 1, #value do copy[i] = read_all(path, value[i], seen, depth + 1) end
  end
  return copy
end

--- All that is in a file as nested tables, with Tensors in the dtypes of the file: dicts keep their
--- order (`for key, value in dict do`), lists count from 1.
---@param path string
---@return any
---@usage weights = lacuna.convert.read("net.h5")
function convert.read(path)
  check_path("convert", path)
  return convert.with(path, function(source)
    local room = source.kind ~= "hdf5" and tree.most_bytes(source) or nil
    return read_all(path, source.value, { room = room }, 1)
  end)
end

return convert
