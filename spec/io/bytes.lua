-- bytes.lua: numbers as bytes, for specs that write files by hand.

local ffi = require "ffi"

local bytes = {}

--- Numbers as values of a C type, "float", "uint8_t", ...; big: of the other byte order.
function bytes.pack(ctype, values, big)
  local parts = {}
  local box = ffi.new(ctype .. "[1]")
  for i = 1, #values do
    box[0] = values[i]
    local text = ffi.string(box, ffi.sizeof(box))
    parts[i] = big and text:reverse() or text
  end
  return table.concat(parts)
end

--- The content of a file.
function bytes.of(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("*a")
  f:close()
  return text
end

return bytes
