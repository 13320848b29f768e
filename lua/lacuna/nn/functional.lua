-- functional.lua: lacuna.nn.functional, operations on Tensors, SparseTensors and PointTensors.
--
-- Pointwise operations, normalisation and linear return the kind that they are given. Results of
-- convolutions and linear layers are computed when they are first read, together with the pointwise
-- operations that follow them.

local ffi = require "ffi"
local native = require "lacuna.native"
local conv = require "lacuna.nn.conv"
local conv_config = require "lacuna.nn.conv_config"
local coord_ops = require "lacuna.nn.coord_ops"
local crop = require "lacuna.crop"
local dense = require "lacuna.dense"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"
local modes = require "lacuna.modes"
local pool = require "lacuna.nn.pool"
local sample_norm = require "lacuna.nn.sample_norm"
local point_ops = require "lacuna.nn.point_ops"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local F = {
  conv3d = conv.conv3d,
  build_kernel_map = conv.build_kernel_map,
  get_kernel_offsets = conv.get_kernel_offsets,
  conv_config = conv_config,
  Dataflow = conv_config.Dataflow,
  ConvMode = { mode0 = 0, mode1 = 1, mode2 = 2 }, -- for set_conv_mode
  max_pool3d = pool.max_pool3d,
  avg_pool3d = pool.avg_pool3d,
  global_max_pool = pool.global_max_pool,
  global_avg_pool = pool.global_avg_pool,
  group_norm = sample_norm.group_norm,
  instance_norm = sample_norm.instance_norm,
  to_dense = dense.to_dense,
  spcrop = crop.spcrop,
}

for name, fn in pairs(point_ops) do F[name] = fn end
for name, fn in pairs(coord_ops) do F[name] = fn end

local function activate(op, kind, slope, x)
  return kinds.map(x, op, function(t)
    local y = T.blank()
    native.call(C.lac_activate, ctx, kind, slope, T.handle(t, op, "input"), y.box)
    return T.filled(y, t)
  end)
end

--- max(x, 0).
---@usage y = F.relu(x)
function F.relu(x)
  return activate("relu", C.LAC_ACT_RELU, 0, x)
end

--- x where x > 0, else slope * x.
---@param slope number|nil  0.01 by default
---@usage y = F.leaky_relu(x, 0.1)
function F.leaky_relu(x, slope)
  if slope ~= nil and type(slope) ~= "number" then
    errors.raisef("leaky_relu: slope is a %s, expected a number", type(slope))
  end
  return activate("leaky_relu", C.LAC_ACT_LEAKY_RELU, slope or 0.01, x)
end

--- x * sigmoid(x).
---@usage y = F.silu(x)
function F.silu(x)
  return activate("silu", C.LAC_ACT_SILU, 0, x)
end

--- x W^T + b.
---@param weight Tensor  [out,in]
---@param bias Tensor|nil  [out]
---@usage y = F.linear(x, lacuna.randn(16, 4), lacuna.zeros(16))
function F.linear(x, weight, bias)
  return kinds.map(x, "linear", function(t)
    local y = T.blank()
    native.call(C.lac_linear, ctx, T.handle(t, "linear", "input"),
      T.handle(weight, "linear", "weight"), bias and T.handle(bias, "linear", "bias") or nil,
      y.box)
    return T.filled(y, t, weight, bias)
  end)
end

local norm_keys = {
  weight = true, bias = true, mean = true, var = true, eps = true, training = true, momentum = true,
}
local norm = ffi.new("lac_batch_norm_options")

local function optional(opts, name)
  return opts[name] and T.handle(opts[name], "batch_norm", name) or nil
end

--- (x - mean) / sqrt(var + eps) * weight + bias, by channel. With training = true the statistics
--- are those of the rows, and mean and var, where given, move towards them by `momentum`.
---@param opts table  weight, bias, mean, var: [C]; eps 1e-5, momentum 0.1, training false
---@usage y = F.batch_norm(x, { training = true })
function F.batch_norm(x, opts)
  opts = errors.options("batch_norm", opts, norm_keys)
  if not opts.training and not (opts.mean and opts.var) then
    errors.raise("batch_norm: mean and var are required unless training is true")
  end
  return kinds.map(x, "batch_norm", function(t)
    norm.size = ffi.sizeof(norm)
    norm.training = opts.training and 1 or 0
    norm.eps, norm.momentum = opts.eps or 1e-5, opts.momentum or 0.1
    norm.weight, norm.bias = optional(opts, "weight"), optional(opts, "bias")
    norm.mean, norm.var = optional(opts, "mean"), optional(opts, "var")
    local y = T.blank()
    native.call(C.lac_batch_norm, ctx, T.handle(t, "batch_norm", "input"), norm, y.box)
    return T.filled(y, t, opts)
  end)
end

--- Probabilities along a dimension, the last by default.
---@param dim integer|nil  from 1; -1 is the last
---@usage probabilities = F.softmax(net(x))
function F.softmax(x, dim)
  return kinds.map(x, "softmax", function(t) return t:softmax(dim or -1) end)
end

-- The mode flags --------------------------------------------------------------------------------

--- 0, 1 or 2: ImplicitGEMM unsorted, sorted with one split, sorted with three.
---@usage F.set_conv_mode(F.ConvMode.mode2)
function F.set_conv_mode(mode) modes.set("set_conv_mode", "conv_mode", mode) end
--- What F.set_conv_mode set last.
---@return integer
---@usage F.get_conv_mode()
function F.get_conv_mode() return modes.get("conv_mode") end

--- "hashmap_on_the_fly" or "hashmap": the anchor of even submanifold kernels.
---@usage F.set_kmap_mode("hashmap")
function F.set_kmap_mode(mode) modes.set("set_kmap_mode", "kmap_mode", mode) end
--- What F.set_kmap_mode set last.
---@return string
---@usage F.get_kmap_mode()
function F.get_kmap_mode() return modes.get("kmap_mode") end

--- "spconv" or "minkowski": the rows that a strided convolution makes.
---@usage F.set_downsample_mode("minkowski")
function F.set_downsample_mode(mode) modes.set("set_downsample_mode", "downsample_mode", mode) end
--- What F.set_downsample_mode set last.
---@return string
---@usage F.get_downsample_mode()
function F.get_downsample_mode() return modes.get("downsample_mode") end

--- May strided convolutions in "spconv" mode make rows below 0?
---@param allow boolean
---@usage F.set_allow_negative_coordinates(true)
function F.set_allow_negative_coordinates(allow)
  modes.set("set_allow_negative_coordinates", "allow_negative_coordinates", allow)
end
--- What F.set_allow_negative_coordinates set last; false at first.
---@return boolean
---@usage F.get_allow_negative_coordinates()
function F.get_allow_negative_coordinates() return modes.get("allow_negative_coordinates") end

return setmetatable(F, {
  __index = function(_, name)
    local names = {}
    for key in pairs(F) do names[#names + 1] = key end
    return errors.raisef("lacuna.nn.functional: no function '%s'%s", tostring(name),
      errors.nearest(name, names))
  end,
})
