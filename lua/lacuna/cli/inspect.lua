-- inspect.lua: `lacuna inspect FILE`: what a file of weights holds, without reading its tensors.

local common = require "lacuna.cli.common"

local inspect = {}

local MAX_TEXT = 200   -- characters of a value that are shown
local MAX_VALUES = 1000 -- values that are no tensors

local function plain(value)
  if type(value) == "string" then
    local text = value:gsub("[%c\127]", "?")
    if #text > MAX_TEXT then text = text:sub(1, MAX_TEXT) .. "..." end
    return text
  end
  if type(value) == "cdata" then return tostring(value):gsub("U?LL$", "") end
  return value
end

-- The attributes of an HDF5 file's root, groups and datasets, in the order of the objects.
local function add_attributes(found, source)
  local file = source.file
  local tree = require "lacuna.convert.tree"
  local function add(path)
    for _, name in ipairs(file:attrs(path)) do
      found.attributes[#found.attributes + 1] = {
        object = path, name = name, value = file:attr(path, name),
      }
    end
  end
  local function walk(node, at)
    add(at == "" and "/" or at)
    for name, value in node do
      local path = at .. "/" .. name
      if tree.is_map(value) then walk(value, path) else add(path) end
    end
  end
  walk(source.value, "")
end

-- Versions of modules beside a dict, in one text each.
local function add_metadata(found, source)
  local metadata = require "lacuna.convert.metadata"
  local tree = require "lacuna.convert.tree"
  local function add(where, map)
    for key, value in map do
      if type(value) == "table" and tree.is_map(value) then
        for field, inner in value do
          found.metadata[#found.metadata + 1] = {
            object = where, name = tostring(key) .. "." .. tostring(field), value = plain(inner),
          }
        end
      elseif type(value) ~= "table" then
        found.metadata[#found.metadata + 1] = {
          object = where, name = tostring(key), value = plain(value),
        }
      end
    end
  end
  if tree.is_map(source.metadata) then add("", source.metadata) end
  local seen = {}
  local function look(where, node, depth)
    if not tree.is_map(node) or depth > 4 or seen[node] or #where > MAX_TEXT then return end
    seen[node] = true
    local map = metadata.get(node)
    if tree.is_map(map) then add(where, map) end
    for key, value in node do look(where .. "/" .. tostring(key), value, depth + 1) end
  end
  look("", source.value, 1)
end

-- Tensors in the order of the file; those over one storage are marked with the first of them.
local function add_tensors(found, source)
  local tree = require "lacuna.convert.tree"
  local first, storages = {}, {}
  local hdf5 = source.kind == "hdf5"
  local function tensor(name, stored)
    local storage = stored.storage
    local about = {
      name = hdf5 and stored.path or name, dtype = stored.dtype, shape = stored.shape,
      bytes = stored:bytes(), stored = stored.stored_bytes,
    }
    if not hdf5 then
      about.storage = tostring(storage.key)
      if first[storage] then
        about.shares = first[storage]
      else
        first[storage] = name
        storages[#storages + 1] = storage
        local size = require("lacuna.convert.stored").element_size(storage.dtype)
        found.stored = found.stored + storage.count * size
      end
      local step, contiguous = 1, true
      for i = #stored.shape, 1, -1 do
        contiguous = contiguous and (stored.shape[i] == 1 or stored.strides[i] == step)
        step = step * stored.shape[i]
      end
      about.contiguous = contiguous
      if stored.offset > 0 then about.offset = stored.offset end
      if not contiguous then about.strides = stored.strides end
    else
      found.stored = found.stored + stored.stored_bytes
    end
    found.tensors[#found.tensors + 1] = about
    found.bytes = found.bytes + about.bytes
  end
  local function other(name, value)
    if #found.values < MAX_VALUES then
      found.values[#found.values + 1] = { name = name, value = plain(value) }
    else
      found.more_values = (found.more_values or 0) + 1
    end
  end
  found.left_out = tree.walk(source.value, tensor, not hdf5 and other or nil)
end

local function shown(value)
  if type(value) == "table" then return "[" .. table.concat(value, ", ") .. "]" end
  return tostring(value)
end

local function print_list(title, list)
  if #list > 0 then print(title) end
  for _, a in ipairs(list) do
    local object = a.object and a.object ~= "" and a.object .. " " or ""
    print(string.format("  %s%s = %s", plain(object), plain(a.name), shown(a.value)))
  end
end

local function remark(t)
  local parts = {}
  if t.shares then parts[#parts + 1] = "shares the storage of " .. plain(t.shares) end
  if t.strides then parts[#parts + 1] = "strides " .. shown(t.strides) end
  if t.offset then parts[#parts + 1] = "offset " .. t.offset end
  return #parts > 0 and "  " .. table.concat(parts, ", ") or ""
end

local function print_tables(found)
  print_list("attributes", found.attributes)
  print_list("values", found.values)
  if found.more_values then print(string.format("  and %d more", found.more_values)) end
  print_list("metadata", found.metadata)
  print "tensors"
  local width = 0
  for _, t in ipairs(found.tensors) do width = math.max(width, math.min(#t.name, 80)) end
  for _, t in ipairs(found.tensors) do
    print(string.format("  %-" .. width .. "s  %-9s %-20s %12s%s", plain(t.name), t.dtype,
      "[" .. table.concat(t.shape, ", ") .. "]", common.bytes(t.bytes), remark(t)))
  end
  if found.left_out > 0 then
    print(string.format("%d branches are left out: too deep, or inside themselves", found.left_out))
  end
  print(string.format("%d tensors, %s (%s in the file)", #found.tensors, common.bytes(found.bytes),
    common.bytes(found.stored)))
end

function inspect.main(args)
  local parser = common.parser("inspect", "Lists the tensors of an HDF5, PyTorch or safetensors "
    .. "file, and what else is in it. Nothing in it is executed.")
  parser:argument("file", "HDF5, PyTorch (.pt, .pth) or safetensors file")
  parser:flag("--json", "as one JSON object")
  local options = common.parse(parser, args)
  if not options then return 2 end
  common.check_readable(options.file)
  local found = {
    file = options.file, tensors = {}, attributes = {}, values = {}, metadata = {}, bytes = 0,
    stored = 0,
  }
  require("lacuna.convert").with(options.file, function(source)
    found.kind, found.size = source.kind, source.size
    if source.kind == "hdf5" then
      add_attributes(found, source)
    else
      add_metadata(found, source)
    end
    add_tensors(found, source)
  end)
  if options.json then
    print(common.json(found, {
      "shape", "tensors", "attributes", "values", "metadata", "strides",
    }))
  else
    print_tables(found)
  end
  return 0
end

return inspect
