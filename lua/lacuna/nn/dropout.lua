-- dropout.lua: random zeros while training (Srivastava et al. 2014).

local class = require "lacuna.nn.class"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"
local Module = require "lacuna.nn.module"

--- nn.Dropout(p): in training each element is 0 with probability p and scaled by 1 / (1 - p)
--- otherwise; in evaluation the identity.
---@usage drop = nn.Dropout(0.3):train(); y = drop(x)
local Dropout = class.new("Dropout", Module)

---@param p number|nil  0.5 by default
function Dropout:__init(p)
  p = p or 0.5
  if type(p) ~= "number" or p < 0 or p > 1 then
    errors.raisef("Dropout: p is %s, expected a number from 0 to 1", tostring(p))
  end
  self.p = p
end

function Dropout:forward(x)
  local p = self.p
  if not self.training or p == 0 then return x end
  return kinds.map(x, "dropout", function(t)
    if p == 1 then return t * 0 end
    local kept = create.rand(t:size(), { device = t:device() }):ge(p):to(t:dtype())
    return t * kept * (1 / (1 - p))
  end)
end

function Dropout:extra_repr()
  return string.format("%g", self.p)
end

return Dropout
