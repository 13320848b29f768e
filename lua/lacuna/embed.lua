-- embed.lua: the Lua half of liblacuna_script: values of C, networks with shared weights.
--
-- C gives addresses of lac_value as light userdata. Texts and lists of results come from C's
-- allocator, because C frees them.

local ffi = require "ffi"
local native = require "lacuna.native"
local convert = require "lacuna.nn.convert"
local coords = require "lacuna.coords"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"
local points = require "lacuna.points"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local state_dict = require "lacuna.nn.state_dict"
local T = require "lacuna.tensor"
local weights_file = require "lacuna.nn.weights_file"

ffi.cdef [[
typedef struct lac_value {
  int32_t kind;
  int32_t count;
  double number;
  const char *text;
  size_t length;
  lac_tensor *tensor;
  lac_tensor *coords;
  lac_sparse *sparse;
  struct lac_value *items;
} lac_value;
int posix_memalign(void **, size_t, size_t);
]]

local C = native.C
local value_pointer = ffi.typeof "lac_value *"
local NIL, NUMBER, STRING, TENSOR, SPARSE, POINTS, LIST = 0, 1, 2, 3, 4, 5, 6
local MAX_DEPTH = 16

local embed = {}

-- from C ------------------------------------------------------------------------------------------

local function tensor(h, what)
  if h == nil then errors.raisef("script: a %s without a tensor", what) end
  local t = T.blank()
  C.lac_tensor_retain(h)
  t.h = h
  return T.filled(t)
end

local function sparse_tensor(h)
  local own = sparse.blank()
  C.lac_sparse_retain(h)
  own.h = h
  return sparse.filled(own)
end

local decode

local decoders = {
  [NIL] = function() return nil end,
  [NUMBER] = function(v) return v.number end,
  [STRING] = function(v)
    if v.text == nil then errors.raise "script: a string without a text" end
    return ffi.string(v.text, v.length)
  end,
  [TENSOR] = function(v) return tensor(v.tensor, "tensor") end,
  [SPARSE] = function(v)
    if v.sparse == nil then errors.raise "script: a sparse value without a tensor" end
    return sparse_tensor(v.sparse)
  end,
  [POINTS] = function(v)
    return points.new(tensor(v.tensor, "point tensor"), tensor(v.coords, "point tensor"))
  end,
  [LIST] = function(v, depth)
    if depth > MAX_DEPTH then errors.raise "script: lists nested too deep" end
    local list = {}
    for i = 1, v.count do list[i] = decode(v.items + (i - 1), depth + 1) end
    return list
  end,
}

function decode(v, depth)
  local decoder = decoders[v.kind]
  if not decoder then errors.raisef("script: no kind of value %d", v.kind) end
  return decoder(v, depth)
end

--- The value at an address.
function embed.decode(address)
  return decode(ffi.cast(value_pointer, address), 1)
end

-- to C --------------------------------------------------------------------------------------------

local function computed(t)
  local h = T.handle(t, "script", "result")
  native.call(C.lac_tensor_force, native.ctx, h)
  return h
end

-- A reference of C's own, to a result that is computed.
local function give(t)
  local h = computed(t)
  C.lac_tensor_retain(h)
  return h
end

-- Memory for a field of `v`, straight into it: the address on its own would take memory of Lua's.
local function allocate(v, field, bytes)
  local at = ffi.cast("void **", ffi.cast("char *", v) + ffi.offsetof("lac_value", field))
  if ffi.C.posix_memalign(at, 16, bytes) ~= 0 then
    native.call(C.lac_fail, C.LAC_ERR_OOM, "script: out of memory for a result")
  end
end

