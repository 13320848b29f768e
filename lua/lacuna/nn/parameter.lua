-- parameter.lua: which tensors are parameters.
--
-- A parameter is an ordinary Tensor that was marked; assigning a marked tensor to a module
-- registers it, so that it is saved, loaded, counted and converted with the module.

local errors = require "lacuna.errors"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local parameter = {}

local marked = setmetatable({}, { __mode = "k" })
local owned = setmetatable({}, { __mode = "k" })

--- Marks a tensor as a parameter and returns it: `self.weight = nn.Parameter(lacuna.zeros(3))`.
---@param t Tensor
---@return Tensor
---@usage net.scale = nn.Parameter(lacuna.ones(8))
function parameter.new(t)
  if not T.is(t) then
    errors.raisef("nn.Parameter: a %s, expected a Tensor", type(t))
  end
  marked[t] = true
  return t
end

function parameter.is(value)
  return type(value) == "cdata" and marked[value] == true
end

--- Notes that a module holds `t`: a scope leaves it alone.
function parameter.own(t)
  if type(t) == "cdata" then owned[t] = true end
end

function parameter.is_owned(t)
  return type(t) == "cdata" and owned[t] == true
end

--- Lets a convolution keep only its packed form of a module's weight; whoever reads the weight gets
--- its elements back. A Lua state belongs to one thread, so that nobody can be reading them.
function parameter.allow_packed(t)
  if T.is(t) and marked[t] then native.C.lac_tensor_allow_packed(t.h) end
end

return parameter
