-- hdf5.lua: HDF5 files: tensors as datasets, texts and numbers as attributes.
--
-- A file that is written appears when `close` succeeds; one that was not closed leaves nothing.
-- libhdf5 is opened at the first use of this file's functions.

local ffi = require "ffi"
local errors = require "lacuna.errors"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C, ctx, out = native.C, native.ctx, native.out

local function owner(name, of, release)
  return ffi.metatype(name, { __gc = native.owner(name, of, release) })
end
local Handle = owner("lacuna_Hdf5", "lac_hdf5", C.lac_hdf5_release)
local Text = owner("lacuna_Text", "char", C.lac_text_free)

local hdf5 = {}

---@class lacuna.Hdf5
---@field path string
local methods = {}
local File = {}

local name_buffer = ffi.new("char[?]", 4096)
local count_box = ffi.new("int64_t[1]")
local stored_box = ffi.new("uint64_t[1]")
local desc = ffi.new("lac_tensor_desc")

-- Exactly representable in a Lua number.
local EXACT = 2 ^ 53

function File.__index(_, key)
  local method = methods[key]
  if method then return method end
  return errors.raisef("hdf5: a file has no field '%s'%s", tostring(key),
    errors.nearest(key, File.__names()))
end

function File.__names()
  local list = {}
  for name in pairs(methods) do list[#list + 1] = name end
  return list
end

function File.__newindex(_, key)
  return errors.raisef("hdf5: cannot set field '%s' of a file", tostring(key))
end

function File.__tostring(f)
  local state = rawget(f, "handle") and "" or ", closed"
  return string.format("Hdf5 '%s' (mode %s%s)", f.path, f.mode, state)
end

local function handle(f)
  local own = rawget(f, "handle")
  if not own then errors.raisef("hdf5: %s: is closed", f.path) end
  return own.h
end

local function check_string(v, name)
  if type(v) ~= "string" then
    errors.raisef("hdf5: %s is a %s, expected a string", name, type(v))
  end
  return v
end

local function check_path(path)
  if path == nil then return "/" end
  return check_string(path, "path")
end

--- Opens a file: mode "r" (default) to read it, "w" to write a new one, which replaces an older
--- file of that name at `close`.
---@param path string
---@param mode? string
---@return lacuna.Hdf5
---@usage file = lacuna.hdf5.open("net.h5")
---@usage for _, name in ipairs(file:list()) do print(name) end
function hdf5.open(path, mode)
  check_string(path, "path")
  mode = mode == nil and "r" or check_string(mode, "mode")
  local own = Handle()
  native.call(C.lac_hdf5_open, ctx, path, mode, own.box)
  return setmetatable({ handle = own, path = path, mode = mode }, File)
end

--- Finishes the file; it cannot be used afterwards. Closing twice does nothing.
---@usage file = lacuna.hdf5.open("features.h5", "w"); file:write("x", x.feats); file:close()
function methods.close(f)
  local own = rawget(f, "handle")
  if not own then return end
  rawset(f, "handle", nil)
  local status = C.lac_hdf5_close(own.h)
  local message = status ~= 0 and native.last_error()
  C.lac_hdf5_release(own.h)
  own.h = nil
  if message then errors.raise(message) end
end

--- "group", "dataset", or nil where there is nothing.
---@param path string
---@return string?
---@usage file:kind("0/kernel") == "dataset"
function methods.kind(f, path)
  native.call(C.lac_hdf5_kind, handle(f), check_path(path), out.int32)
  local kind = out.int32[0]
  return kind == 1 and "group" or kind == 2 and "dataset" or nil
end

--- Is there a group or dataset?
---@param path string
---@return boolean
---@usage file:exists("0/kernel")
function methods.exists(f, path)
  return methods.kind(f, path) ~= nil
end

local function names_of(f, path, count_function, name_function)
  native.call(count_function, handle(f), path, count_box)
  local list = {}
  for i = 1, tonumber(count_box[0]) do
    native.call(name_function, handle(f), path, i - 1, name_buffer, ffi.sizeof(name_buffer))
    list[i] = ffi.string(name_buffer)
  end
  return list
end

--- Names in a group, in the order in which they were made where the file keeps it.
---@param path? string  "/" by default
---@return string[]
---@usage file:list("0")
function methods.list(f, path)
  return names_of(f, check_path(path), C.lac_hdf5_count, C.lac_hdf5_name)
end

--- Names of the attributes of a group or dataset.
---@param path? string  "/" by default
---@return string[]
---@usage file:attrs("/")
function methods.attrs(f, path)
  return names_of(f, check_path(path), C.lac_hdf5_attr_count, C.lac_hdf5_attr_name)
end

--- A dataset without its values: {dtype=, shape=, bytes=}; bytes are those stored in the file.
---@param path string
---@return { dtype: string, shape: integer[], bytes: integer }
---@usage file:describe("0/kernel").shape
function methods.describe(f, path)
  native.call(C.lac_hdf5_describe, handle(f), check_path(path), desc, stored_box)
  local shape = {}
  for i = 1, desc.ndim do shape[i] = tonumber(desc.shape[i - 1]) end
  return { dtype = T.dtype_name(desc.dtype), shape = shape, bytes = tonumber(stored_box[0]) }
end

--- The tensor of a dataset. Strings of fixed length come as uint8, their length the last dimension.
---@param path string
---@return Tensor
---@usage kernel = file:read("0/kernel")
function methods.read(f, path)
  local y = T.blank()
  native.call(C.lac_hdf5_read, ctx, handle(f), check_path(path), y.box)
  return T.filled(y, f)
end

local write_options = { compress = true }

--- Writes a tensor; missing groups are made. compress: a deflate level, 0 (default) to 9.
---@param path string
---@param t Tensor
---@param opts? { compress: integer }
---@usage file = lacuna.hdf5.open("features.h5", "w")
---@usage file:write("scans/first", x.feats, { compress = 4 }); file:close()
function methods.write(f, path, t, opts)
  opts = errors.options("hdf5: write", opts, write_options)
  local level = opts.compress == nil and 0 or opts.compress
  if type(level) ~= "number" or level % 1 ~= 0 then
    errors.raisef("hdf5: write: compress = %s, expected 0 to 9", tostring(level))
  end
  local tensor = T.handle(t, "hdf5: write")
  native.call(C.lac_hdf5_write, ctx, handle(f), check_path(path), tensor, level)
  T.keep(t, f)
end

--- Makes a group and those above it, if they are not there.
---@param path string
---@usage file = lacuna.hdf5.open("features.h5", "w")
---@usage file:make_group("scans/first"); file:close()
function methods.make_group(f, path)
  native.call(C.lac_hdf5_make_group, handle(f), check_path(path))
end

-- An int64 as a number where that is exact.
local function exact(v)
  if v >= -EXACT and v <= EXACT then return tonumber(v) end
  return v
end

-- A number for one value, a table for several.
local function values_of(t)
  C.lac_tensor_describe(t.h, desc)
  local count = tonumber(C.lac_tensor_numel(t.h))
  local is_integer = desc.dtype == C.LAC_DTYPE_I64
  local single = desc.ndim == 0 or count == 1
  local buffer = ffi.new(is_integer and "int64_t[?]" or "double[?]", math.max(count, 1))
  native.call(C.lac_tensor_download, ctx, t.h, buffer, count * 8)
  if single then return is_integer and exact(buffer[0]) or buffer[0] end
  local list = {}
  for i = 1, count do list[i] = is_integer and exact(buffer[i - 1]) or buffer[i - 1] end
  T.keep(t)
  return list
end

local function read_attribute(f, path, name)
  local text, t = Text(), T.blank()
  native.call(C.lac_hdf5_attr_read, ctx, handle(f), path, name, text.box, t.box)
  if text.h ~= nil then
    local copy = ffi.string(text.h)
    C.lac_text_free(text.h)
    text.h = nil
    return copy
  end
  if t.h == nil then return nil end
  return values_of(T.filled(t, f))
end

local function is_integer(v)
  if type(v) == "cdata" then return ffi.istype("int64_t", v) end
  return v % 1 == 0 and math.abs(v) <= EXACT
end

local function check_number(v, name)
  if type(v) == "number" or (type(v) == "cdata" and ffi.istype("int64_t", v)) then return end
  errors.raisef("hdf5: attribute %s holds a %s, expected a string, a number or a list of numbers",
    name, type(v))
end

-- int64 where all values are integers, else float64.
local function tensor_of(value, name)
  local list = type(value) == "table" and value or { value }
  local all_integers = true
  for i = 1, #list do
    check_number(list[i], name)
    all_integers = all_integers and is_integer(list[i])
  end
  local buffer = ffi.new(all_integers and "int64_t[?]" or "double[?]", math.max(#list, 1))
  for i = 1, #list do buffer[i - 1] = all_integers and list[i] or tonumber(list[i]) end
  ffi.fill(desc, ffi.sizeof(desc))
  desc.size = ffi.sizeof(desc)
  desc.dtype = all_integers and C.LAC_DTYPE_I64 or C.LAC_DTYPE_F64
  desc.ndim = type(value) == "table" and 1 or 0
  desc.shape[0] = #list
  local t = T.blank()
  native.call(C.lac_tensor_create, ctx, desc, t.box)
  T.filled(t)
  native.call(C.lac_tensor_upload, ctx, t.h, buffer, #list * 8)
  return t
end

local function write_attribute(f, path, name, value)
  if type(value) == "string" then
    if value:find("\0", 1, true) then
      errors.raisef("hdf5: attribute %s: a text with a zero byte", name)
    end
    native.call(C.lac_hdf5_attr_write, ctx, handle(f), path, name, value, nil)
    return
  end
  local t = T.is(value) and value or tensor_of(value, name)
  native.call(C.lac_hdf5_attr_write, ctx, handle(f), path, name, nil, T.handle(t, "hdf5: attr"))
  T.keep(t, f)
end

--- Reads or writes an attribute of a group or dataset: a string, a number, or a list of numbers.
--- Reading one that is not there gives nil.
---@param path? string  "/" by default
---@param name string
---@param value? string|number|number[]|Tensor
---@return string|number|number[]|nil
---@usage file:attr("/", "format")
function methods.attr(f, path, name, value)
  path = check_path(path)
  check_string(name, "the attribute's name")
  if value == nil then return read_attribute(f, path, name) end
  return write_attribute(f, path, name, value)
end

return setmetatable(hdf5, { methods = methods }) -- for help
