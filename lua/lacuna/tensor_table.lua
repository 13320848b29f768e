-- tensor_table.lua: tensors from Lua tables and C memory, and back.

local ffi = require "ffi"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C, ctx = native.C, native.ctx
local band = require("bit").band
local int64_t = ffi.typeof("int64_t")

-- How elements of a dtype are held by C; halves travel as float32.
local arrays = {
  float32 = ffi.typeof("float[?]"), float64 = ffi.typeof("double[?]"),
  int32 = ffi.typeof("int32_t[?]"),
  int64 = ffi.typeof("int64_t[?]"), uint8 = ffi.typeof("uint8_t[?]"),
}
local half = { float16 = true, bfloat16 = true }
local lowest = { int32 = -2^31, int64 = -2^63, uint8 = 0 }
local beyond = { int32 = 2^31, int64 = 2^63, uint8 = 2^8 }

local function place(path)
  return #path == 0 and "the value" or "element [" .. table.concat(path, "][") .. "]"
end

-- Shape of a nested table, by its first elements.
local function shape_of(value)
  local shape = {}
  while type(value) == "table" do
    shape[#shape + 1] = #value
    value = value[1]
  end
  return shape
end

local function bad_element(path, v, dtype)
  if type(v) == "number" or ffi.istype(int64_t, v) then
    return errors.raisef("tensor: %s is %s, which does not fit %s", place(path), tostring(v), dtype)
  end
  return errors.raisef("tensor: %s is a %s, expected a number", place(path), type(v))
end

-- Checks `v` for `dtype`: a number that the buffer takes.
local function element(path, v, dtype)
  local low = lowest[dtype]
  if type(v) == "number" then
    if low == nil or (v % 1 == 0 and v >= low and v < beyond[dtype]) then return v end
  elseif ffi.istype(int64_t, v) then
    if low == nil then return tonumber(v) end
    if dtype == "int64" or (v >= low and v < beyond[dtype]) then return v end
  end
  return bad_element(path, v, dtype)
end

local function fill(buffer, at, value, shape, depth, path, dtype)
  if depth > #shape then
    buffer[at] = element(path, value, dtype)
    return at + 1
  end
  if type(value) ~= "table" then
    return errors.raisef("tensor: %s is a %s, expected a table of %d",
      place(path), type(value), shape[depth])
  end
  if #value ~= shape[depth] then
    return errors.raisef("tensor: %s has %d elements, expected %d as in the first",
      place(path), #value, shape[depth])
  end
  for i = 1, shape[depth] do
    path[depth] = i
    at = fill(buffer, at, value[i], shape, depth + 1, path, dtype)
  end
  path[depth] = nil
  return at
end

return function(T)
  local methods, blank, filled, handle = T.methods, T.blank, T.filled, T.handle

  --- A tensor from a number or a nested table.
  function T.from_table(value, dtype)
    local held = half[dtype] and "float32" or dtype
    local sizes = shape_of(value)
    local shape, ndim = T.sizes("tensor", sizes)
    local total = 1
    for i = 1, ndim do total = total * sizes[i] end
    local buffer = arrays[held](math.max(total, 1))
    fill(buffer, 0, value, sizes, 1, {}, held)
    local t = T.empty("tensor", T.dtype_code(held), shape, ndim)
    native.call(C.lac_tensor_upload, ctx, t.h, buffer, total * ffi.sizeof(arrays[held], 1))
    return held == dtype and t or t:to(dtype)
  end

  -- The elements of `t` in a C array, and how many.
  local function download(t)
    local dtype = t:dtype()
    if half[dtype] then t, dtype = t:float(), "float32" end
    t = t:contiguous()
    local n = t:numel()
    local buffer = arrays[dtype](math.max(n, 1))
    native.call(C.lac_tensor_download, ctx,
      handle(t, "totable"), buffer, n * ffi.sizeof(arrays[dtype], 1))
    T.keep(t)
    return buffer, dtype
  end

  -- LuaJIT marks its own types with NaN bits and takes over numbers from C as they are: a NaN with
  -- other bits than its own would become any object. So the bits are looked at first.
  local function is_nan(buffer, i, dtype)
    if dtype == "float32" then
      return band(ffi.cast("int32_t *", buffer)[i], 0x7fffffff) > 0x7f800000
    end
    local words = ffi.cast("int32_t *", buffer) + 2 * i
    local high = band(words[1], 0x7fffffff)
    return high > 0x7ff00000 or (high == 0x7ff00000 and words[0] ~= 0)
  end

  -- Element i of a C array; int64 as a number where that is exact.
  local function plain(buffer, i, dtype)
    if dtype == "float32" or dtype == "float64" then
      if is_nan(buffer, i, dtype) then return 0 / 0 end
      return buffer[i]
    end
    local v = buffer[i]
    if dtype ~= "int64" or (v > -2^53 and v < 2^53) then return tonumber(v) end
    return v + 0LL
  end

  local function nest(buffer, dtype, sizes, depth, at)
    local list = {}
    if depth == #sizes then
      for i = 1, sizes[depth] do list[i] = plain(buffer, at + i - 1, dtype) end
      return list, at + sizes[depth]
    end
    for i = 1, sizes[depth] do list[i], at = nest(buffer, dtype, sizes, depth + 1, at) end
    return list, at
  end

  --- Nested tables of numbers. int64 values that no number holds stay int64 cdata.
  ---@return table|number
  ---@usage for _, row in ipairs(t:totable()) do print(unpack(row)) end
  function methods.totable(t)
    handle(t, "totable")
    local buffer, dtype = download(t)
    local sizes = t:size()
    if #sizes == 0 then return plain(buffer, 0, dtype) end
    return (nest(buffer, dtype, sizes, 1, 0))
  end

  --- The element of a tensor that has one: a number, or an int64 cdata from an int64 tensor.
  ---@return number|ffi.cdata*
  ---@usage t:sum():item()
  function methods.item(t)
    if C.lac_tensor_numel(handle(t, "item")) ~= 1 then
      return errors.raisef("item: a tensor of shape %s, expected one element", T.shape_text(t))
    end
    local buffer, dtype = download(t)
    if dtype == "int64" then return buffer[0] end
    return plain(buffer, 0, dtype)
  end

  -- C memory --------------------------------------------------------------------------------------

  local bases = {}
  local elements = {
    float32 = "float", float64 = "double", int32 = "int32_t", int64 = "int64_t", uint8 = "uint8_t",
  }
  for name, ctype in pairs(elements) do
    bases[tostring(ffi.typeof(ctype .. " *")):match("^ctype<(.-) %*>$")] = name
  end

  -- dtype that a pointer or array points to, and how many elements an array has.
  local function pointee(data)
    local text = tostring(ffi.typeof(data)):match("^ctype<(.-)>$")
    text = text:gsub("const ", ""):gsub("volatile ", "")
    local base, rest = text:match("^(.-) ?([%*%[%(&].*)$")
    local length
    if rest and rest:match("^%[") then length = ffi.sizeof(data) end
    return bases[base], length, base
  end

  -- Wrapped memory: {sentinel, cdata}. When the last view is gone, C counts a write on the
  -- sentinel, which may happen on any thread; the cdata is let go when somebody looks. Both are
  -- held before the memory is used.
  local wrapped = {} -- each entry -> true

  local function sweep()
    for entry in pairs(wrapped) do
      -- Asking may collect, and a finalizer sweep: so the entry is looked up after it.
      if C.lac_tensor_version(entry.sentinel) > 0 and wrapped[entry] then
        wrapped[entry] = nil
        C.lac_tensor_release(entry.sentinel)
      end
    end
  end

  --- How many cdata are held for tensors that use their memory.
  function T.wrapped_count()
    local n = 0
    for _ in pairs(wrapped) do n = n + 1 end
    return n
  end

  local modified = C.lac_tensor_modified
  local signal = ffi.cast("void (*)(void *)", modified)

  local function wrap_memory(data, code, shape, ndim)
    sweep()
    local sentinel = T.empty("tensor", C.LAC_DTYPE_U8, ffi.new("int64_t[8]"), 1)
    local size = ffi.sizeof("lac_tensor_desc")
    local desc = ffi.new("lac_tensor_desc", { size = size, dtype = code, ndim = ndim })
    ffi.copy(desc.shape, shape, 64)
    local t, h, at = blank(), sentinel.h, ffi.cast("void *", data)
    local box, retain, take = t.box, C.lac_tensor_retain, C.lac_tensor_wrap
    -- From here on nothing takes memory but the call that is watched.
    wrapped[{ sentinel = h, data = data }] = true
    retain(h)
    T.keep(sentinel)
    local ok, message = pcall(native.call, take, ctx, desc, at, signal, h, box)
    if not ok then
      T.drop(t) -- which has a tensor where Lua had no memory for C's status
      modified(h)
      error(message, 0)
    end
    return filled(t)
  end

  --- Called when a tensor is released: lets wrapped memory go.
  function T.released()
    if next(wrapped) then sweep() end
  end

  local function check_length(length, total, size)
    if length and length < total * size then
      return errors.raisef("tensor: a C array of %d bytes for a shape of %d", length, total * size)
    end
  end

  --- A tensor from a pointer or array; opts.shape says how much, and opts.dtype what, where the C
  --- type does not.
  function T.from_memory(data, opts)
    local held, length, base = pointee(data)
    local dtype = opts.dtype and T.dtype_name(T.dtype_code(opts.dtype, "tensor"))
    if held == nil and (base == nil or not dtype) then
      return errors.raisef("tensor: C type %s, expected float, double, int32_t, int64_t, uint8_t, "
        .. "or dtype= to say what it is", tostring(ffi.typeof(data)))
    end
    held = held or dtype
    if not length and data == nil then return errors.raise "tensor: a NULL pointer" end
    local size = tonumber(C.lac_dtype_size(T.dtype_code(held)))
    local sizes = opts.shape or length and { length / size }
    if not sizes then return errors.raise "tensor: a C pointer needs shape=" end
    local shape, ndim = T.sizes("tensor", sizes)
    local total = 1
    for i = 0, ndim - 1 do total = total * tonumber(shape[i]) end
    check_length(length, total, size)
    if opts.copy == false then
      if dtype and dtype ~= held then
        return errors.raisef("tensor: copy=false of %s as %s", held, dtype)
      end
      return wrap_memory(data, T.dtype_code(held), shape, ndim)
    end
    local t = T.empty("tensor", T.dtype_code(held), shape, ndim)
    native.call(C.lac_tensor_upload, ctx, t.h, data, total * size)
    return dtype and t:to(dtype) or t
  end
end
