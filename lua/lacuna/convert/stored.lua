-- stored.lua: a tensor in a file that has not been read yet: a view of a storage, which is a range
-- of the file.
--
-- Everything that a file says about it is checked when it is made, before memory is taken. A
-- storage under one tensor is read straight into it. One under several is read once and kept until
-- each of them has been read, so that its bytes are read, and its checksum computed, once.

local ffi = require "ffi"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C = native.C
local stored = {}

---@class lacuna.convert.Stored
---@field name string|nil  for messages
---@field dtype string  in the file
---@field shape integer[]
---@field strides integer[]  in elements
---@field offset integer  of the first element in the storage, in elements
---@field storage table  {key=, offset=, count=, dtype=, big_endian=, crc32=}, shared by its views
local methods = {}
local Stored = { __index = methods }

-- Name in a file -> code of lacuna.h, bytes, and dtype of the tensor.
local types = {
  float32 = { C.LAC_STORED_F32, 4, "float32" },
  float16 = { C.LAC_STORED_F16, 2, "float16" },
  bfloat16 = { C.LAC_STORED_BF16, 2, "bfloat16" },
  float64 = { C.LAC_STORED_F64, 8, "float64" },
  int64 = { C.LAC_STORED_I64, 8, "int64" },
  int32 = { C.LAC_STORED_I32, 4, "int32" },
  int16 = { C.LAC_STORED_I16, 2, "int32" },
  int8 = { C.LAC_STORED_I8, 1, "int32" },
  uint8 = { C.LAC_STORED_U8, 1, "uint8" },
  uint16 = { C.LAC_STORED_U16, 2, "int32" },
  uint32 = { C.LAC_STORED_U32, 4, "int64" },
  uint64 = { C.LAC_STORED_U64, 8, "int64" },
  bool = { C.LAC_STORED_BOOL, 1, "uint8" },
}

local MOST_DIMS = 8
local EXACT = 2^53
-- How much larger than the file a tensor may be that repeats elements (stride 0).
local EXPANSION = 16 * 2^20

--- Bytes of one element of this dtype in a file, or nil for no dtype.
function stored.element_size(dtype)
  local t = types[dtype]
  return t and t[2]
end

---@return boolean
function stored.is(v)
  return type(v) == "table" and getmetatable(v) == Stored
end

local function where(name)
  return name and name .. ": " or ""
end

local function check_whole(f, name, field, v)
  if type(v) ~= "number" or v % 1 ~= 0 or v >= EXACT or v < 0 then
    f:fail("%s%s: %s, expected a whole number from 0", where(name), field, tostring(v))
  end
  return v
end

local function check_dtype(f, name, dtype)
  return types[dtype] or f:fail("%sdtype: '%s', expected floats, integers or booleans",
    where(name), tostring(dtype))
end

-- Once for a storage, however many views it has.
local function check_storage(f, name, storage)
  if storage.checked == f then return end
  local size = check_dtype(f, name, storage.dtype)[2]
  check_whole(f, name, "storage offset", storage.offset)
  check_whole(f, name, "storage size", storage.count)
  local bytes = storage.count * size
  if storage.offset > f.size or bytes > f.size - storage.offset then
    f:fail("%sstorage '%s': %.0f bytes at byte %.0f, but the file has %.0f bytes", where(name),
      tostring(storage.key), bytes, storage.offset, f.size)
  end
  storage.bytes, storage.checked, storage.views = bytes, f, 0
end

