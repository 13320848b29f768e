-- safetensors.lua: a header of JSON, then the tensors one behind the other.

local cjson = require "cjson"
local json_keys = require "lacuna.convert.json_keys"
local ordered = require "lacuna.nn.ordered"
local stored = require "lacuna.convert.stored"

local safetensors = {}

local LONGEST_HEADER = 100 * 10^6 -- the format's own limit
local DEEPEST_HEADER = 8

local dtypes = {
  BOOL = "bool", U8 = "uint8", I8 = "int8", I16 = "int16", U16 = "uint16", F16 = "float16",
  BF16 = "bfloat16", I32 = "int32", U32 = "uint32", F32 = "float32", F64 = "float64",
  I64 = "int64", U64 = "uint64",
}

local json = cjson.new()
json.decode_max_depth(DEEPEST_HEADER)
json.decode_invalid_numbers(false)

local function is_utf8(text)
  if not text:find("[\128-\255]") then return true end
  local rest = text:gsub("[\194-\223][\128-\191]", ""):gsub("\224[\160-\191][\128-\191]", "")
    :gsub("[\225-\236\238\239][\128-\191][\128-\191]", ""):gsub("\237[\128-\159][\128-\191]", "")
    :gsub("\240[\144-\191][\128-\191][\128-\191]", "")
    :gsub("[\241-\243][\128-\191][\128-\191][\128-\191]", "")
    :gsub("\244[\128-\143][\128-\191][\128-\191]", "")
  return not rest:find("[\128-\255]")
end

-- The text of the header and the first byte after it.
local function read_header(f)
  if f.size < 8 then f:fail("header length: the file has %.0f bytes, expected 8", f.size) end
  local length = f:u64(0)
  if length > LONGEST_HEADER then
    f:fail("header length: %.0f bytes, expected at most %.0f", length, LONGEST_HEADER)
  end
  if length > f.size - 8 then
    f:fail("header length: %.0f bytes, but the file has %.0f after it", length, f.size - 8)
  end
  if length < 2 or f:u8(8) ~= 0x7b then
    f:fail("header: does not begin with '{', expected JSON")
  end
  return f:read(8, length), 8 + length
end

-- The header as tables, and its keys in order, each once.
local function parse(f, text)
  -- A JSON text has no zero byte, and the decoder would stop at one.
  if text:find("\0", 1, true) then f:fail("header: a zero byte in the JSON") end
  if not is_utf8(text) then f:fail("header: is not UTF-8") end
  local ok, header = pcall(json.decode, text)
  if not ok then f:fail("header: %s", header) end
  local keys, inner, problem = json_keys.scan(text, json.decode, "__metadata__")
  if problem then f:fail("header: %s", problem) end
  return header, keys, inner
end

local function read_metadata(f, header, keys)
  if header == nil then return nil end
  if type(header) ~= "table" then
    f:fail("__metadata__: a %s, expected texts by name", type(header))
  end
  local metadata = ordered.map()
  for _, key in ipairs(keys) do
    if type(header[key]) ~= "string" then
      f:fail("__metadata__: '%s' is a %s, expected a text", key, type(header[key]))
    end
    metadata[key] = header[key]
  end
  if #keys == 0 and next(header) ~= nil then
    f:fail("__metadata__: a list, expected texts by name")
  end
  return metadata
end

-- A list of sizes; `count` of them unless that is nil.
local function check_list(f, name, field, list, count)
  if type(list) ~= "table" then
    f:fail("%s: %s: a %s, expected a list of sizes", name, field, type(list))
  end
  local entries = 0
  for _ in pairs(list) do entries = entries + 1 end
  if entries ~= #list or (count and #list ~= count) then
    f:fail("%s: %s: expected a list of %s", name, field, count and count .. " sizes" or "sizes")
  end
  for i = 1, #list do
    local v = list[i]
    if type(v) ~= "number" or v % 1 ~= 0 or v < 0 or v >= 2^53 then
      f:fail("%s: %s: %s, expected whole numbers from 0", name, field, tostring(v))
    end
  end
  return list
end

local function read_tensor(f, name, info, start)
  if type(info) ~= "table" then
    f:fail("%s: a %s, expected dtype, shape and data_offsets", name, type(info))
  end
  local dtype = dtypes[info.dtype]
  if not dtype then
    f:fail("%s: dtype: %s, expected F64, F32, F16, BF16, BOOL or an integer dtype", name,
      tostring(info.dtype))
  end
  local shape = check_list(f, name, "shape", info.shape)
  local range = check_list(f, name, "data_offsets", info.data_offsets, 2)
  local first, last = range[1], range[2]
  if first > last or last > f.size - start then
    f:fail("%s: data_offsets: %.0f to %.0f, but the file has %.0f bytes of data", name, first,
      last, f.size - start)
  end
  local size = stored.element_size(dtype)
  local bytes = size
  for i = 1, #shape do bytes = bytes * shape[i] end -- inexact only far above the file's size
  if bytes ~= last - first then
    f:fail("%s: data_offsets: %.0f bytes for shape [%s] of %s, expected %.0f", name, last - first,
      table.concat(shape, ", "), info.dtype, bytes)
  end
  return stored.new {
    file = f, name = name, dtype = dtype, shape = shape,
    storage = { key = name, offset = start + first, count = bytes / size, dtype = dtype },
  }
end

-- The tensors lie one behind the other, from the header to the end of the file.
local function check_ranges(f, list, start)
  table.sort(list, function(a, b)
    local x, y = a.storage, b.storage
    if x.offset ~= y.offset then return x.offset < y.offset end
    return x.bytes < y.bytes
  end)
  local at = start
  for _, s in ipairs(list) do
    local offset = s.storage.offset
    if offset ~= at then
      f:fail("%s: data_offsets: begin at byte %.0f of the data, where %s byte %.0f", s.name,
        offset - start, offset < at and "the tensor before it ends at" or "nothing fills it from",
        at - start)
    end
    at = offset + s.storage.bytes
  end
  if at ~= f.size then
    f:fail("data_offsets: end at byte %.0f of %.0f bytes of data", at - start, f.size - start)
  end
end

--- The tensors of a file by name, in the order of its header, and its metadata, or nil.
---@param f lacuna.convert.File
---@return table value  an ordered map of lacuna.convert.Stored
---@return table|nil metadata  an ordered map of strings
function safetensors.read(f)
  local text, start = read_header(f)
  local header, keys, metadata_keys = parse(f, text)
  local metadata = read_metadata(f, header.__metadata__, metadata_keys)
  local value, list = ordered.map(), {}
  for _, name in ipairs(keys) do
    if name ~= "__metadata__" then
      local s = read_tensor(f, name, header[name], start)
      value[name] = s
      list[#list + 1] = s
    end
  end
  check_ranges(f, list, start)
  return value, metadata
end

return safetensors
