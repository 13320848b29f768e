-- Files built byte by byte: numbers as texts, checksums, zip archives and safetensors files, whole
-- or with one field that lies.

local bit = require "bit"
local ffi = require "ffi"

local bytes = {}

--- `n` in `count` bytes, the low ones first.
function bytes.le(n, count)
  local parts = {}
  for i = 1, count do
    parts[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(parts)
end

--- The same, the high ones first.
function bytes.be(n, count)
  return bytes.le(n, count):reverse()
end

--- The numbers of a list as `ctype` ("float", "int16_t", ...), little-endian.
function bytes.array(ctype, list)
  local buffer = ffi.new(ctype .. "[?]", math.max(#list, 1))
  for i = 1, #list do buffer[i - 1] = list[i] end
  return ffi.string(buffer, #list * ffi.sizeof(ctype))
end

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do
    c = bit.bxor(bit.rshift(c, 1), bit.band(c, 1) == 1 and 0xedb88320 or 0)
  end
  crc_table[i] = c
end

--- The crc32 of zip and gzip.
function bytes.crc32(text)
  local c = bit.bnot(0)
  for i = 1, #text do
    c = bit.bxor(bit.rshift(c, 8), crc_table[bit.band(bit.bxor(c, text:byte(i)), 255)])
  end
  return bit.bnot(c) % 2^32
end

-- zip ---------------------------------------------------------------------------------------------

local le = bytes.le

-- The record of an entry in the central directory; `zip64`: sizes and offset in the extra field.
local function central(e)
  local extra, size, packed, header = "", e.size, e.packed, e.header
  if e.zip64 then
    extra = le(1, 2) .. le(24, 2) .. le(size, 8) .. le(packed, 8) .. le(header, 8)
    size, packed, header = 2^32 - 1, 2^32 - 1, 2^32 - 1
  end
  extra = e.central_extra or extra
  return "PK\1\2" .. le(45, 2) .. le(45, 2) .. le(e.flags, 2) .. le(e.method, 2) .. le(0, 4) ..
    le(e.crc32, 4) .. le(packed, 4) .. le(size, 4) .. le(#e.name, 2) .. le(#extra, 2) ..
    le(0, 2) .. le(0, 2) .. le(0, 2) .. le(0, 4) .. le(header, 4) .. e.name .. extra
end

-- What stands before and behind the data.
local function around(e)
  local known = not e.descriptor
  local name = e.local_name or e.name
  local size = known and (e.local_size or e.size) or 0
  local extra = ("\0"):rep(e.padding or 0)
  local header = (e.signature or "PK\3\4") .. le(45, 2) .. le(e.local_flags or e.flags, 2) ..
    le(e.method, 2) .. le(0, 4) .. le(known and e.crc32 or 0, 4) .. le(size, 4) .. le(size, 4) ..
    le(#name, 2) .. le(#extra, 2) .. name .. extra
  if known then return header, "" end
  local width = e.descriptor == 64 and 8 or 4
  return header, e.descriptor_text or
    "PK\7\8" .. le(e.crc32, 4) .. le(e.size, width) .. le(e.size, width)
end

--- A zip archive of stored entries {name=, data=, ...}, where a field may replace what is true:
--- flags, method, crc32, size, packed, header, local_name, local_size, local_flags, signature,
--- padding (bytes in the local extra field), descriptor (32 or 64), descriptor_text, zip64 and
--- central_extra. `opts`: zip64, comment, count, directory_size, directory_offset, locator,
--- record_size, base (bytes of the file before the archive).
function bytes.zip(entries, opts)
  opts = opts or {}
  local parts, at, directory = {}, opts.base or 0, {}
  for i, entry in ipairs(entries) do
    local e = setmetatable({
      flags = entry.flags or (entry.descriptor and 8 or 0), method = entry.method or 0,
      crc32 = entry.crc32 or bytes.crc32(entry.data), size = entry.size or #entry.data,
      packed = entry.packed or entry.size or #entry.data, header = entry.header or at,
    }, { __index = entry })
    local before, after = around(e)
    parts[#parts + 1] = before .. entry.data .. after
    at = at + #parts[#parts]
    directory[i] = central(e)
  end
  local list = table.concat(directory)
  local count = opts.count or #entries
  local size, offset = opts.directory_size or #list, opts.directory_offset or at
  parts[#parts + 1] = list
  if opts.zip64 then
    parts[#parts + 1] = "PK\6\6" .. le(opts.record_size or 44, 8) .. le(45, 2) .. le(45, 2) ..
      le(0, 4) .. le(0, 4) .. le(count, 8) .. le(count, 8) .. le(size, 8) .. le(offset, 8)
    parts[#parts + 1] = "PK\6\7" .. le(0, 4) .. le(opts.locator or at + #list, 8) .. le(1, 4)
    count, size, offset = 65535, 2^32 - 1, 2^32 - 1
  end
  local comment = opts.comment or ""
  parts[#parts + 1] = "PK\5\6" .. le(0, 2) .. le(0, 2) .. le(count, 2) .. le(count, 2) ..
    le(size, 4) .. le(offset, 4) .. le(#comment, 2) .. comment
  return table.concat(parts)
end

-- safetensors -------------------------------------------------------------------------------------

--- A safetensors file of this header and data; `length` replaces the header's.
function bytes.safetensors(header, data, length)
  return le(length or #header, 8) .. header .. (data or "")
end

return bytes
