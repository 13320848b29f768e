-- inspect.lua: `lacuna inspect FILE.h5`: what an HDF5 file holds, without reading its tensors.

local ffi = require "ffi"
local common = require "lacuna.cli.common"

local inspect = {}

local GROUP, DATASET = 1, 2

-- Short-hand for the calls that have no place in lacuna.hdf5: they walk without reading.
local function open(path)
  local native = require "lacuna.native"
  local C, ctx, call = native.C, native.ctx, native.call
  local box = ffi.new("lac_hdf5 *[1]")
  call(C.lac_hdf5_open, ctx, path, "r", box)
  local handle = ffi.gc(box[0], C.lac_hdf5_release)
  local number, kind = ffi.new("int64_t[1]"), ffi.new("int32_t[1]")
  local name, text = ffi.new("char[1024]"), ffi.new("char *[1]")
  local value = ffi.new("lac_tensor *[1]")
  local T = require "lacuna.tensor"
  local file = {}

  function file.kind(at)
    call(C.lac_hdf5_kind, handle, at, kind)
    return kind[0]
  end

  function file.children(at)
    call(C.lac_hdf5_count, handle, at, number)
    local names = {}
    for i = 1, tonumber(number[0]) do
      call(C.lac_hdf5_name, handle, at, i - 1, name, 1024)
      names[i] = ffi.string(name)
    end
    return names
  end

  function file.describe(at)
    local desc, stored = ffi.new("lac_tensor_desc"), ffi.new("uint64_t[1]")
    desc.size = ffi.sizeof(desc)
    call(C.lac_hdf5_describe, handle, at, desc, stored)
    local shape, count = {}, 1
    for i = 1, desc.ndim do
      shape[i] = tonumber(desc.shape[i - 1])
      count = count * shape[i]
    end
    return {
      dtype = ffi.string(C.lac_dtype_name(desc.dtype)), shape = shape,
      bytes = count * tonumber(C.lac_dtype_size(desc.dtype)), stored = tonumber(stored[0]),
    }
  end

  local function attribute(at, key)
    text[0], value[0] = nil, nil
    call(C.lac_hdf5_attr_read, ctx, handle, at, key, text, value)
    if text[0] ~= nil then
      local copy = ffi.string(text[0])
      C.lac_text_free(text[0])
      return copy
    elseif value[0] ~= nil then
      local t = T.wrap(value[0])
      if t:dim() == 0 then return tonumber(t:item()) end
      return t:totable()
    end
  end

  function file.attributes(at)
    call(C.lac_hdf5_attr_count, handle, at, number)
    local names, found = {}, {}
    for i = 1, tonumber(number[0]) do
      call(C.lac_hdf5_attr_name, handle, at, i - 1, name, 1024)
      names[i] = ffi.string(name)
    end
    for i, key in ipairs(names) do found[i] = { name = key, value = attribute(at, key) } end
    return found
  end

  return file
end

-- Adds the tensors below `at` and the attributes of everything on the way.
local function walk(file, at, into)
  for _, attribute in ipairs(file.attributes(at)) do
    into.attributes[#into.attributes + 1] = {
      object = at, name = attribute.name, value = attribute.value,
    }
  end
  local kind = file.kind(at)
  if kind == DATASET then
    local tensor = file.describe(at)
    tensor.name = at
    into.tensors[#into.tensors + 1] = tensor
    into.bytes = into.bytes + tensor.bytes
    into.stored = into.stored + tensor.stored
  elseif kind == GROUP then
    for _, name in ipairs(file.children(at)) do
      walk(file, (at == "/" and "" or at) .. "/" .. name, into)
    end
  end
end

local function shown(value)
  if type(value) == "table" then return "[" .. table.concat(value, ", ") .. "]" end
  return tostring(value)
end

local function print_tables(found)
  if #found.attributes > 0 then print "attributes" end
  for _, a in ipairs(found.attributes) do
    print(string.format("  %s %s = %s", a.object, a.name, shown(a.value)))
  end
  print "tensors"
  local width = 0
  for _, t in ipairs(found.tensors) do width = math.max(width, #t.name) end
  for _, t in ipairs(found.tensors) do
    print(string.format("  %-" .. width .. "s  %-9s %-20s %12s", t.name, t.dtype,
      "[" .. table.concat(t.shape, ", ") .. "]", common.bytes(t.bytes)))
  end
  print(string.format("%d tensors, %s (%s in the file)", #found.tensors, common.bytes(found.bytes),
    common.bytes(found.stored)))
end

function inspect.main(args)
  local parser = common.parser("inspect", "Lists the tensors and attributes of an HDF5 file.")
  parser:argument("file", "HDF5 file")
  parser:flag("--json", "as one JSON object")
  local options = common.parse(parser, args)
  if not options then return 2 end
  common.check_readable(options.file)
  local found = { file = options.file, tensors = {}, attributes = {}, bytes = 0, stored = 0 }
  walk(open(options.file), "/", found)
  if options.json then
    print(common.json(found, { "shape", "tensors", "attributes" }))
  else
    print_tables(found)
  end
  return 0
end

return inspect
