-- identity.lua: the module that returns what it is given.

local class = require "lacuna.nn.class"
local Module = require "lacuna.nn.module"

--- nn.Identity(): a placeholder, such as the shortcut of a residual block.
---@usage shortcut = nn.Identity(); y = net(x) + nn.Conv3d(4, 8, 1)(shortcut(x))
local Identity = class.new("Identity", Module)

function Identity:__init() end

function Identity:forward(x)
  return x
end

return Identity
