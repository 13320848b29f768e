-- tensor.lua: the Tensor class: the owner of a lac_tensor handle (native.owner), and what the other
-- tensor_*.lua files build on.
--
-- A handle is a plain pointer that does not keep its Tensor alive. So a function that calls C
-- mentions its tensors once more after the call: `return filled(y, a, b)`. Otherwise a collection
-- in between (native.call collects when memory runs short) could release them. The result `y` is
-- there before the call, as a blank Tensor: after it Lua may run out of memory, and a handle that
-- has no Tensor would never be released.

local ffi = require "ffi"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C = native.C
local REFERENCE = ffi.sizeof "void *"
local release = native.owner("lacuna_Tensor", "lac_tensor", C.lac_tensor_release)
local T = {}

--- Methods of tensors; the other files add theirs.
T.methods = {}
local methods = T.methods

--- Where tensors are made that name no device (lacuna.set_default_device).
T.default_device = (function()
  local kind, at = ffi.new("lac_device[1]"), ffi.new("int32_t[1]")
  C.lac_context_default_device(native.ctx, kind, at)
  return device.name(tonumber(kind[0]), at[0])
end)()

--- nil, or a function that sees every new Tensor (lacuna.scope).
T.on_wrap = nil

local Tensor -- the ctype
local desc = ffi.new("lac_tensor_desc")
local istype = ffi.istype

-- dtypes ------------------------------------------------------------------------------------------

local names = { [0] = "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }
local codes = {}
for code = 0, #names do codes[names[code]] = code end
local aliases = {
  float = "float32", half = "float16", double = "float64", int = "int32", long = "int64",
}

--- The names of all dtypes.
T.dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }

--- lac_dtype of a name; raises for what is none.
---@param name string
---@param op? string
---@return integer
function T.dtype_code(name, op)
  local code = codes[name] or codes[aliases[name] or ""]
  if code then return code end
  return errors.raisef("%s: no dtype '%s'%s", op or "dtype", tostring(name),
    errors.nearest(name, { unpack(T.dtypes) }))
end

--- Name of a lac_dtype.
function T.dtype_name(code)
  return names[tonumber(code)]
end

function T.is_floating(code)
  return code <= 3
end

-- handles -----------------------------------------------------------------------------------------

--- A Tensor without a tensor, for C to write one to: native.call(C.lac_..., y.box).
---@return Tensor
function T.blank()
  return Tensor()
end

--- The Tensor, now that C has written to it. More arguments are ignored: see the head of this file.
---@return Tensor
function T.filled(t)
  if T.on_wrap then T.on_wrap(t) end
  return t
end

--- Gives a tensor back and leaves a blank Tensor, without memory of Lua's.
function T.drop(t)
  release(t)
  ffi.fill(t, REFERENCE)
end

--- Does nothing: mentions tensors, so that they live until here.
function T.keep() end

---@return boolean
function T.is(v)
  return istype(Tensor, v)
end

-- Tensors made for Coords by `other_handle`: the last few stay alive until C has used them.
T.made = {}
local made_count = 0

local function what(v)
  if type(v) == "table" then
    local class = getmetatable(v)
    class = type(class) == "table" and rawget(class, "__name")
    return class and "a " .. class or "a table"
  end
  return v == nil and "nil" or "a " .. type(v)
end

local function other_handle(v, op, name)
  local coords = package.loaded["lacuna.coords"] -- which requires this file
  if type(v) == "cdata" and coords and coords.is(v) then
    local t = v:tensor()
    made_count = made_count % 4 + 1
    T.made[made_count] = t
    return t.h
  end
  return errors.raisef("%s: %s is %s, expected a Tensor", op, name or "argument", what(v))
end

local function freed(op)
  return errors.raisef("%s: the tensor was freed", op or "tensor")
end

--- The lac_tensor of a Tensor that was not freed, or of a Coords; raises for anything else.
---@param v any
---@param op string  names the operation in the error
---@param name? string  names the argument in the error
function T.handle(v, op, name)
  if istype(Tensor, v) then
    local h = v.h
    if h == nil then return freed(op) end
    return h
  end
  return other_handle(v, op, name)
end
local handle = T.handle

-- shape -------------------------------------------------------------------------------------------