-- Sizes without a product that would wrap in C; returns the number of elements.
local function check_shape(f, name, shape, size)
  if #shape > MOST_DIMS then
    f:fail("%sshape: %d dimensions, expected at most %d", where(name), #shape, MOST_DIMS)
  end
  local count, extent = 1, size
  for i = 1, #shape do
    check_whole(f, name, "shape", shape[i])
    count = count * shape[i]
    extent = extent * math.max(shape[i], 1)
    if extent >= EXACT then f:fail("%sshape: more than 2^53 bytes", where(name)) end
  end
  return count
end

local function contiguous(shape)
  local strides, step = {}, 1
  for i = #shape, 1, -1 do
    strides[i] = step
    step = step * math.max(shape[i], 1)
  end
  return strides
end

-- The last element lies in the storage. Sums of doubles stay at or above 2^53 once they are there.
local function check_view(f, s, size)
  if #s.strides ~= #s.shape then
    f:fail("%sstrides: %d of them for %d dimensions", where(s.name), #s.strides, #s.shape)
  end
  local last = check_whole(f, s.name, "offset", s.offset)
  for i = 1, #s.shape do
    check_whole(f, s.name, "strides", s.strides[i])
    last = last + math.max(s.shape[i] - 1, 0) * s.strides[i]
  end
  local room = math.floor(s.storage.bytes / size)
  if s.count > 0 and last >= room then
    f:fail("%sstorage '%s': has %.0f elements, but the tensor reaches to element %.0f",
      where(s.name), tostring(s.storage.key), room, last + 1)
  end
  if s.count * size > f.size + EXPANSION then
    f:fail("%sshape: %.0f bytes in a file of %.0f", where(s.name), s.count * size, f.size)
  end
end

--- Checks and describes a tensor in a file. `strides` are in elements, contiguous by default.
---@param spec table  {file=, name=, dtype=, shape=, strides=, offset=, storage=}
---@return lacuna.convert.Stored
function stored.new(spec)
  local f, name = spec.file, spec.name
  local size = check_dtype(f, name, spec.dtype)[2]
  check_storage(f, name, spec.storage)
  local s = setmetatable({
    file = f, name = name, dtype = spec.dtype, shape = spec.shape, offset = spec.offset or 0,
    storage = spec.storage,
  }, Stored)
  s.count = check_shape(f, name, s.shape, size)
  s.strides = spec.strides or contiguous(s.shape)
  check_view(f, s, size)
  s.storage.views = s.storage.views + 1
  return s
end

--- Number of elements.
---@return integer
function methods.numel(s) return s.count end

--- Bytes of the elements, in the dtype of the file.
---@return integer
function methods.bytes(s) return s.count * types[s.dtype][2] end

--- The dtype of the tensor that `read` gives.
---@return string
function methods.target_dtype(s) return types[s.dtype][3] end

--- True where other tensors view the same storage.
---@return boolean
function methods.is_shared(s) return s.storage.views > 1 end

local desc = ffi.new("lac_stored")

-- A tensor over the storage of `s`; `loaded` is that storage in memory, or nil.
local function read(s, dtype, shape, strides, offset, loaded)
  local storage = s.storage
  ffi.fill(desc, ffi.sizeof(desc))
  desc.size = ffi.sizeof(desc)
  desc.type = types[dtype][1]
  desc.big_endian = storage.big_endian and 1 or 0
  desc.ndim = #shape
  for i = 1, #shape do
    desc.shape[i - 1] = shape[i]
    desc.stride[i - 1] = strides[i]
  end
  desc.offset = offset
  desc.storage_offset, desc.storage_bytes = storage.offset, storage.bytes
  desc.has_crc32 = storage.crc32 and 1 or 0
  desc.crc32 = storage.crc32 or 0
  local name = s.name or ("storage " .. tostring(storage.key))
  desc.name = name
  local y = T.blank()
  native.call(C.lac_file_read_tensor, native.ctx, s.file:checked_handle(), desc,
    loaded and loaded.h or nil, y.box)
  return T.filled(y, loaded, name, s)
end

-- The bytes of a storage that several tensors view.
local function load(s)
  local storage = s.storage
  local loaded = storage.loaded
  if loaded and loaded.h ~= nil then return loaded end -- else a scope released it
  storage.loaded = read(s, "uint8", { storage.bytes }, { 1 }, 0)
  return storage.loaded
end

--- Gives back what is kept of a storage for its views that have not been read.
---@param storage table
function stored.release(storage)
  if storage.loaded then storage.loaded:free() end
  storage.loaded = nil
end

--- The tensor: contiguous, in the dtype of the file or the next wider one that tensors have.
---@return Tensor
function methods.read(s)
  local storage = s.storage
  local shared = storage.views > 1 and storage.bytes > 0
  local t = read(s, s.dtype, s.shape, s.strides, s.offset, shared and load(s) or nil)
  if not s.was_read then
    s.was_read = true
    storage.read_views = (storage.read_views or 0) + 1
  end
  if storage.loaded and storage.read_views >= storage.views then stored.release(storage) end
  return t
end

return stored