local function put_text(v, text)
  allocate(v, "text", #text + 1)
  v.length, v.kind = #text, STRING
  ffi.copy(ffi.cast("char *", v.text), text)
end

local encode

local function is_list(value)
  if type(value) ~= "table" then return false end
  local meta = getmetatable(value)
  if meta ~= nil and not meta.__call then return false end
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" then return false end
    count = count + 1
  end
  return count == #value
end

-- What C has seen so far is always complete, so that it can release it after an error.
local function put_list(v, list, depth)
  if depth > MAX_DEPTH then errors.raise "script: lists nested too deep" end
  if #list > 0 then
    local bytes = #list * ffi.sizeof "lac_value"
    allocate(v, "items", bytes)
    ffi.fill(v.items, bytes)
  end
  v.count, v.kind = #list, LIST
  for i = 1, #list do encode(v.items + (i - 1), list[i], depth + 1) end
end

function encode(v, value, depth)
  local kind = type(value)
  if T.is(value) or coords.is(value) then
    v.tensor = give(T.is(value) and value or value:tensor())
    v.kind = TENSOR
  elseif sparse.is(value) then
    computed(value.feats)
    local h = sparse.handle(value, "script")
    C.lac_sparse_retain(h)
    v.sparse, v.kind = h, SPARSE
  elseif points.is(value) then
    v.tensor = give(value.feats)
    v.kind = POINTS
    v.coords = give(value.coords)
  elseif kind == "nil" then
    v.kind = NIL
  elseif kind == "number" then
    v.number, v.kind = value, NUMBER
  elseif kind == "boolean" then
    v.number, v.kind = value and 1 or 0, NUMBER
  elseif kind == "string" then
    put_text(v, value)
  elseif kind == "cdata" and (ffi.istype("int64_t", value) or ffi.istype("uint64_t", value)) then
    v.number, v.kind = tonumber(value), NUMBER
  elseif is_list(value) then
    put_list(v, value, depth)
  else
    errors.raisef("script: a result is a %s, expected a number, a string, a Tensor, a "
      .. "SparseTensor, a PointTensor or a list of these",
      kind == "table" and getmetatable(value) == nil and "table with names" or kinds.of(value))
  end
end

--- Writes a value to an address that holds zeros.
function embed.encode(address, value)
  encode(ffi.cast(value_pointer, address), value, 1)
end

local function put_results(out, m, ...)
  local count = select("#", ...)
  for i = 1, math.min(m, count) do encode(out + (i - 1), (select(i, ...)), 1) end
end

--- fn(values of `given`), its results to `out`.
function embed.run(fn, given, n, out, m)
  native.status = nil
  local arguments = {}
  local first = ffi.cast(value_pointer, given)
  for i = 1, n do arguments[i] = decode(first + (i - 1), 1) end
  put_results(ffi.cast(value_pointer, out), m, fn(unpack(arguments, 1, n)))
end

--- The lac_status behind a message: that of the operation which failed with it, or nil.
function embed.status(message)
  local status, text = native.status, native.last_error()
  native.status = nil
  if status and text ~= "" and message:sub(-#text) == text then return status end
end

-- networks ----------------------------------------------------------------------------------------

local function parse(op, text)
  local ok, json = pcall(require, "cjson")
  if not ok then errors.raisef("%s: the Lua module cjson is missing: install lua-cjson", op) end
  local good, value = pcall(json.decode, text)
  if not good or type(value) ~= "table" then
    errors.raisef("%s: the config is %s, expected a JSON object", op,
      good and "a " .. type(value) or tostring(value))
  end
  local function plain(t)
    local copy = {}
    for key, item in pairs(t) do
      if type(item) == "table" then item = plain(item) end
      if item ~= json.null then copy[key] = item end -- null means: not given
    end
    return copy
  end
  return plain(value)
end

-- A file may choose options, but names no other file.
local function check_paths(config)
  for _, value in pairs(config) do
    if type(value) == "string" and value:find("/", 1, true) then
      errors.raise("load_model: the config in the file of weights has a path, which is not opened "
        .. "on a file's word")
    end
    if type(value) == "table" then check_paths(value) end
  end
  return config
end

local function config_of(w, name)
  local text = w and C.lac_weights_arch(w)
  if text == nil then return {} end
  local arch = parse("load_model", ffi.string(text))
  if arch.model ~= name or type(arch.config) ~= "table" then return {} end
  return check_paths(arch.config)
end

local function tensors_of(w)
  local names, found = {}, {}
  for i = 1, tonumber(C.lac_weights_count(w)) do
    local name = ffi.string(C.lac_weights_name(w, i - 1))
    local t = T.blank()
    native.call(C.lac_weights_get, w, name, t.box)
    names[i], found[name] = name, T.filled(t)
  end
  return names, found
end

-- The network's tensors become those of the weights. A convolution packs them once for all.
local function share(net, w)
  local names, given = tensors_of(w)
  local own = net:state_dict()
  local lists = state_dict.compare(own, names, function(name)
    return given[name] and shape.of(given[name])
  end)
  if state_dict.differ(lists) then
    errors.raisef("load_model: the weights do not fit %s: %s", weights_file.title(net),
      state_dict.describe(lists))
  end
  local replacement = {}
  for name, t in own do
    local shared = given[name]
    if shared and shared:dtype() ~= t:dtype() then shared = shared:to(t:dtype()) end
    replacement[t] = shared
  end
  convert.replace_tensors(net, function(t) return replacement[t] or t end)
end

-- Elements of the weights: a model of more was not meant.
local function elements(w)
  local count = 0
  local _, given = tensors_of(w)
  for _, t in pairs(given) do count = count + t:numel() end
  return count
end

--- A network by the name or path of its script, with an options text and shared weights or nil.
function embed.load(file, config, weights)
  native.status = nil
  local constructor = require("lacuna.models").constructor(file)
  local w = weights and ffi.cast("lac_weights *", weights) or nil
  local options = config and parse("load_model", config) or config_of(w, file)
  local net
  if w and not config then
    net = require("lacuna.nn.init_parameter").within(elements(w), function()
      return constructor(options)
    end)
  else
    net = constructor(options)
  end
  if w then share(net, w) end
  if T.default_device ~= "cpu" then net:to(T.default_device) end
  return net
end

--- The start of a script: returns its globals.
function embed.start(restricted, value_size)
  if ffi.sizeof "lac_value" ~= value_size then
    error("script: liblacuna_script is of another version than the Lua package", 0)
  end
  local lacuna = require "lacuna"
  if restricted then return require("lacuna.restricted").environment(lacuna) end
  return _G
end

return embed
