-- sample_norm.lua: F.group_norm and F.instance_norm, with the statistics of one sample at a time.

local ffi = require "ffi"
local native = require "lacuna.native"
local errors = require "lacuna.errors"
local samples = require "lacuna.nn.samples"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local sample_norm = {}

local keys = { weight = true, bias = true, eps = true }
local options = ffi.new("lac_group_norm_options")

local function run(op, x, groups, opts)
  opts = errors.options(op, opts, keys)
  local eps = opts.eps or 1e-5
  if type(eps) ~= "number" then
    errors.raisef("%s: eps is a %s, expected a number", op, type(eps))
  end
  local feats, index = samples.of(x, op)
  options.size, options.groups, options.eps = ffi.sizeof(options), groups, eps
  options.weight = opts.weight and T.handle(opts.weight, op, "weight") or nil
  options.bias = opts.bias and T.handle(opts.bias, op, "bias") or nil
  local y = T.blank()
  native.call(C.lac_group_norm, ctx, T.handle(feats, op, "input"),
    index and T.handle(index, op) or nil, options, y.box)
  T.filled(y, feats, index, opts)
  return index and x:replace_feature(y) or y
end

--- Group normalisation (Wu and He 2018): mean and biased variance over the rows of one sample and
--- the channels of one group. A Tensor is one sample.
---@param x table|Tensor  SparseTensor, PointTensor or Tensor [N,C]; the result is of its kind
---@param groups integer  a divisor of C
---@param opts { weight: Tensor, bias: Tensor, eps: number }|nil  [C], [C], 1e-5
---@usage y = F.group_norm(net(x), 4, { eps = 1e-3 })
function sample_norm.group_norm(x, groups, opts)
  if type(groups) ~= "number" or groups < 1 or groups % 1 ~= 0 or groups > 2 ^ 31 - 1 then
    errors.raisef("group_norm: groups is %s, expected a whole number from 1", tostring(groups))
  end
  return run("group_norm", x, groups, opts)
end

--- Instance normalisation (Ulyanov et al. 2016): mean and biased variance of each channel over the
--- rows of one sample. A Tensor is one sample.
---@param x table|Tensor  SparseTensor, PointTensor or Tensor [N,C]; the result is of its kind
---@param opts { weight: Tensor, bias: Tensor, eps: number }|nil  [C], [C], 1e-5
---@usage y = F.instance_norm(x, { eps = 1e-3 })
function sample_norm.instance_norm(x, opts)
  return run("instance_norm", x, 0, opts)
end

return sample_norm
