-- activation.lua: ReLU, LeakyReLU, SiLU.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local F = require "lacuna.nn.functional"
local Module = require "lacuna.nn.module"

local activation = {}

--- nn.ReLU(): max(x, 0). The argument `inplace` of other libraries is accepted and not needed.
---@usage y = nn.ReLU()(x)
local ReLU = class.new("ReLU", Module)
activation.ReLU = ReLU

function ReLU:__init() end

function ReLU:forward(x)
  return F.relu(x)
end

--- nn.LeakyReLU(slope): x where x > 0, else slope * x; the slope is 0.01 by default.
---@usage act = nn.LeakyReLU(0.1); y = act(x)
local LeakyReLU = class.new("LeakyReLU", Module)
activation.LeakyReLU = LeakyReLU

function LeakyReLU:__init(slope)
  if slope ~= nil and type(slope) ~= "number" then
    errors.raisef("LeakyReLU: slope is a %s, expected a number", type(slope))
  end
  self.slope = slope or 0.01
end

function LeakyReLU:forward(x)
  return F.leaky_relu(x, self.slope)
end

function LeakyReLU:extra_repr()
  return string.format("%g", self.slope)
end

--- nn.SiLU(): x * sigmoid(x).
---@usage y = nn.SiLU()(x)
local SiLU = class.new("SiLU", Module)
activation.SiLU = SiLU

function SiLU:__init() end

function SiLU:forward(x)
  return F.silu(x)
end

return activation
