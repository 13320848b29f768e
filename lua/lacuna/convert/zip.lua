-- zip.lua: the directory of a zip archive whose entries are stored as they are, as PyTorch and
-- NumPy write them.
--
-- The central directory is the truth; the local headers must agree with it. Nothing is unpacked:
-- compressed and encrypted entries are errors, and so are entries that overlap, so that what can
-- be read never exceeds the file.

local zip = {}

---@class lacuna.convert.Zip
---@field entries { name: string, offset: integer, size: integer, crc32: integer }[]
local methods = {}
local Archive = { __index = methods }

local END_BYTES, LOCATOR_BYTES, END64_BYTES = 22, 20, 56
local CENTRAL_BYTES, LOCAL_BYTES = 46, 30
local LONGEST_COMMENT = 65535
local MOST_ENTRIES = 2^20
local U16, U32 = 0xffff, 0xffffffff -- "see the zip64 field"
local EXACT = 2^53

-- Little-endian numbers of a text, positions from 1.
local function u16(text, at)
  local a, b = text:byte(at, at + 1)
  return a + b * 256
end

local function u32(text, at)
  local a, b, c, d = text:byte(at, at + 3)
  return a + b * 256 + c * 65536 + d * 16777216
end

local function u64(text, at)
  return u32(text, at) + u32(text, at + 4) * 4294967296
end

-- The end -----------------------------------------------------------------------------------------

-- Byte of the "end of central directory" record: the last one whose comment ends the file.
local function find_end(f)
  local length = math.min(f.size, END_BYTES + LONGEST_COMMENT)
  local tail = f:read(f.size - length, length)
  for at = #tail - END_BYTES + 1, 1, -1 do
    if tail:byte(at) == 0x50 and tail:sub(at, at + 3) == "PK\5\6" and
       at + END_BYTES - 1 + u16(tail, at + 20) == #tail then
      return f.size - length + at - 1, tail:sub(at, at + END_BYTES - 1)
    end
  end
  return f:fail("end of central directory: missing, so the file is truncated or no zip archive")
end

-- The zip64 record that a locator before the end points to, or nil.
local function find_end64(f, end_at)
  local at = end_at - LOCATOR_BYTES
  if at < END64_BYTES then return nil end
  local locator = f:read(at, LOCATOR_BYTES)
  if locator:sub(1, 4) ~= "PK\6\7" then return nil end
  local record_at = u64(locator, 9)
  if record_at > at - END64_BYTES then
    f:fail("zip64 locator: points to byte %.0f, expected a record before byte %.0f", record_at, at)
  end
  local record = f:read(record_at, END64_BYTES)
  if record:sub(1, 4) ~= "PK\6\6" then
    f:fail("zip64 end of central directory: not at byte %.0f, where the locator says", record_at)
  end
  if record_at + 12 + u64(record, 5) ~= at then
    f:fail("zip64 end of central directory: a size of %.0f, which does not end at the locator",
      u64(record, 5))
  end
  return record_at, record
end

-- A field of the end record that zip64 may replace; where both say something, they agree.
local function either(f, field, short, mark, long)
  if long and short ~= mark and short ~= long then
    f:fail("%s: %.0f in the end record and %.0f in zip64's", field, short, long)
  end
  return long or short
end

-- Where the central directory is: its first byte, its size and the number of entries.
local function find_directory(f)
  local end_at, record = find_end(f)
  local at64, record64 = find_end64(f, end_at)
  local function of64(at) return record64 and u64(record64, at) end
  local entries = either(f, "number of entries", u16(record, 11), U16, of64(33))
  local here = either(f, "number of entries on this disk", u16(record, 9), U16, of64(25))
  local size = either(f, "central directory size", u32(record, 13), U32, of64(41))
  local offset = either(f, "central directory offset", u32(record, 17), U32, of64(49))
  if (u16(record, 5) ~= 0 and u16(record, 5) ~= U16) or here ~= entries then
    f:fail("number of entries: %.0f of %.0f on this disk, expected an archive in one file", here,
      entries)
  end
  local limit = at64 or end_at
  if offset + size ~= limit then
    f:fail("central directory: %.0f bytes at byte %.0f, expected it to end at byte %.0f", size,
      offset, limit)
  end
  if entries > MOST_ENTRIES or entries * CENTRAL_BYTES > size then
    f:fail("number of entries: %.0f in a central directory of %.0f bytes", entries, size)
  end
  return offset, size, entries
