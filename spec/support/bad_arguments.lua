-- bad_arguments.lua - calls every function of the headers with arguments that are wrong in one
-- place. A process of its own: what crashes is the last call that it printed. Prints "bad: WHAT"
-- for each call that did not fail as it should, and last "calls: N".

local ffi = require "ffi"
local build = assert(os.getenv("LACUNA_BUILD"))
io.stdout:setvbuf "no"

local function read(path)
  local f = assert(io.open(path))
  local text = f:read "*a"
  f:close()
  return text
end

-- What ffi.cdef can read of a header: no comments, no preprocessor.
local function body(header)
  local text = read("runtime/include/lacuna/" .. header):gsub("/%*.-%*/", "")
  text = ("\n" .. text):gsub("\n#[^\n]*", ""):gsub('extern "C" {', "")
  return (text:gsub("\n}%s*$", "\n"))
end

local texts = { body "lacuna.h", body "lacuna_script.h", body "lacuna_dlpack.h" }
for _, text in ipairs(texts) do ffi.cdef(text) end
local C = ffi.load(build .. "/liblacuna.so", true)
local S = ffi.load(build .. "/liblacuna_script.so")
local OK, ARGUMENT, DTYPE, DEVICE = 0, 1, 3, 4

-- Pointers that may be NULL, by function.
local nullable = {}
for name, list in ([[
  lac_context_create: options  lac_tensor_wrap: data deleter user
  lac_sort: values indices  lac_unique: rows index inverse
  lac_linear: bias  lac_sparse_create: desc  lac_kernel_map_build: out_rows
  lac_global_pool: sample  lac_group_norm: sample  lac_quantize: inverse index dropped
  lac_scatter_mean: counts  lac_point_voxelize: scaled index  lac_hash_rows: offsets
  lac_voxelize: info  lac_points_read: options  lac_ply_write: colours labels
  lac_birds_eye: colours  lac_hdf5_attr_write: text value  lac_file_open: op
  lac_file_read_tensor: loaded  lac_fail: text  lac_script_create: options
  lac_script_run_string: name out  lac_script_run_file: out
  lac_script_load_model: config_json weights  lac_model_forward: in out
]]):gmatch("(lac_[%w_]+): ([%w_ -]-)%s%s") do nullable[name] = " " .. list .. " " end

local function check(status, what)
  if status ~= OK then
    local text = ffi.string(C.lac_last_error())
    if text == "" or text:find "\n" then print("bad: " .. what .. ": no message of one line") end
  end
end

-- Of an enum or a field that is none: the status of a function that has one must say so.
local function refused(status, what)
  if not status then return end
  check(status, what)
  if status ~= ARGUMENT and status ~= DTYPE and status ~= DEVICE then
    print("bad: " .. what .. " gave " .. status)
  end
end

