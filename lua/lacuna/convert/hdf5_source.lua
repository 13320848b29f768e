-- hdf5_source.lua: an HDF5 file as a tree: groups are ordered maps, datasets stand for tensors.
--
-- A group may be a member of itself, and of others many times over, so that depth and number of
-- what is visited are bounded.

local errors = require "lacuna.errors"
local format = require "lacuna.weights_format"
local hdf5 = require "lacuna.hdf5"
local ordered = require "lacuna.nn.ordered"

local source = {}

local MAX_DEPTH = 64
local MAX_OBJECTS = 100000

local widths = {
  float32 = 4, float16 = 2, bfloat16 = 2, float64 = 8, int32 = 4, int64 = 8, uint8 = 1,
}

local Dataset = {}
local methods = {}

-- dtype and shape are asked for when somebody wants them: a file may hold datasets of other kinds.
function Dataset.__index(d, key)
  if methods[key] then return methods[key] end
  if key == "dtype" or key == "shape" or key == "stored_bytes" then
    local about = d.file:describe(d.path)
    d.dtype, d.shape, d.stored_bytes = about.dtype, about.shape, about.bytes
    return rawget(d, key)
  end
end

function methods.numel(d)
  local count = 1
  for _, n in ipairs(d.shape) do count = count * n end
  return count
end

--- Bytes of the values in their dtype.
function methods.bytes(d)
  return d:numel() * widths[d.dtype]
end

function methods.read(d)
  return d.file:read(d.path)
end

--- Does `v` stand for a dataset?
function source.is(v)
  return getmetatable(v) == Dataset
end

local function read_group(file, at, depth, count)
  if depth > MAX_DEPTH then
    errors.raisef("convert: %s: more than %d groups inside one another", file.path, MAX_DEPTH)
  end
  local group = ordered.map()
  for _, name in ipairs(file:list(at == "" and "/" or at)) do
    local path = at .. "/" .. name
    count.n = count.n + 1
    if count.n > MAX_OBJECTS then
      errors.raisef("convert: %s: more than %d objects", file.path, MAX_OBJECTS)
    end
    local kind = file:kind(path)
    if kind == "dataset" then
      group[name] = setmetatable({
        file = file, path = path, name = path:sub(2), storage = { key = path },
      }, Dataset)
    elseif kind == "group" then
      group[name] = read_group(file, path, depth + 1, count)
    end
  end
  return group
end

--- The container of an HDF5 file: see container.lua.
function source.open(path, size)
  local file = hdf5.open(path, "r")
  local ok, value, name = pcall(function()
    local name = format.read(file)
    return read_group(file, "", 1, { n = 0 }), name
  end)
  if not ok then
    file:close()
    error(value, 0)
  end
  return {
    path = path, kind = "hdf5", size = size, value = value, file = file, format = name,
    close = function() file:close() end,
  }
end

return source
