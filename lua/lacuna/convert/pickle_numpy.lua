-- pickle_numpy.lua: NumPy's scalars and small arrays in a pickle, as numbers and lists.

local bit = require "bit"
local ffi = require "ffi"
local globals = require "lacuna.convert.pickle_globals"
local text = require "lacuna.convert.pickle_text"

local define = globals.define

local MAX_ELEMENTS = 1048576 -- of one array: they become a Lua list

-- kind and size as NumPy writes them -> the C type of an array, where there is one.
local CTYPES = {
  b1 = "uint8_t", i1 = "int8_t", u1 = "uint8_t", i2 = "int16_t", u2 = "uint16_t", i4 = "int32_t",
  u4 = "uint32_t", i8 = "int64_t", u8 = "uint64_t", f2 = "uint16_t", f4 = "float", f8 = "double",
}
for code, ctype in pairs(CTYPES) do CTYPES[code] = ffi.typeof(ctype .. "[?]") end

-- ---- dtypes -------------------------------------------------------------------------------------

-- numpy.dtype("f8", align, copy), then BUILD with (version, byte order, ...).
local function dtype(m, args)
  local code = args[1]
  if type(code) ~= "string" then m:fail("numpy.dtype of a %s", m:kind_of(code)) end
  local order, kind, size = code:sub(1, 16):match("^([<>|=]?)([biufSUO])(%d*)$")
  size = tonumber(size)
  if kind == "U" then size = size and 4 * size end
  if not kind or (kind ~= "O" and not size) then
    m:fail("numpy.dtype %s, expected numbers, booleans or text", text.shown(code))
  end
  return m:make("numpy dtype", {
    name = code, code = kind .. (size or ""), kind = kind, size = size or 0, swapped = order == ">",
  })
end

local function build_dtype(m, object, state)
  local kind = m:kind_of(state)
  if kind ~= "tuple" or #state < 2 then m:fail("the state of a numpy.dtype is a %s", kind) end
  object.swapped = state[2] == ">"
end

-- ---- elements -----------------------------------------------------------------------------------

local function half(h)
  local e, f = bit.band(bit.rshift(h, 10), 31), bit.band(h, 1023)
  local sign = h >= 32768 and -1 or 1
  if e == 0 then return sign * f * 2 ^ -24 end
  if e == 31 then return f > 0 and 0 / 0 or sign * math.huge end
  return sign * (1 + f / 1024) * 2 ^ (e - 15)
end

