-- convert.lua: `lacuna convert IN OUT.h5`: weights of other engines as a weights file.

local common = require "lacuna.cli.common"
local tree = require "lacuna.convert.tree"

local convert = {}

local description = [[
Writes the weights in a PyTorch (.pt, .pth), safetensors or HDF5 file as a weights file (HDF5) for
Lacuna, and prints what became of every tensor. Nothing in the input is executed. The output appears
whole or not at all.]]

-- "stem.0=3x2x4", "stem.0=3" -> name, size
local function kernel_size(text)
  local name, size = text:match("^(.+)=([%dx]+)$")
  local list = {}
  for edge in (size or ""):gmatch("%d+") do list[#list + 1] = tonumber(edge) end
  if #list == 1 then list = { list[1], list[1], list[1] } end
  if #list ~= 3 or math.min(list[1], list[2], list[3]) < 1 then
    return nil, "'" .. text .. "' is not LAYER=K or LAYER=K0xK1xK2"
  end
  return { name = name, size = list }
end

local function json_object(text)
  local ok, value = pcall(function() return require("cjson").decode(text) end)
  if not ok or type(value) ~= "table" then return nil, "'" .. text .. "' is not a JSON object" end
  return value
end

local function make_parser()
  local parser = common.parser("convert", description)
  parser:argument("input", "PyTorch, safetensors or HDF5 file")
  parser:argument("output", "HDF5 file to write")
  parser:option("--from", "layout of the kernels: auto finds it, says why, and asks where two fit")
    :choices { "auto", "torchsparse", "spconv1", "spconv2.0", "spconv2", "minkowski", "dense" }
    :default "auto"
  parser:option("--axes", "order of the coordinate columns that the network will be fed; where it "
    .. "was trained with the other, kernels are reversed (strides, paddings and kernel sizes of "
    .. "the model then reverse too)"):choices { "zyx", "xyz" }
  parser:option("--trained", "order that it was trained with (default: zyx for SpConv's kernels, "
    .. "xyz for others, unless kernels along one axis say otherwise)"):choices { "zyx", "xyz" }
  parser:option("--prefix", "takes only the tensors whose names begin so, without it")
  parser:option("--model", "a name from models/ or a Lua file that returns a constructor: names "
    .. "become its names, and every tensor of it has to be there")
  parser:option("--config", "options of the model, as JSON"):convert(json_object)
  parser:option("--kernel-size", "LAYER=K0xK1xK2, for kernels whose size their shape does not tell")
    :count "*":convert(kernel_size)
  parser:option("--dtype", "of floating tensors (default: halves become float32; keep: as stored)")
    :choices { "float32", "float16", "bfloat16", "keep" }
  parser:option("--compress", "deflate level, 0 to 9"):convert(common.integer(0)):default "0"
  parser:flag("--no-strict", "write the file even if it does not fit the model")
  parser:flag("--json", "the report as one JSON object")
  return parser
end

local function same_file(a, b)
  local ffi = require "ffi"
  ffi.cdef "char *realpath(const char *path, char *resolved); void free(void *p);"
  local function resolved(path)
    local text = ffi.C.realpath(path, nil)
    if text == nil then return nil end
    local copy = ffi.string(text)
    ffi.C.free(text)
    return copy
  end
  local one = resolved(a)
  return one ~= nil and one == resolved(b)
end

-- How the model was made, for programs that find only the weights.
local function arch_of(model)
  return rawget(model.net, "_slots").value.arch
end

-- Reads, converts and writes one tensor after the other.
local function write(lacuna, todo, options, model)
  local plan = require "lacuna.convert.plan"
  local file = lacuna.hdf5.open(options.output, "w")
  require("lacuna.weights_format").write(file,
    model and not options.no_strict and arch_of(model) or nil)
  file:attr("/", "source", (options.input:match("[^/]*$")))
  if todo.layout then file:attr("/", "layout", todo.layout) end
  local bar = lacuna.progress(#todo.steps, { label = "convert" })
  for _, step in ipairs(todo.steps) do
    local t, stored_as = plan.read(step, options.dtype)
    local at = "/" .. step.target:gsub("%.", "/")
    file:write(at, t, { compress = tonumber(options.compress) })
    if t:dtype() ~= stored_as then file:attr(at, "source_dtype", stored_as) end
    t:free()
    bar:step()
  end
  bar:finish()
  plan.release(todo)
  file:close()
end

local function print_report(report, options, written)
  if not options.json then
    print(report)
    if written then
      print(string.format("%s: %d tensors", options.output, #report.tensors))
    end
    return
  end
  report.output = written and options.output or nil
  print(common.json(setmetatable(report, nil), {
    "shape", "target_shape", "tensors", "not_taken", "missing", "unexpected", "wrong", "reasons",
  }))
end

-- The tensors' paths in the output: one must not be a group above another.
local function check_paths(todo)
  local taken = {}
  for _, step in ipairs(todo.steps) do taken[step.target:gsub("%.", "/")] = step.source end
  for path, key in pairs(taken) do
    if path == "" or path:find("^/") or path:find("/$") or path:find("//", 1, true) then
      common.fail("convert: %s: '%s' is no name that a tensor in HDF5 can have", todo.path,
        tree.shown(key))
    end
    local above = path:match("^(.*)/[^/]*$")
    while above do
      if taken[above] then
        common.fail("convert: %s: '%s' and '%s' cannot both be in one HDF5 file", todo.path,
          tree.shown(taken[above]), tree.shown(key))
      end
      above = above:match("^(.*)/[^/]*$")
    end
  end
end

function convert.main(args)
  local options = common.parse(make_parser(), args)
  if not options then return 2 end
  common.check_readable(options.input)
  if same_file(options.input, options.output) then
    common.fail("%s: input and output are the same file", options.input)
  end
  local lacuna = require "lacuna"
  local plan, report = require "lacuna.convert.plan", require "lacuna.convert.report"
  local sizes = {}
  for _, given in ipairs(options.kernel_size) do sizes[given.name] = given.size end
  local wanted = lacuna.convert.options("convert", {
    from = options.from, axes = options.axes, trained = options.trained, prefix = options.prefix,
    model = options.model, config = options.config, kernel_sizes = sizes, dtype = options.dtype,
  })
  return lacuna.convert.with(options.input, function(source)
    local todo = plan.make(source, wanted)
    local differences = wanted.model and plan.compare(todo, wanted.model)
    local told = report.new(todo, differences)
    if told.complete == false and not options.no_strict then
      print_report(told, options, false)
      common.fail("%s does not fit %s, nothing is written: %s", options.input, options.model,
        require("lacuna.nn.state_dict").describe(differences))
    end
    check_paths(todo)
    common.on_file(options.output, write, lacuna, todo, options, wanted.model)
    print_report(told, options, true)
    return 0
  end)
end

return convert