end

-- Entries -----------------------------------------------------------------------------------------

-- The fields of zip64's extra block that `marked` (in this order) ask for.
local function extra64(f, name, extra, marked)
  local at = 1
  while at + 3 <= #extra do
    local id, length = u16(extra, at), u16(extra, at + 2)
    if at + 3 + length > #extra then break end
    if id == 1 then
      if length < 8 * marked then break end
      local values = {}
      for i = 1, marked do values[i] = u64(extra, at + 4 + 8 * (i - 1)) end
      return values
    end
    at = at + 4 + length
  end
  return f:fail("entry '%s': zip64 sizes: missing from its extra field", name)
end

-- Sizes (and offset) with those marked in 32 bits taken from zip64's block.
local function widen(f, name, extra, fields)
  local marked = 0
  for i = 1, #fields do
    if fields[i] == U32 then marked = marked + 1 end
  end
  if marked == 0 then return fields end
  local values, used = extra64(f, name, extra, marked), 0
  for i = 1, #fields do
    if fields[i] == U32 then
      used = used + 1
      fields[i] = values[used]
      if fields[i] >= EXACT then f:fail("entry '%s': a size or offset above 2^53", name) end
    end
  end
  return fields
end

local function check_flags(f, name, flags, method)
  -- Bits 0, 6 and 13: encrypted; bit 5: patch data.
  if flags % 2 == 1 or math.floor(flags / 64) % 2 == 1 or math.floor(flags / 8192) % 2 == 1 then
    f:fail("entry '%s': is encrypted", name)
  end
  if method ~= 0 then
    f:fail("entry '%s': compression method %d, expected a stored entry (0)", name, method)
  end
end