local function from_utf32(m, s)
  local parts = {}
  for i = 1, #s - 3, 4 do
    local a, b, c, d = s:byte(i, i + 3)
    local code = a + b * 256 + c * 65536 + d * 16777216
    if code > 0 then
      parts[#parts + 1] = text.utf8(code) or m:fail("text with a letter %.0f", code)
    end
  end
  return table.concat(parts)
end

-- The elements of `bytes` as a flat list.
local function elements(m, d, bytes, count)
  if #bytes ~= count * d.size then
    m:fail("%d bytes of a NumPy array of %d elements of %s, expected %d", #bytes, count,
      text.shown(d.name), count * d.size)
  end
  m:spend(#bytes)
  local list = {}
  if d.kind == "S" or d.kind == "U" then
    for i = 1, count do
      local s = bytes:sub((i - 1) * d.size + 1, i * d.size)
      list[i] = d.kind == "U" and from_utf32(m, s) or (s:gsub("%z+$", ""))
    end
    return list
  end
  local ctype = CTYPES[d.code]
  if not ctype then m:fail("a NumPy array of %s, expected plain numbers", text.shown(d.name)) end
  local size = d.size
  if d.swapped and size > 1 then bytes = bytes:gsub(("."):rep(size), string.reverse) end
  local array = ffi.new(ctype, count)
  ffi.copy(array, bytes, #bytes)
  for i = 1, count do
    local v = array[i - 1]
    if d.code == "b1" then
      v = v ~= 0
    elseif d.code == "f2" then
      v = half(v)
    elseif d.code == "i8" and v >= -9007199254740992LL and v <= 9007199254740992LL
      or d.code == "u8" and v <= 9007199254740992ULL then
      v = tonumber(v)
    end
    list[i] = v
  end
  return list
end

local function need_dtype(m, d)
  if m:kind_of(d) ~= "numpy dtype" then
    m:fail("the dtype of a NumPy value is a %s, expected a numpy.dtype", m:kind_of(d))
  end
  return d
end

local function scalar(m, args)
  local d, value = need_dtype(m, args[1]), args[2]
  if d.kind == "O" then return value end
  if type(value) ~= "string" then
    m:fail("the value of a NumPy scalar is a %s, expected bytes", m:kind_of(value))
  end
  return elements(m, d, value, 1)[1]
end

-- ---- arrays -------------------------------------------------------------------------------------

-- Rows within rows: `flat` in row-major order (column-major if `fortran`) under the given shape.
local function nested(m, flat, shape, fortran, into)
  local steps, step = {}, 1
  for i = fortran and 1 or #shape, fortran and #shape or 1, fortran and 1 or -1 do
    steps[i] = step
    step = step * shape[i]
  end
  local function fill(list, d, from)
    for i = 1, shape[d] do
      local at = from + (i - 1) * steps[d]
      list[i] = d == #shape and flat[at] or d < #shape and fill(m:make("list", {}), d + 1, at)
    end
    return list
  end
  if #shape == 0 then
    into[1] = flat[1]
    return into
  end
  return fill(into, 1, 1)
end

local function fill_array(m, into, shape, d, fortran, raw)
  local kind, count = m:kind_of(shape), 1
  need_dtype(m, d)
  if kind ~= "tuple" and kind ~= "list" or #shape > 8 then
    m:fail("the shape of a NumPy array is a %s, expected at most 8 whole numbers", kind)
  end
  local outer = 1 -- lists above the innermost ones, which an empty array could have many of
  for i = 1, #shape do
    local n = shape[i]
    if type(n) ~= "number" or n < 0 or n ~= math.floor(n) or n > MAX_ELEMENTS then
      m:fail("shape[%d] of a NumPy array is %s, expected a whole number from 0 to %d", i - 1,
        type(n) == "table" and "a " .. m:kind_of(n) or text.shown(n), MAX_ELEMENTS)
    end
    count = count * n
    outer = outer * (i < #shape and math.max(n, 1) or 1)
  end
  if count > MAX_ELEMENTS or outer > MAX_ELEMENTS then
    m:fail("a NumPy array of %.0f elements, expected at most %d", count, MAX_ELEMENTS)
  end
  m:spend(outer + count)
  local flat = raw
  if d.kind == "O" then
    if m:kind_of(raw) ~= "list" or #raw ~= count then
      m:fail("the objects of a NumPy array are a %s, expected a list of %d", m:kind_of(raw), count)
    end
    m:spend(count)
  elseif type(raw) ~= "string" then
    m:fail("the elements of a NumPy array are a %s, expected bytes", m:kind_of(raw))
  else
    flat = elements(m, d, raw, count)
  end
  return nested(m, flat, shape, fortran == true, into)
end

local function build_array(m, object, state)
  local kind = m:kind_of(state)
  if kind ~= "tuple" or #state ~= 5 then
    m:fail("the state of a NumPy array is a %s, expected a tuple of 5", kind)
  end
  if object[1] ~= nil then m:fail("a NumPy array is filled twice") end
  fill_array(m, object, state[2], state[3], state[4], state[5])
  m:become(object, "list")
end

local NAMES = "numpy.core.multiarray.%s numpy._core.multiarray.%s"

define(NAMES:gsub("%%s", "scalar"), { call = scalar })
define(NAMES:gsub("%%s", "_reconstruct"),
  { call = function(m) return m:make("numpy array", {}) end })
define("numpy.core.numeric._frombuffer numpy._core.numeric._frombuffer",
  { call = function(m, args)
    return fill_array(m, m:make("list", {}), args[3], args[2], args[4] == "F", args[1])
  end })
define("numpy.ndarray", {})
define("numpy.dtype", { call = dtype })

return { build = { ["numpy dtype"] = build_dtype, ["numpy array"] = build_array } }
