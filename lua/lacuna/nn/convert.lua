-- convert.lua: modules in another dtype, on another device, or twice.

local T = require "lacuna.tensor"
local class = require "lacuna.nn.class"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local parameter = require "lacuna.nn.parameter"

local floating = { float32 = true, float16 = true, bfloat16 = true, float64 = true }

-- Replaces every parameter and buffer of the tree by fn(tensor); a shared tensor stays shared.
local function replace_tensors(root, fn)
  local done = {}
  for _, module in root:named_modules() do
    local slots = rawget(module, "_slots")
    for name, kind in pairs(slots.kind) do
      local value = slots.value[name]
      if (kind == "parameter" or kind == "buffer") and T.is(value) then
        if done[value] == nil then done[value] = fn(value) end
        slots.value[name] = done[value]
        parameter.own(done[value])
      end
    end
  end
  return root
end

--- Converts floating-point parameters and buffers to a dtype, or moves the module to a device:
--- net:to("float16"), net:to("cpu"). Returns self.
---@param ... string
---@usage net:to("float16")
function Module:to(...)
  for i = 1, select("#", ...) do
    local what = select(i, ...)
    if type(what) ~= "string" then
      errors.raisef("to: a %s, expected the name of a dtype or device", type(what))
    end
    if floating[what] then
      replace_tensors(self, function(t)
        return floating[t:dtype()] and t:dtype() ~= what and t:to(what) or t
      end)
    elseif device.is_name(what) then
      replace_tensors(self, function(t) return t:to(what) end)
    else
      errors.raisef("to: '%s' is neither a device nor a floating-point dtype, expected one of: %s",
        what, "cpu, cuda, float32, float16, bfloat16, float64")
    end
  end
  return self
end

--- The module's parameters and buffers in float16, in place.
---@return Module
---@usage y = net:half()(x:half())
function Module:half() return self:to("float16") end
--- The module's parameters and buffers in float32, in place.
---@return Module
---@usage net:half():float()
function Module:float() return self:to("float32") end
--- The module's parameters and buffers in bfloat16, in place.
---@return Module
---@usage net:bfloat16()
function Module:bfloat16() return self:to("bfloat16") end
--- The module's parameters and buffers on the CPU, in place.
---@return Module
---@usage net:cpu()
function Module:cpu() return self:to("cpu") end
--- The module's parameters and buffers on the first GPU, in place.
---@return Module
---@usage net:cuda(); y = net(x:cuda())
function Module:cuda() return self:to("cuda") end

-- A copy of an attribute: tensors, modules and plain tables are copied, other values shared.
local function copy(value, done)
  if T.is(value) then
    if done[value] == nil then
      done[value] = value:clone()
      parameter.own(done[value])
    end
    return done[value]
  end
  if type(value) ~= "table" then return value end
  if done[value] ~= nil then return done[value] end
  local meta = getmetatable(value)
  if meta ~= nil and not class.is(value, Module) then return value end
  local result = {}
  done[value] = result
  for key, item in pairs(value) do result[key] = copy(item, done) end
  return setmetatable(result, meta)
end

--- A deep copy: its tensors and modules are its own.
---@usage teacher = net:clone()
function Module:clone()
  return copy(self, {})
end

return { replace_tensors = replace_tensors }
