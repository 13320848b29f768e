-- group_norm.lua: group normalisation per sample (Wu and He 2018).

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local F = require "lacuna.nn.functional"
local init = require "lacuna.nn.init_parameter"
local Module = require "lacuna.nn.module"

--- nn.GroupNorm(groups, channels, {eps = 1e-5}). Parameters: weight [C], bias [C].
---@usage norm = nn.GroupNorm(2, 8, { eps = 1e-3 }); y = norm(net(x))
local GroupNorm = class.new("GroupNorm", Module)

---@param groups integer  a divisor of channels
---@param channels integer
---@param opts { eps: number }|nil
function GroupNorm:__init(groups, channels, opts)
  opts = errors.options("GroupNorm", opts, { eps = true })
  for name, n in pairs { groups = groups or false, channels = channels or false } do
    if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
      errors.raisef("GroupNorm: %s is %s, expected a whole number from 1", name,
        n and tostring(n) or "nil")
    end
  end
  if channels % groups ~= 0 then
    errors.raisef("GroupNorm: %d groups of %d channels, expected a divisor", groups, channels)
  end
  self.groups, self.channels = groups, channels
  self.eps = opts.eps or 1e-5
  self.weight = init.constant({ channels }, 1)
  self.bias = init.constant({ channels }, 0)
end

function GroupNorm:forward(x)
  return F.group_norm(x, self.groups, { weight = self.weight, bias = self.bias, eps = self.eps })
end

function GroupNorm:extra_repr()
  return string.format("%d groups of %d%s", self.groups, self.channels,
    self.eps ~= 1e-5 and string.format(", eps %g", self.eps) or "")
end

return GroupNorm
