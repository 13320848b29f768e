-- containers.lua: what Sequential and ModuleList share.
--
-- The items of a container are a real array: `#l`, `l[i]` and ipairs work on it. In paths the items
-- are named from 0, as in PyTorch, unless add_module gave them a name.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"

local Container = class.new("Container", Module)

function Container.__new(self)
  Module.__new(self)
  rawset(self, "_names", {}) -- position -> name, for items that have one of their own
end

--- Container(a, b, ...) or Container{a, b, ...}
function Container:__init(first, ...)
  if type(first) == "table" and not class.is(first, Module) and select("#", ...) == 0 then
    for i = 1, #first do self:add(first[i]) end
    for key in pairs(first) do
      if type(key) ~= "number" or key < 1 or key > #first then
        errors.raisef("%s: key '%s' in the list of modules: use add_module(name, module)",
          class.name(class.of(self)), tostring(key))
      end
    end
    return
  end
  local count = first == nil and select("#", ...) == 0 and 0 or 1 + select("#", ...)
  local items = { first, ... }
  for i = 1, count do self:add(items[i]) end
end

--- Appends a module; returns self.
---@param module table
---@usage net:add(nn.Linear(8, 19))
function Container:add(module)
  if not class.is(module, Module) then
    errors.raisef("%s: item %d is a %s, expected a module", class.name(class.of(self)), #self + 1,
      type(module))
  end
  rawset(self, #self + 1, module)
  return self
end

local function name_of(self, i)
  return rawget(self, "_names")[i] or tostring(i - 1)
end

local function position_of(self, name)
  for i = 1, #self do
    if name_of(self, i) == name then return i end
  end
end

--- Appends a module under a name, or replaces the one of that name; returns self.
---@param name string
---@param module table
---@usage net:add_module("head", nn.Linear(8, 19)); logits = net(x)
function Container:add_module(name, module)
  if type(name) ~= "string" or name == "" or name:find(".", 1, true) then
    errors.raisef("%s: add_module: name '%s', expected a string without dots",
      class.name(class.of(self)), tostring(name))
  end
  local i = position_of(self, name)
  if i then
    if not class.is(module, Module) then
      errors.raisef("%s: '%s' is a %s, expected a module", class.name(class.of(self)), name,
        type(module))
    end
    rawset(self, i, module)
  else
    self:add(module)
    rawget(self, "_names")[#self] = name
  end
  return self
end

-- list[#list + 1] = m, list.name = m
function Container:register_module(key, module)
  if type(key) == "number" then
    if key ~= #self + 1 then
      errors.raisef("%s[%s]: expected an item's number, 1 to %d, or %d to append",
        class.name(class.of(self)), tostring(key), #self, #self + 1)
    end
    self:add(module)
    return
  end
  self:add_module(key, module)
end

function Container:__item(key)
  local i = type(key) == "string" and position_of(self, key)
  return i and rawget(self, i) or nil
end

function Container:each_child()
  local names, children = {}, {}
  for i = 1, #self do
    local item = rawget(self, i)
    if not class.is(item, Module) then
      errors.raisef("%s[%d]: a %s, expected a module", class.name(class.of(self)), i, type(item))
    end
    names[i], children[i] = name_of(self, i), item
  end
  return names, children
end

return Container
