-- kinds.lua: what a value is, and functions on the features of any of the tensor kinds.

local class = require "lacuna.nn.class"
local coords = require "lacuna.coords"
local kernel_map = require "lacuna.kernel_map"
local points = require "lacuna.points"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local kinds = {}

--- "Tensor", "SparseTensor", "PointTensor", "Coords", "KernelMap", the name of a module's class, or
--- Lua's type.
---@return string
---@usage lacuna.type(x) == "SparseTensor"
function kinds.of(value)
  local lua = type(value)
  if lua == "cdata" then
    if T.is(value) then return "Tensor" end
    if coords.is(value) then return "Coords" end
    if kernel_map.is(value) then return "KernelMap" end
  elseif lua == "table" then
    if sparse.is(value) then return "SparseTensor" end
    if points.is(value) then return "PointTensor" end
    local c = class.of(value)
    if c then return class.name(c) end
  end
  return lua
end

--- fn(features) on a Tensor, SparseTensor or PointTensor, as the same kind.
function kinds.map(x, op, fn)
  if type(x) == "table" and (sparse.is(x) or points.is(x)) then
    return x:replace_feature(fn(x.feats))
  end
  T.handle(x, op, "input") -- raises for anything but a tensor
  return fn(x)
end

return kinds
