-- class.lua: classes with single inheritance, for modules.
--
-- A class is an empty table in front of its members, so that every assignment to it is seen: a
-- metamethod (`function B:__tostring()`) is copied into the metatable of its instances and of those
-- of the classes below it, because Lua does not look metamethods up through __index. Members are
-- looked up through the chain of bases.

local errors = require "lacuna.errors"

local class = {}

-- class -> { name, base, members, meta, below = {classes derived from it} }
local info = setmetatable({}, { __mode = "k" })
-- metatable of instances -> class
local class_of = setmetatable({}, { __mode = "k" })

local metamethods = {
  __add = true, __sub = true, __mul = true, __div = true, __mod = true, __pow = true,
  __unm = true, __concat = true, __eq = true, __lt = true, __le = true, __call = true,
  __tostring = true,
}

-- Copies a metamethod to the instances of `c`, and of the classes below that do not have their own.
local function install(c, key, value)
  local i = info[c]
  i.meta[key] = value
  for below in pairs(i.below) do
    if rawget(info[below].members, key) == nil then install(below, key, value) end
  end
end

local class_meta = {
  __index = function(c, key)
    return info[c].members[key]
  end,
  __newindex = function(c, key, value)
    if key == "__index" or key == "__newindex" then
      errors.raisef("nn.class: %s.%s is in use by the class itself", info[c].name, key)
    end
    rawset(info[c].members, key, value)
    if metamethods[key] then install(c, key, value) end
  end,
  __call = function(c, ...)
    local object = setmetatable({}, info[c].meta)
    local prepare = c.__new
    if prepare then prepare(object) end
    c.__init(object, ...)
    return object
  end,
  __tostring = function(c)
    return "class " .. info[c].name
  end,
}

--- Makes a class without a default base; nn.class makes those derived from nn.Module.
---@param name string
---@param base table|nil
---@param access table|nil  __index and __newindex of instances; those of the base by default
function class.new(name, base, access)
  local c = setmetatable({}, class_meta)
  local meta = { __name = name }
  local members = { super = base }
  if base then
    local b = info[base]
    setmetatable(members, { __index = b.members })
    for key, value in pairs(b.meta) do meta[key] = meta[key] or value end
    b.below[c] = true
  end
  for key, value in pairs(access or {}) do meta[key] = value end
  info[c] = {
    name = name, base = base, members = members, meta = meta,
    below = setmetatable({}, { __mode = "k" }),
  }
  class_of[meta] = c
  return c
end

--- The class of an instance, or nil.
function class.of(value)
  if type(value) ~= "table" then return nil end
  return class_of[getmetatable(value)]
end

--- True for a class, as opposed to an instance or anything else.
function class.is_class(value)
  return type(value) == "table" and info[value] ~= nil
end

--- The name that the class was made with.
function class.name(c)
  return info[c].name
end

--- Is `value` an instance of `c` or of a class derived from it?
---@return boolean
function class.is(value, c)
  local own = class.of(value)
  while own do
    if own == c then return true end
    own = info[own].base
  end
  return false
end

--- The names of all members of a class, inherited ones included.
function class.member_names(c)
  local names = {}
  while c do
    for key in pairs(info[c].members) do
      if type(key) == "string" and key:sub(1, 1) ~= "_" then names[#names + 1] = key end
    end
    c = info[c].base
  end
  return names
end

return class