local keep = {}
local function kept(v) keep[#keep + 1] = v; return v end
local function made(type, fn, ...)
  local box = ffi.new(type .. " *[1]")
  local count, arguments = select("#", ...) + 1, { ... }
  arguments[count] = box
  local status = fn(unpack(arguments, 1, count))
  assert(status == 0, type .. ": " .. ffi.string(C.lac_last_error()))
  return box[0]
end

local function sized(type)
  local s = kept(ffi.new(type))
  s.size = ffi.sizeof(type)
  return s
end

-- One valid object of each type.
local ctx = made("lac_context", C.lac_context_create, nil)
local desc = sized "lac_tensor_desc"
desc.ndim, desc.shape[0], desc.shape[1] = 2, 4, 4
local t = made("lac_tensor", C.lac_tensor_create, ctx, desc)
C.lac_fill(ctx, t, 1, 1)
desc.ndim, desc.shape[0], desc.shape[2] = 3, 27, 4
local taps = made("lac_tensor", C.lac_tensor_create, ctx, desc)
desc.ndim, desc.shape[0] = 2, 4
local quantize = sized "lac_quantize_options"
for i = 0, 2 do quantize.voxel_size[i] = 1 end
local box = ffi.new "lac_sparse *[1]"
assert(C.lac_quantize(ctx, t, quantize, box, nil, nil, nil) == 0)
local conv = sized "lac_conv3d_options"
for i = 0, 2 do conv.kernel_size[i], conv.padding[i] = 3, -1 end
conv.kmap_mode, conv.downsample_mode = -1, -1
local map = ffi.new "lac_kernel_map *[1]"
assert(C.lac_kernel_map_build(ctx, box[0], conv, map, nil) == 0)
local folder = assert(arg[1])
local h5_path = folder .. "/a.h5"
local h5 = made("lac_hdf5", C.lac_hdf5_open, ctx, h5_path, "w")
assert(C.lac_hdf5_write(ctx, h5, "/w", t, 0) == 0 and C.lac_hdf5_close(h5) == 0)
local script = made("lac_script", S.lac_script_create, ctx, nil)
local objects = {
  lac_context = ctx, lac_tensor = t, lac_sparse = box[0], lac_kernel_map = map[0],
  lac_coords = C.lac_sparse_coords(box[0]),
  lac_hdf5 = made("lac_hdf5", C.lac_hdf5_open, ctx, h5_path, "r"),
  lac_file = made("lac_file", C.lac_file_open, ctx, "f", h5_path),
  lac_weights = made("lac_weights", C.lac_weights_open, h5_path),
  lac_script = script,
}
objects["struct lua_State"] = S.lac_script_state(script)
local given = {
  lac_quantize_options = quantize, lac_conv3d_options = conv, lac_tensor_desc = desc,
}

local function valid(type)
  local star = type:gsub("%s*%*$", ""):gsub("const ", ""):gsub("%s+$", "")
  star = star:gsub("^struct (lac_)", "%1")
  if objects[star] then return objects[star] end
  if star == "char" then return type:find "const" and "x" or kept(ffi.new "char[64]") end
  if star:find "_options$" or star == "lac_tensor_desc" or star == "lac_sparse_desc"
    or star == "lac_stored" then
    return given[star] or sized(star)
  end
  if star:find "%*$" or star == "void" then return kept(ffi.new("void *[64]")) end
  if ffi.sizeof(star) == nil then -- never looked into
    return ffi.cast(star .. " *", kept(ffi.new "void *[64]"))
  end
  return kept(ffi.new(star .. "[16]"))
end

-- Prototypes: name -> result, list of { type, name }.
local prototypes = {}
for i, text in ipairs(texts) do
  for result, name, list in text:gmatch "\n([%w_ ]+[%s%*]+)(lac_[%w_]+)(%b());" do
    local p = { name = name, status = result:find "lac_status" ~= nil, lib = i == 2 and S or C }
    list = list:sub(2, -2):gsub("%s+", " "):gsub("void %(%*(%w+)%)%b()", "lac_function *%1")
    for argument in list:gmatch "[^,]+" do
      local type, id = argument:match "^%s*(.-)([%w_]+)%s*$"
      if argument:find "%[" then
        type, id = argument:match "^%s*(.-) ([%w_]+)%["
        type = type .. " *"
      end
      if argument:match "^%s*void%s*$" == nil then p[#p + 1] = { type = type, name = id } end
    end
    prototypes[#prototypes + 1] = p
  end
end

local function good_arguments(p)
  local list = { n = #p }
  for i, a in ipairs(p) do
    if a.type:find "lac_function" then list[i] = nil
    elseif a.type:find "%*" then
      local v = valid(a.type)
      if p.name == "lac_conv3d" and a.name == "weight" then v = taps end
      if type(v) == "cdata" and tostring(ffi.typeof(v)):find "void %*" then
        v = ffi.cast((a.type:gsub("const ", ""):gsub("struct (DL%w+)", "struct %1")), v)
      end
      list[i] = v
    else
      list[i] = 0
    end
  end
  return list
end

local calls = 0
local function call(p, list, what)
  calls = calls + 1
  print("call: " .. what)
  local result = p.lib[p.name](unpack(list, 1, list.n))
  return p.status and tonumber(result) or nil
end

for _, p in ipairs(prototypes) do
  for i, a in ipairs(p) do
    local may = nullable[p.name] and nullable[p.name]:find(" " .. a.name .. " ", 1, true)
    if a.type:find "%*" and not may and not a.type:find "lac_function" then
      local list = good_arguments(p)
      list[i] = nil
      -- `data` and the like may be NULL where there is nothing to copy.
      for k, b in ipairs(p) do
        if b.name == "bytes" then list[k] = 64 end
        if b.name:find "^m_max$" or b.name == "n" or b.name == "fields" or b.name == "ndim"
          or b.name == "count" and not b.type:find "%*" or b.name == "capacity" then list[k] = 1 end
      end
      local what = p.name .. " with " .. a.name .. " NULL"
      local status = call(p, list, what)
      if status then
        check(status, what)
        if status ~= ARGUMENT then print("bad: " .. what .. " gave " .. status) end
      end
    end
  end
end

-- Enums that no header has.
local enums = {}
for _, text in ipairs(texts) do
  for name in text:gmatch "typedef enum (lac_[%w_]+)" do enums[name] = true end
end
for _, p in ipairs(prototypes) do
  for i, a in ipairs(p) do
    if enums[a.type:match "^[%w_]+"] and not a.type:find "%*" and a.name ~= "status" then
      for _, value in ipairs { -1, 99, -2147483648, 2147483647 } do
        local list = good_arguments(p)
        list[i] = ffi.cast(a.type, value)
        local what = string.format("%s with %s %d", p.name, a.name, value)
        refused(call(p, list, what), what)
      end
    end
  end
end

-- Structs that say another size than theirs: of a host that was built with another header.
for _, p in ipairs(prototypes) do
  for i, a in ipairs(p) do
    local type = a.type:match "^const (lac_[%w_]+) %*$"
    if type and (type:find "_options$" or type:find "_desc$" or type == "lac_stored") then
      for _, size in ipairs { 0, 4, ffi.sizeof(type) - 4, ffi.sizeof(type) + 8, 2 ^ 32 - 1 } do
        local list = good_arguments(p)
        local copy = ffi.new(type)
        ffi.copy(copy, list[i], ffi.sizeof(type))
        copy.size = size
        list[i] = copy
        local what = string.format("%s with %s.size %d", p.name, a.name, size)
        local status = call(p, list, what)
        check(status, what)
        if status ~= ARGUMENT then print("bad: " .. what .. " gave " .. status) end
      end
    end
  end
end

-- Fields of options that stand for an enum.
local fields = {
  { "lac_conv3d", "lac_conv3d_options", "kmap_mode dataflow downsample_mode sort splits" },
  { "lac_kernel_map_build", "lac_conv3d_options", "kmap_mode downsample_mode" },
  { "lac_quantize", "lac_quantize_options", "rounding reduce" },
  { "lac_tensor_create", "lac_tensor_desc", "dtype device" },
  { "lac_context_create", "lac_context_options", "device threads" },
  { "lac_script_create", "lac_script_options", "jit" },
}
for _, f in ipairs(fields) do
  for _, p in ipairs(prototypes) do
    for i, a in ipairs(p) do
      if p.name == f[1] and a.type:find(f[2], 1, true) then
        for field in f[3]:gmatch "%S+" do
          for _, value in ipairs { -7, 99999 } do
            local list = good_arguments(p)
            local copy = ffi.new(f[2])
            ffi.copy(copy, list[i], ffi.sizeof(f[2]))
            copy[field] = value
            list[i] = copy
            local what = string.format("%s with %s %d", p.name, field, value)
            refused(call(p, list, what), what)
          end
        end
      end
    end
  end
end

print("calls: " .. calls)
