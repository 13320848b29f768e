-- sequential.lua: modules one after the other.

local class = require "lacuna.nn.class"
local Container = require "lacuna.nn.containers"

--- nn.Sequential(a, b, ...) or nn.Sequential{a, b, ...}: the result of each is the input of the
--- next.
---@usage net = nn.Sequential(nn.Conv3d(4, 16, 3), nn.BatchNorm(16), nn.ReLU()); y = net(x)
local Sequential = class.new("Sequential", Container)

-- Keeps no intermediate: `x` is the only reference that this frame has to a result.
function Sequential:forward(x)
  for i = 1, #self do
    x = self[i](x)
  end
  return x
end

return Sequential
