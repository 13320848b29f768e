-- file.lua: bounded, checked reading of any range of a file, for the readers of checkpoints.
--
-- Offsets count bytes from 0; numbers are little-endian. Ranges are read, not mapped: a file that
-- another program shortens meanwhile raises an error instead of ending the process.

local ffi = require "ffi"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C = native.C
local file = {}

local release = native.owner("lacuna_File", "lac_file", C.lac_file_release)
local Handle = ffi.metatype("lacuna_File", { __gc = release })

---@class lacuna.convert.File
---@field path string  on one line, for messages
---@field size integer  bytes
local methods = {}
local File = { __index = methods }

-- What one read may ask for, and the longest message.
local LARGEST_READ = 256 * 2^20
local LONGEST_MESSAGE = 700

local size_box = ffi.new("int64_t[1]")
local small = ffi.new("uint8_t[8]")
local SCRATCH = 65536
local scratch = ffi.new("uint8_t[?]", SCRATCH)

-- Texts out of a file keep to their line.
local function printable(text)
  return (text:gsub("%c", "?"))
end

--- Opens a regular file; raises "convert: PATH: ..." where there is none.
---@param path string
---@return lacuna.convert.File
function file.open(path)
  if type(path) ~= "string" then
    errors.raisef("convert: the path is a %s, expected a string", type(path))
  end
  if path:find("\0", 1, true) then errors.raise("convert: the path has a zero byte") end
  local handle = Handle()
  local ok, message = pcall(native.call, C.lac_file_open, native.ctx, "convert", path, handle.box)
  if not ok then error(printable(tostring(message)), 0) end
  native.call(C.lac_file_size, handle.h, size_box)
  return setmetatable({ handle = handle, path = printable(path), size = tonumber(size_box[0]) },
    File)
end

--- Raises "convert: PATH: " and the formatted text, on one line.
function methods.fail(f, format, ...)
  local text = printable(string.format(format, ...))
  if #text > LONGEST_MESSAGE then text = text:sub(1, LONGEST_MESSAGE) .. "..." end
  return errors.raise("convert: " .. f.path .. ": " .. text)
end

--- The lac_file; raises when the file was closed.
function methods.checked_handle(f)
  if not f.handle then f:fail("is closed") end
  return f.handle.h
end

local function check_range(f, offset, n)
  if type(offset) ~= "number" or type(n) ~= "number" or offset % 1 ~= 0 or n % 1 ~= 0 then
    f:fail("a range of %s bytes at %s, expected whole numbers", tostring(n), tostring(offset))
  end
  if offset < 0 or n < 0 or offset > f.size or n > f.size - offset then
    f:fail("%.0f bytes at byte %.0f, but the file has %.0f bytes", n, offset, f.size)
  end
end

--- The bytes of a range inside the file, at most 256 MiB.
---@param offset integer
---@param n integer
---@return string
function methods.read(f, offset, n)
  check_range(f, offset, n)
  if n > LARGEST_READ then f:fail("%.0f bytes at once, expected at most 256 MiB", n) end
  if n == 0 then return "" end
  local buffer = n <= SCRATCH and scratch or ffi.new("uint8_t[?]", n)
  native.call(C.lac_file_read, f:checked_handle(), offset, buffer, n)
  return ffi.string(buffer, n)
end

local function number(f, offset, n)
  check_range(f, offset, n)
  native.call(C.lac_file_read, f:checked_handle(), offset, small, n)
  local value = 0
  for i = n - 1, 0, -1 do value = value * 256 + small[i] end
  return value
end

---@param offset integer
---@return integer
function methods.u8(f, offset) return number(f, offset, 1) end

---@param offset integer
---@return integer
function methods.u16(f, offset) return number(f, offset, 2) end

---@param offset integer
---@return integer
function methods.u32(f, offset) return number(f, offset, 4) end

--- Raises above 2^53, up to which Lua's numbers are exact.
---@param offset integer
---@return integer
function methods.u64(f, offset)
  local value = number(f, offset, 8)
  if value > 2^53 then f:fail("byte %.0f: a number above 2^53, expected a size", offset) end
  return value
end

--- The file cannot be read afterwards. Closing twice does nothing.
function methods.close(f)
  if not f.handle then return end
  C.lac_file_release(f.handle.h)
  f.handle.h = nil
  f.handle = nil
end

return file