-- One record of the central directory at `at`; returns the entry and where the next one starts.
local function read_central(f, directory, at, limit)
  if at + CENTRAL_BYTES - 1 > #directory or directory:sub(at, at + 3) ~= "PK\1\2" then
    f:fail("central directory: no entry at byte %.0f of its %.0f", at - 1, #directory)
  end
  local name_end = at + CENTRAL_BYTES + u16(directory, at + 28)
  local extra_end = name_end + u16(directory, at + 30)
  local next_at = extra_end + u16(directory, at + 32)
  if next_at - 1 > #directory then
    f:fail("central directory: the entry at byte %.0f goes beyond its end", at - 1)
  end
  local name = directory:sub(at + CENTRAL_BYTES, name_end - 1)
  if name == "" then f:fail("central directory: an entry without a name at byte %.0f", at - 1) end
  check_flags(f, name, u16(directory, at + 8), u16(directory, at + 10))
  local fields = widen(f, name, directory:sub(name_end, extra_end - 1),
    { u32(directory, at + 24), u32(directory, at + 20), u32(directory, at + 42) })
  local size, packed, header = fields[1], fields[2], fields[3]
  if size ~= packed then
    f:fail("entry '%s': size: %.0f bytes stored as %.0f", name, size, packed)
  end
  if header + LOCAL_BYTES + #name + size > limit then
    f:fail("entry '%s': size: %.0f bytes at byte %.0f, beyond the central directory at byte %.0f",
      name, size, header, limit)
  end
  return { name = name, header = header, size = size, crc32 = u32(directory, at + 16) }, next_at
end

-- What a writer that did not know the sizes put behind the data; returns the byte after it.
local function check_descriptor(f, entry, at, limit)
  local text = f:read(at, math.min(24, limit - at))
  local start = text:sub(1, 4) == "PK\7\8" and 5 or 1
  for _, width in ipairs { 4, 8 } do
    local size = width == 4 and u32 or u64
    local stop = start + 3 + 2 * width
    if stop <= #text and u32(text, start) == entry.crc32 and
       size(text, start + 4) == entry.size and size(text, start + 4 + width) == entry.size then
      return at + stop
    end
  end
  return f:fail("entry '%s': data descriptor: does not say what the central directory says",
    entry.name)
end

-- The local header; sets where the data are. Returns the first byte after the entry.
local function check_local(f, entry, limit)
  local name = entry.name
  local text = f:read(entry.header, LOCAL_BYTES + #name)
  if text:sub(1, 4) ~= "PK\3\4" then
    f:fail("entry '%s': local header: not at byte %.0f, where the central directory says", name,
      entry.header)
  end
  if u16(text, 27) ~= #name or text:sub(LOCAL_BYTES + 1) ~= name then
    f:fail("entry '%s': local header: has another name", name)
  end
  local flags, extra_bytes = u16(text, 7), u16(text, 29)
  check_flags(f, name, flags, u16(text, 9))
  entry.offset = entry.header + LOCAL_BYTES + #name + extra_bytes
  local stop = entry.offset + entry.size
  if stop > limit then
    f:fail("entry '%s': size: its data end at byte %.0f, in what follows it at byte %.0f", name,
      stop, limit)
  end
  local described = math.floor(flags / 8) % 2 == 1
  local crc, packed, size = u32(text, 15), u32(text, 19), u32(text, 23)
  if not (described and crc == 0 and packed == 0 and size == 0) then
    local extra = f:read(entry.offset - extra_bytes, extra_bytes)
    local fields = widen(f, name, extra, { size, packed })
    local unknown = described and fields[1] == 0 and fields[2] == 0
    if not unknown and (fields[1] ~= entry.size or fields[2] ~= entry.size) then
      f:fail("entry '%s': size: %.0f bytes in the local header, %.0f in the central directory",
        name, fields[1], entry.size)
    end
    if crc ~= entry.crc32 and not (described and crc == 0) then
      f:fail("entry '%s': crc32: %08x in the local header, %08x in the central directory", name,
        crc, entry.crc32)
    end
  end
  return described and check_descriptor(f, entry, stop, limit) or stop
end

local function check_locals(f, entries, limit)
  local sorted = {}
  for i = 1, #entries do sorted[i] = entries[i] end
  table.sort(sorted, function(a, b) return a.header < b.header end)
  for i = 1, #sorted do -- before any is read: so many must fit one behind the other
    local entry, following = sorted[i], sorted[i + 1]
    local stop = entry.header + LOCAL_BYTES + #entry.name + entry.size
    if following and stop > following.header then
      f:fail("entries '%s' and '%s': overlap", entry.name, following.name)
    end
  end
  for i = 1, #sorted do
    check_local(f, sorted[i], sorted[i + 1] and sorted[i + 1].header or limit)
  end
end

-- The archive -------------------------------------------------------------------------------------

--- Reads and checks the directory of an archive. Entries come in its order, folders left out.
---@param f lacuna.convert.File
---@return lacuna.convert.Zip
function zip.open(f)
  local offset, size, count = find_directory(f)
  local directory = f:read(offset, size)
  local all, at, by_name = {}, 1, {}
  for i = 1, count do
    all[i], at = read_central(f, directory, at, offset)
    local name = all[i].name
    if by_name[name] then f:fail("entry '%s': is there twice", name) end
    by_name[name] = all[i]
  end
  if at - 1 ~= size then
    f:fail("central directory: %.0f bytes after its %.0f entries", size - at + 1, count)
  end
  check_locals(f, all, offset)
  local entries = {}
  for i = 1, #all do
    if all[i].size > 0 or all[i].name:sub(-1) ~= "/" then entries[#entries + 1] = all[i] end
  end
  return setmetatable({ entries = entries, by_name = by_name, file = f }, Archive)
end

--- The entry of this name, or nil.
---@param name string
function methods.find(archive, name)
  return archive.by_name[name]
end

return zip
