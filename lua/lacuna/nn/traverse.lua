-- traverse.lua: walking the tree of modules: children, parameters, buffers, paths.
--
-- Names are those of the state_dict: `stage1.0.net.0`. A module or tensor that is reachable by
-- several names appears under the first.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local ordered = require "lacuna.nn.ordered"

local MAX_DEPTH = 4 -- of plain tables that are searched for modules

local function holds_module(t, depth)
  if class.is(t, Module) then return true end
  if type(t) ~= "table" or getmetatable(t) ~= nil or depth == 0 then return false end
  for _, value in pairs(t) do
    if holds_module(value, depth - 1) then return true end
  end
  return false
end

-- A module in a plain table would be neither saved nor converted: better an error than a surprise.
local function check_attributes(module)
  local slots = rawget(module, "_slots")
  for i = 1, #slots.order do
    local name = slots.order[i]
    local value = slots.value[name]
    if slots.kind[name] == "plain" and type(value) == "table"
      and holds_module(value, MAX_DEPTH) then
      errors.raisef("%s: self.%s: use nn.ModuleList, a plain table hides the modules that it holds",
        class.name(class.of(module)), tostring(name))
    end
  end
end

local function join(path, name)
  return path == "" and name or path .. "." .. name
end

local function collect(module, path, found, seen)
  if seen[module] then return end
  seen[module] = true
  found[path] = module
  check_attributes(module)
  local names, children = module:each_child()
  for i = 1, #names do collect(children[i], join(path, names[i]), found, seen) end
end

--- All modules of the tree by path, the module itself under "":
--- `for path, m in net:named_modules() do`.
---@usage for path, m in net:named_modules() do print(path, lacuna.type(m)) end
function Module:named_modules()
  local found = ordered.map()
  collect(self, "", found, {})
  return found
end

--- The direct children by name.
---@usage for name, m in net:named_children() do print(name, m) end
function Module:named_children()
  check_attributes(self)
  local found = ordered.map()
  local names, children = self:each_child()
  for i = 1, #names do found[names[i]] = children[i] end
  return found
end

--- The direct children, a list.
---@usage #net:children()
function Module:children()
  check_attributes(self)
  local _, children = self:each_child()
  return ordered.list(children)
end

--- All modules of the tree, a list, the module itself first.
---@usage for _, m in ipairs(net:modules()) do print(m) end
function Module:modules()
  local list = {}
  for _, module in self:named_modules() do list[#list + 1] = module end
  return ordered.list(list)
end

-- Calls visit(path, tensor, kind) for the parameters and buffers of a module and those below it.
-- `seen` holds the modules and tensors to skip; with `repeats`, those above the module only, so
-- that a shared module or tensor appears under all of its names.
local function each_tensor(module, visit, repeats, path, seen)
  path, seen = path or "", seen or {}
  if seen[module] then return end
  seen[module] = true
  check_attributes(module)
  local slots = rawget(module, "_slots")
  local names, children = module:each_child()
  for i = 1, #slots.order do
    local name = slots.order[i]
    local kind, value = slots.kind[name], slots.value[name]
    if (kind == "parameter" or kind == "buffer") and type(value) == "cdata" and not seen[value] then
      seen[value] = not repeats
      visit(join(path, name), value, kind)
    end
  end
  for i = 1, #names do each_tensor(children[i], visit, repeats, join(path, names[i]), seen) end
  if repeats then seen[module] = nil end
end

local function named(root, wanted)
  local found = ordered.map()
  each_tensor(root, function(path, tensor, kind)
    if kind == wanted then found[path] = tensor end
  end)
  return found
end

--- All parameters by path: `for name, p in net:named_parameters() do`.
---@usage for path, p in net:named_parameters() do print(path, p:numel()) end
function Module:named_parameters()
  return named(self, "parameter")
end

--- All buffers by path.
---@usage for path, t in net:named_buffers() do print(path, t) end
function Module:named_buffers()
  return named(self, "buffer")
end

--- All parameters, a list.
---@usage for _, p in ipairs(net:parameters()) do p:fill_(0.01) end
function Module:parameters()
  local list = {}
  for _, tensor in self:named_parameters() do list[#list + 1] = tensor end
  return ordered.list(list)
end

--- Calls fn(module) for every module, children before their parents; returns self.
---@param fn fun(module: table)
---@usage net:apply(function(m) if nn.is(m, nn.BatchNorm) then m.eps = 1e-3 end end)
function Module:apply(fn)
  local _, children = self:each_child()
  check_attributes(self)
  for i = 1, #children do children[i]:apply(fn) end
  fn(self)
  return self
end

--- Switches to training behaviour, or back with `false`; returns self.
---@param mode boolean|nil
---@usage net:train(); y = net(x)
function Module:train(mode)
  local training = mode ~= false
  for _, module in self:named_modules() do module.training = training end
  return self
end

--- Switches to evaluation behaviour, in which modules are made; returns self.
---@usage net:eval()
function Module:eval()
  return self:train(false)
end

--- The module (or tensor) at a path: net:get("stage1.1.net.3").
---@param path string
---@usage kernel = net:get("0.kernel")
function Module:get(path)
  local at = self
  for name in tostring(path):gmatch("[^.]+") do
    local names, children = at:each_child()
    local found
    for i = 1, #names do
      if names[i] == name then found = children[i] end
    end
    if found == nil then
      local slots = rawget(at, "_slots")
      local kind = slots.kind[name]
      if (kind == "parameter" or kind == "buffer") and path:sub(-#name) == name then
        return slots.value[name]
      end
      errors.raisef("get: '%s' of path '%s' is no child of %s%s", name, path,
        class.name(class.of(at)), #names > 0 and errors.nearest(name, names) or "")
    end
    at = found
  end
  return at
end

-- The path of `wanted` below `from`, or nil. Not through named_modules: this runs while an error is
-- being raised and must not raise another.
local function path_below(from, wanted, seen)
  if seen[from] then return nil end
  seen[from] = true
  local ok, names, children = pcall(from.each_child, from)
  if not ok then return nil end
  for i = 1, #names do
    if children[i] == wanted then return names[i] end
  end
  for i = 1, #names do
    local rest = path_below(children[i], wanted, seen)
    if rest then return names[i] .. "." .. rest end
  end
end

--- The path of the innermost of the modules that are running, outermost first, from the outermost.
function errors.module_path(running)
  local path = ""
  for i = 2, #running do
    if running[i] ~= running[i - 1] then
      local step = path_below(running[i - 1], running[i], {})
      path = join(path, step or class.name(class.of(running[i])))
    end
  end
  return path
end

return { each_tensor = each_tensor, join = join }
