-- module.lua: nn.Module, the base of all layers and networks.
--
-- An instance keeps its attributes in one table of slots instead of in itself, so that every
-- assignment is seen: Lua calls __newindex only for keys that a table does not have. A slot has a
-- kind, "module", "parameter", "buffer" or "plain", and slots stay in the order of their first
-- assignment, which is the order of the state_dict. Only the items of containers, under the keys
-- 1 ... n, lie in the instance itself, so that `#l` and ipairs work on them.

local T = require "lacuna.tensor"
local class = require "lacuna.nn.class"
local parameter = require "lacuna.nn.parameter"
local errors = require "lacuna.errors"
local modes = require "lacuna.modes"

local Module

local function is_module(value)
  return class.is(value, Module)
end

local function set_slot(self, key, value, kind)
  local slots = rawget(self, "_slots")
  if not slots.kind[key] then slots.order[#slots.order + 1] = key end
  slots.kind[key] = kind
  slots.value[key] = value
  if kind == "parameter" or kind == "buffer" then parameter.own(value) end
end

local function assign(self, key, value)
  if is_module(value) then return self:register_module(key, value) end
  local kind = "plain"
  if parameter.is(value) then
    kind = "parameter"
  elseif T.is(value) or type(value) == "nil" then
    -- A registered name keeps its kind: self.weight = self.weight:half() is still the parameter.
    local before = rawget(self, "_slots").kind[key]
    if before == "parameter" or before == "buffer" then kind = before end
  end
  if kind == "plain" and type(key) == "number" then
    errors.raisef("%s[%s]: a %s, expected a module", class.name(class.of(self)), tostring(key),
      type(value))
  end
  return set_slot(self, key, value, kind)
end

local function lookup(self, key)
  local slots = rawget(self, "_slots")
  local value = slots.value[key]
  if type(value) ~= "nil" then return value end
  if slots.kind[key] then return nil end -- assigned, and nil now
  local c = class.of(self)
  value = c[key]
  if value ~= nil then return value end
  value = c.__item(self, key)
  if value ~= nil or type(key) ~= "string" or key:sub(1, 2) == "__" then return value end
  local names = class.member_names(c)
  for i = 1, #slots.order do names[#names + 1] = tostring(slots.order[i]) end
  return errors.raisef("%s: no field '%s'%s", class.name(c), key, errors.nearest(key, names))
end

--- nn.Module: the base of layers and networks: nn.class("Net", nn.Module) derives from it.
---@usage Head = nn.class("Head", nn.Module)
---@usage function Head:__init(n) self.linear = nn.Linear(8, n) end
---@usage function Head:forward(x) return self.linear(x) end
---@usage logits = Head(19)(net(x))
Module = class.new("Module", nil, { __index = lookup, __newindex = assign })

--- What profile() puts around the calls of modules: hooks.around(module, ...) runs its forward.
local hooks = {}
Module.hooks = hooks

function Module.__new(self)
  rawset(self, "_slots", { order = {}, kind = {}, value = {} })
  set_slot(self, "training", false, "plain")
end

function Module:__init() end

--- For containers: an item by its name in paths.
function Module:__item() end

--- Computes the module's result. Call the module itself, `net(x)`, not this.
---@usage Scale = nn.class("Scale", nn.Module)
---@usage function Scale:forward(x) return x:replace_feature(x.feats * 2) end
function Module:forward()
  return errors.raisef("%s: the class has no forward", class.name(class.of(self)))
end

-- self:relu(x) calls the child with the parent as its argument.
local function check_receiver(self, first)
  if not is_module(first) then return end
  local names, children = first:each_child()
  for i = 1, #names do
    if children[i] == self then
      errors.raisef("write self.%s(x): self:%s(x) passes the module itself to its child", names[i],
        names[i])
    end
  end
end

local function finish(...)
  return ...
end

-- No tail calls: errors.lua finds the running modules by this function's frames.
local function call(self, first, ...)
  if type(first) == "table" then check_receiver(self, first) end
  local forward = hooks.around or self.forward
  local flags = rawget(self, "_slots").value.modes
  if flags then return finish(modes.with(flags, forward, self, first, ...)) end
  return finish(forward(self, first, ...))
end

Module.__call = call
errors.module_call = call

--- The children: their names and, at the same positions, the modules.
---@return string[], table[]
---@usage child_names, children = net:each_child()
function Module:each_child()
  local slots = rawget(self, "_slots")
  local names, children = {}, {}
  for i = 1, #slots.order do
    local name = slots.order[i]
    local kind, value = slots.kind[name], slots.value[name]
    if kind == "module" then
      names[#names + 1] = tostring(name)
      children[#children + 1] = value
    end
  end
  return names, children
end

--- Called when a module is assigned to a field; containers append it to their items.
---@usage block = nn.Identity(); block:register_module("head", nn.Linear(8, 19))
function Module:register_module(name, module)
  if type(name) ~= "string" then
    errors.raisef("%s: a module under the key %s, expected a name", class.name(class.of(self)),
      tostring(name))
  end
  return set_slot(self, name, module, "module")
end

--- Registers a tensor that is saved and converted with the module, and is no parameter.
---@param name string
---@param t Tensor|nil
---@usage net:register_buffer("scale", lacuna.ones(8))
function Module:register_buffer(name, t)
  if type(t) ~= "nil" and not T.is(t) then
    errors.raisef("register_buffer: '%s' is a %s, expected a Tensor", tostring(name), type(t))
  end
  return set_slot(self, name, t, "buffer")
end

return Module