--- The description of `v`, valid until the next call.
function T.describe(v, op)
  C.lac_tensor_describe(handle(v, op), desc)
  return desc
end

--- "[2, 3]"
function T.shape_text(v)
  local d, parts = T.describe(v, "tensor"), {}
  for i = 0, d.ndim - 1 do parts[i + 1] = tostring(tonumber(d.shape[i])) end
  return "[" .. table.concat(parts, ", ") .. "]"
end

--- C's number of dimension `d` (1 is the first, -1 the last) of a tensor with `ndim`.
function T.dimension(op, ndim, d)
  if type(d) == "number" and d % 1 == 0 then
    if d >= 1 and d <= ndim then return d - 1 end
    if d < 0 and d >= -ndim then return d + ndim end
  end
  return errors.raisef("%s: dimension %s of a tensor with %d, expected 1 to %d or -1",
    op, tostring(d), ndim, ndim)
end

--- Checks a whole number; returns it.
function T.whole(op, name, n)
  if type(n) == "number" and n % 1 == 0 and n > -2^53 and n < 2^53 then return n end
  return errors.raisef("%s: %s is %s, expected a whole number", op, name, tostring(n))
end

--- Sizes given as numbers or as one table, as an array for C, and how many.
function T.sizes(op, ...)
  local list = ...
  if type(list) ~= "table" then list = { ... } end
  local n = #list
  if n > 8 then return errors.raisef("%s: %d dimensions, expected at most 8", op, n) end
  local shape = ffi.new("int64_t[8]")
  for i = 1, n do shape[i - 1] = T.whole(op, "size " .. i, list[i]) end
  return shape, n
end

--- The sizes as a table, or the size of one dimension.
---@param d? integer
---@return table|integer
---@usage rows, columns = t:size(1), t:size(2)
function methods.size(t, d)
  C.lac_tensor_describe(handle(t, "size"), desc)
  if d ~= nil then return tonumber(desc.shape[T.dimension("size", desc.ndim, d)]) end
  local sizes = {}
  for i = 0, desc.ndim - 1 do sizes[i + 1] = tonumber(desc.shape[i]) end
  return sizes
end

--- Number of dimensions.
---@return integer
---@usage t:dim() == 2
function methods.dim(t)
  C.lac_tensor_describe(handle(t, "dim"), desc)
  return desc.ndim
end

--- Number of elements.
---@return integer
---@usage t:numel() == 12
function methods.numel(t)
  return tonumber(C.lac_tensor_numel(handle(t, "numel")))
end

--- The type of the elements.
---@return string  "float32" and so on
---@usage lacuna.zeros({ 3 }, { dtype = t:dtype() })
function methods.dtype(t)
  C.lac_tensor_describe(handle(t, "dtype"), desc)
  return names[tonumber(desc.dtype)]
end

--- Where the tensor is.
---@return string  "cpu", "cuda" or "cuda:1"
---@usage lacuna.zeros({ 3 }, { device = t:device() })
function methods.device(t)
  C.lac_tensor_describe(handle(t, "device"), desc)
  return device.name(tonumber(desc.device), desc.device_index)
end

--- Do the elements lie in order without gaps?
---@return boolean
---@usage t:t():is_contiguous()
function methods.is_contiguous(t)
  return C.lac_tensor_is_contiguous(handle(t, "is_contiguous")) ~= 0
end

--- True while the result of an operation has not been computed.
---@return boolean
---@usage net(x).feats:is_pending()
function methods.is_pending(t)
  return C.lac_tensor_is_pending(handle(t, "is_pending")) ~= 0
end

--- Computes the tensor if it is pending; returns it.
---@usage y = net(x).feats:force()
function methods.force(t)
  native.call(C.lac_tensor_force, native.ctx, handle(t, "force"))
  return t
end

--- Counts the writes to the tensor's memory.
---@return integer
---@usage before = t:version(); t:fill_(0)
---@usage t:version() > before
function methods.version(t)
  return tonumber(C.lac_tensor_version(handle(t, "version")))
end

--- Gives the memory back at once; the tensor raises when it is used again. Views keep theirs.
---@usage y = t:exp(); t:free()
function methods.free(t)
  if t.h ~= nil then
    C.lac_tensor_release(t.h)
    t.h = nil
    T.released()
  end
end

