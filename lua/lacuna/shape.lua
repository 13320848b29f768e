-- shape.lua: shapes of tensors as Lua tables, and as text.

local ffi = require "ffi"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C = native.C
local desc = ffi.new("lac_tensor_desc")

local shape = {}

--- The sizes of a tensor, a list of numbers.
function shape.of(t)
  C.lac_tensor_describe(T.handle(t, "shape", "the argument"), desc)
  local sizes = {}
  for i = 1, desc.ndim do sizes[i] = tonumber(desc.shape[i - 1]) end
  return sizes
end

--- The code of a tensor's dtype.
function shape.dtype(t)
  C.lac_tensor_describe(T.handle(t, "dtype", "the argument"), desc)
  return tonumber(desc.dtype)
end

function shape.equal(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

--- "[27, 4, 32]"
function shape.text(sizes)
  return "[" .. table.concat(sizes, ", ") .. "]"
end

--- "94,625"
function shape.thousands(n)
  local text = string.format("%d", n)
  local count
  repeat
    text, count = text:gsub("^(-?%d+)(%d%d%d)", "%1,%2")
  until count == 0
  return text
end

return shape
