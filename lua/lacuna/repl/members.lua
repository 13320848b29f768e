-- members.lua: the names behind a value: fields, methods, classes, parts not loaded yet.
--
-- A table whose names do not lie in it says them through its metatable: `__names(value)`.

local members = {}

-- The module if it is loaded. A value of one of its types cannot be there before.
local function loaded(name)
  local module = package.loaded["lacuna." .. name]
  return type(module) == "table" and module or nil
end

local function add_keys(set, t)
  for key in next, t do
    if type(key) == "string" then set[key] = true end
  end
end

local function add_list(set, list)
  for _, name in ipairs(list) do
    if type(name) == "string" then set[name] = true end
  end
end

local function add_cdata(set, value)
  local tensor, coords, kernel_map = loaded "tensor", loaded "coords", loaded "kernel_map"
  if tensor and tensor.is(value) then return add_keys(set, tensor.methods) end
  if coords and coords.is(value) then
    add_keys(set, coords.methods)
    return add_keys(set, tensor.methods)
  end
  if kernel_map and kernel_map.is(value) then add_keys(set, kernel_map.methods) end
end

-- Returns whether the value was a class or an object of one.
local function add_class(set, value)
  local class = loaded "nn.class"
  if not class then return false end
  if class.is_class(value) then
    add_list(set, class.member_names(value))
    return true
  end
  local own = class.of(value)
  if not own then return false end
  add_list(set, class.member_names(own))
  local slots = rawget(value, "_slots")
  if slots then add_list(set, slots.order) end
  return true
end

local function add_table(set, value, depth)
  if add_class(set, value) then return end
  add_keys(set, value)
  local meta = getmetatable(value)
  if type(meta) ~= "table" then return end
  local names = rawget(meta, "__names")
  if names then add_list(set, names(value)) end
  local index = rawget(meta, "__index")
  if type(index) == "table" and depth < 10 then add_table(set, index, depth + 1) end
end

--- The names, in order. Nothing is called but `__names` functions.
---@return string[]
function members.of(value)
  local set, kind = {}, type(value)
  if kind == "table" then
    add_table(set, value, 0)
  elseif kind == "cdata" then
    add_cdata(set, value)
  elseif kind == "string" then
    add_keys(set, string)
  elseif kind == "userdata" then
    local meta = getmetatable(value)
    local index = type(meta) == "table" and meta.__index
    if type(index) == "table" then add_keys(set, index) end
  end
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

return members
