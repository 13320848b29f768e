-- values.lua: visiting the tensors inside of a value: a tensor, a table of them, a module.

local native = require "lacuna.native"
local class = require "lacuna.nn.class"
local points = require "lacuna.points"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local values = {}

--- Calls visit(object) for every Tensor, Coords, KernelMap and SparseTensor that can be reached
--- from `value` through tables, modules and tensors' fields.
function values.each(value, visit, seen)
  seen = seen or {}
  local kind = type(value)
  if kind == "cdata" then return visit(value) end
  if kind ~= "table" or seen[value] then return end
  seen[value] = true
  if sparse.is(value) then
    visit(value)
    if rawget(value, "_feats") then visit(value._feats) end
    if rawget(value, "_coords") then visit(value._coords) end
    return
  end
  if getmetatable(value) ~= nil and not class.of(value) and not points.is(value) then
    local callable = getmetatable(value).__call -- the ordered lists of modules
    if not callable then return end
  end
  for key, item in pairs(value) do
    if type(key) == "table" or type(key) == "cdata" then values.each(key, visit, seen) end
    values.each(item, visit, seen)
  end
end

local function force_tensor(object)
  if T.is(object) and object.h ~= nil then
    native.call(native.C.lac_tensor_force, native.ctx, object.h)
  end
end

--- Computes everything in the arguments that is still pending; returns them.
function values.force(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    values.each(value, function(object)
      if sparse.is(object) then object = object.feats end
      force_tensor(object)
    end)
  end
  return ...
end

--- The same, and waits for GPUs: for what takes the time.
function values.finish(...)
  values.force(...)
  native.call(native.C.lac_synchronize, native.ctx)
  return ...
end

return values