local pointers = {
  [0] = "float *", "uint16_t *", "uint16_t *", "double *", "int32_t *", "int64_t *", "uint8_t *",
}
for code = 0, #pointers do pointers[code] = ffi.typeof(pointers[code]) end

--- Pointer to the first element: float*, uint16_t* for the halves, and so on. Valid as long as the
--- tensor; call t:modified() after writing through it. LuaJIT takes a NaN that it did not make for
--- another object when it is read through a pointer: t:totable() and t:item() are safe.
---@return ffi.cdata*
---@usage p = t:contiguous():data(); print(p[0])
function methods.data(t)
  local box = native.out.pointer
  if T.describe(t, "data").device ~= C.LAC_DEVICE_CPU then
    return errors.raisef("data: the tensor is on %s, expected cpu: take t:cpu():data()", t:device())
  end
  native.call(C.lac_tensor_data, native.ctx, handle(t, "data"), box)
  local p = box[0]
  return ffi.cast(pointers[tonumber(T.describe(t, "data").dtype)], p)
end

--- Says that the memory was written through data().
---@usage p = t:data(); p[0] = 1; t:modified()
function methods.modified(t)
  C.lac_tensor_modified(handle(t, "modified"))
  return t
end

-- the metatype ------------------------------------------------------------------------------------

local index = require("lacuna.tensor_index")(T)

local function unknown(key)
  local list = {}
  for name in pairs(methods) do list[#list + 1] = name end
  if type(key) ~= "string" then
    return errors.raisef("tensor: indexed with %s, expected a number, a table or a method's name",
      what(key))
  end
  return errors.raisef("tensor: no field or method '%s'%s", key, errors.nearest(key, list))
end

local meta = {}

function meta.__index(t, key)
  local method = methods[key]
  if method then return method end
  if type(key) == "number" or type(key) == "table" then return index.get(t, key) end
  return unknown(key)
end

function meta.__newindex(t, key, value)
  if type(key) == "number" or type(key) == "table" then return index.set(t, key, value) end
  return errors.raisef("tensor: a tensor has no fields to assign ('%s')", tostring(key))
end

function meta.__gc(t)
  release(t)
  T.released()
end

function meta.__len(t)
  local d = T.describe(t, "#")
  if d.ndim == 0 then return errors.raise "#: a tensor of shape [] has no rows" end
  return tonumber(d.shape[0])
end

-- Identity: two names of one tensor. `t == nil` arrives here as well.
function meta.__eq(a, b)
  if not (istype(Tensor, a) and istype(Tensor, b)) then return false end
  if a.h == nil or b.h == nil then return ffi.cast("void *", a) == ffi.cast("void *", b) end
  return a.h == b.h
end

function meta.__lt()
  return errors.raise "tensor: '<' and '>' give one boolean, use t:lt(other) or t:gt(other)"
end

function meta.__le()
  return errors.raise "tensor: '<=' and '>=' give one boolean, use t:le(other) or t:ge(other)"
end

require("lacuna.tensor_arith")(T, meta)
require("lacuna.tensor_shape")(T)
require("lacuna.tensor_select")(T)
require("lacuna.tensor_reduce")(T)
require("lacuna.tensor_table")(T)
meta.__tostring = function(t) return require("lacuna.tensor_print")(T, t) end

Tensor = ffi.metatype("lacuna_Tensor", meta)

--- The ctype of tensors.
T.ctype = Tensor

--- A new tensor with undefined content.
---@param op string
---@param code integer  lac_dtype
---@param shape ffi.cdata*  int64_t[8]
---@param ndim integer
---@param on? string  a device
---@return Tensor
function T.empty(op, code, shape, ndim, on)
  local kind, at = device.parse(on, op)
  for i = 0, ndim - 1 do
    if shape[i] < 0 then
      return errors.raisef("%s: size %d of dimension %d is negative", op, tonumber(shape[i]), i + 1)
    end
  end
  desc.size = ffi.sizeof(desc)
  desc.dtype = code
  desc.device = kind
  desc.device_index = at
  desc.ndim = ndim
  ffi.copy(desc.shape, shape, 64)
  local y = Tensor()
  native.call(C.lac_tensor_create, native.ctx, desc, y.box)
  return T.filled(y)
end

return T
