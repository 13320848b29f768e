-- instance_norm.lua: instance normalisation per sample (Ulyanov et al. 2016).

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local F = require "lacuna.nn.functional"
local init = require "lacuna.nn.init_parameter"
local Module = require "lacuna.nn.module"

--- nn.InstanceNorm(channels, {eps = 1e-5, affine = false}). With affine = true it has the
--- parameters weight [C] and bias [C]; there are no running statistics.
---@usage norm = nn.InstanceNorm(4, { affine = true }); y = norm(x)
local InstanceNorm = class.new("InstanceNorm", Module)

---@param channels integer
---@param opts { eps: number, affine: boolean }|nil
function InstanceNorm:__init(channels, opts)
  opts = errors.options("InstanceNorm", opts, { eps = true, affine = true })
  if type(channels) ~= "number" or channels < 1 or channels % 1 ~= 0 then
    errors.raisef("InstanceNorm: channels is %s, expected a whole number from 1",
      tostring(channels))
  end
  if opts.affine ~= nil and type(opts.affine) ~= "boolean" then
    errors.raisef("InstanceNorm: affine is %s, expected true or false", tostring(opts.affine))
  end
  self.channels = channels
  self.eps = opts.eps or 1e-5
  self.weight = opts.affine and init.constant({ channels }, 1) or nil
  self.bias = opts.affine and init.constant({ channels }, 0) or nil
end

function InstanceNorm:forward(x)
  return F.instance_norm(x, { weight = self.weight, bias = self.bias, eps = self.eps })
end

function InstanceNorm:extra_repr()
  return self.channels .. (self.eps ~= 1e-5 and string.format(", eps %g", self.eps) or "")
    .. (self.weight and ", affine" or "")
end

return InstanceNorm
