-- batch_norm.lua: batch normalisation over all rows (Ioffe and Szegedy 2015).

local class = require "lacuna.nn.class"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local F = require "lacuna.nn.functional"
local init = require "lacuna.nn.init_parameter"
local Module = require "lacuna.nn.module"

--- nn.BatchNorm(channels, {eps = 1e-5, momentum = 0.1}). In evaluation the running statistics
--- normalise; in training those of the rows do, and the running ones follow them.
---@usage bn = nn.BatchNorm(4, { eps = 1e-3, momentum = 0.01 }); y = bn(x)
local BatchNorm = class.new("BatchNorm", Module)

---@param channels integer
---@param opts { eps: number, momentum: number }|nil
function BatchNorm:__init(channels, opts)
  opts = errors.options("BatchNorm", opts, { eps = true, momentum = true })
  if type(channels) ~= "number" or channels < 1 or channels % 1 ~= 0 then
    errors.raisef("BatchNorm: channels is %s, expected a whole number from 1", tostring(channels))
  end
  self.channels = channels
  self.eps = opts.eps or 1e-5
  self.momentum = opts.momentum or 0.1
  self.weight = init.constant({ channels }, 1)
  self.bias = init.constant({ channels }, 0)
  self:register_buffer("running_mean", create.zeros { channels })
  self:register_buffer("running_var", create.ones { channels })
  self:register_buffer("num_batches_tracked", create.zeros({}, { dtype = "int64" }))
end

function BatchNorm:forward(x)
  if self.training then
    self.num_batches_tracked:copy_(self.num_batches_tracked + 1)
  end
  return F.batch_norm(x, {
    weight = self.weight, bias = self.bias, mean = self.running_mean, var = self.running_var,
    eps = self.eps, momentum = self.momentum, training = self.training,
  })
end

function BatchNorm:extra_repr()
  return self.channels .. (self.eps ~= 1e-5 and string.format(", eps %g", self.eps) or "")
end

return BatchNorm
