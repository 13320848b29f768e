-- container.lua: opens a file of weights of any kind, which its first bytes tell; the name never.
--
-- What comes back is a tree of plain data: ordered maps, arrays, texts, numbers, and objects that
-- stand for tensors: their shape and dtype are known, their values are read when `:read()` is
-- called.

local container = {}

local ZIP, ZIP_EMPTY = "PK\3\4", "PK\5\6"
local HDF5 = "\137HDF\r\n\26\n"
local HEAD = 4096 -- bytes that are looked at

-- What people hand over instead of a checkpoint: a plain beginning and what it is.
local others = {
  { "version https://git-lfs", "a git LFS pointer and not the file: run git lfs pull" },
  { "\147NUMPY", "a NumPy array" },
  { "\31\139", "a gzip file: unpack it first" },
  { "BZh", "a bzip2 file: unpack it first" },
  { "\253" .. "7zXZ", "an xz file: unpack it first" },
  { "\40\181\47\253", "a Zstandard file: unpack it first" },
  { "7z\188\175", "a 7z archive: unpack it first" },
  { "Rar!", "a RAR archive: unpack it first" },
  { "\127ELF", "a program or library" },
  { "%PDF", "a PDF document" },
  { "GGUF", "a GGUF file" },
  { "# .PCD", "a point cloud" },
  { "ply\n", "a point cloud or mesh" },
}

local function looks_like_html(head)
  local text = head:match("^[\239\187\191%s]*(.*)"):sub(1, 16):lower()
  return text:find("^<!doctype") or text:find("^<html") or text:find("^<%?xml")
end

-- A sentence about bytes that are none of ours.
local function guess(head)
  if #head == 0 then return "the file is empty" end
  for _, other in ipairs(others) do
    if head:sub(1, #other[1]) == other[1] then return "this is " .. other[2] end
  end
  if looks_like_html(head) then return "this is a web page, not what it was to deliver" end
  if head:sub(258, 262) == "ustar" then
    return "this is a tar archive, which PyTorch wrote before 0.1.10: save it with a newer one"
  end
  if not head:find("%z") and not head:find("[\1-\8\14-\31]") then return "this is a text" end
  local bytes = {}
  for i = 1, math.min(#head, 8) do bytes[i] = ("%02x"):format(head:byte(i)) end
  return "it begins with the bytes " .. table.concat(bytes, " ")
end

-- A header length, a brace, and a quote or a closing brace behind it.
local function is_safetensors(head)
  return #head >= 9 and head:sub(7, 8) == "\0\0" and head:find("^{%s*[\"}]", 9) ~= nil
    and head:sub(1, 2) ~= "PK"
end

-- HDF5 may begin behind a block of the user's, whose size is a power of two from 512.
local function is_hdf5(f, head)
  local at = 0
  while at + 8 <= f.size do
    local bytes = at + 8 <= #head and head:sub(at + 1, at + 8) or f:read(at, 8)
    if bytes == HDF5 then return true end
    at = at == 0 and 512 or at * 2
  end
  return false
end

local function kind_of(f)
  local head = f:read(0, math.min(f.size, HEAD))
  local first = head:sub(1, 4)
  if first == ZIP or first == ZIP_EMPTY then return "pytorch" end
  if head:sub(1, 1) == "\128" and head:find("^[\1-\5]", 2) then return "pytorch-legacy" end
  if is_hdf5(f, head) then return "hdf5" end
  if is_safetensors(head) then return "safetensors" end
  f:fail("%s, expected a PyTorch, safetensors or HDF5 file", guess(head))
end

local function read(f, kind)
  if kind == "pytorch" then return require("lacuna.convert.pytorch").read_zip(f) end
  if kind == "pytorch-legacy" then return require("lacuna.convert.pytorch").read_legacy(f) end
  return require("lacuna.convert.safetensors").read(f)
end

--- Opens a file. close() may be called more than once.
---@param path string
---@return table source  { path=, kind=, size=, value=, metadata=, close= }
function container.open(path)
  local f = require("lacuna.convert.file").open(path)
  local size = f.size
  local ok, kind = pcall(kind_of, f)
  if not ok then
    f:close()
    error(kind, 0)
  end
  if kind == "hdf5" then
    f:close()
    return require("lacuna.convert.hdf5_source").open(path, size)
  end
  local read_well, value, metadata = pcall(read, f, kind)
  if not read_well then
    f:close()
    error(value, 0)
  end
  return {
    path = path, kind = kind, size = size, value = value, metadata = metadata,
    close = function() f:close() end,
  }
end

return container
