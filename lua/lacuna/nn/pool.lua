-- pool.lua: F.max_pool3d, F.avg_pool3d over windows, F.global_max_pool, F.global_avg_pool over
-- samples.

local native = require "lacuna.native"
local conv = require "lacuna.nn.conv"
local conv_config = require "lacuna.nn.conv_config"
local errors = require "lacuna.errors"
local samples = require "lacuna.nn.samples"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"
local triple = require "lacuna.nn.triple"

local C, ctx = native.C, native.ctx

local pool = {}

local keys = { stride = true, padding = true, dilation = true, config = true }
local kinds = { max = C.LAC_POOL_MAX, avg = C.LAC_POOL_MEAN }

--- Checked arguments of a pooling: kernel_size, stride (the kernel's by default), padding and
--- dilation, three numbers each, and config.
function pool.geometry(op, kernel_size, opts)
  opts = errors.options(op, opts, keys)
  local kernel = triple(op, "kernel_size", kernel_size, 1)
  if not kernel then errors.raisef("%s: kernel_size is not given", op) end
  if opts.config then conv_config.check(op, opts.config) end
  return {
    kernel_size = kernel, stride = triple(op, "stride", opts.stride or kernel, 1),
    padding = triple(op, "padding", opts.padding or 0, 0),
    dilation = triple(op, "dilation", opts.dilation or 1, 1), config = opts.config,
  }
end

--- The pooling of a checked geometry, a table or a layer with such fields; kind "max" or "avg".
function pool.run(op, kind, x, geometry)
  local handle = sparse.handle(x, op)
  local options = conv.options(op, {
    stride = geometry.stride, padding = geometry.padding, dilation = geometry.dilation,
    config = geometry.config,
  }, geometry.kernel_size)
  local y = sparse.blank()
  native.call(C.lac_pool3d, ctx, handle, kinds[kind], options, y.box)
  return sparse.filled(y, x)
end

--- Maximum of the active inputs of each window; rows and windows are those of a convolution with
--- the same kernel, stride (the kernel's by default), padding and dilation. A window without any
--- input gives 0, NaN wins.
---@param x table  SparseTensor
---@param kernel_size integer|integer[]
---@param opts table|nil  stride, padding, dilation: one number or three; config
---@return table  SparseTensor
---@usage y = F.max_pool3d(x, 3, { stride = 2, padding = 1 })
function pool.max_pool3d(x, kernel_size, opts)
  return pool.run("max_pool3d", "max", x, pool.geometry("max_pool3d", kernel_size, opts))
end

--- Mean of the active inputs of each window, divided by their number; see max_pool3d.
---@param x table  SparseTensor
---@param kernel_size integer|integer[]
---@param opts table|nil  stride, padding, dilation: one number or three; config
---@return table  SparseTensor
---@usage y = F.avg_pool3d(x, 2, { stride = 2 })
function pool.avg_pool3d(x, kernel_size, opts)
  return pool.run("avg_pool3d", "avg", x, pool.geometry("avg_pool3d", kernel_size, opts))
end

local function reduce(op, kind, feats, index, count)
  local y = T.blank()
  native.call(C.lac_global_pool, ctx, T.handle(feats, op, "input"),
    index and T.handle(index, op) or nil, count, kinds[kind], y.box)
  return T.filled(y, feats, index)
end

--- The mean of the rows with each index, [count,C].
function pool.mean_of(feats, index, count)
  return reduce("mean_of", "avg", feats, index, count)
end

local function global(op, kind, x)
  local feats, index = samples.of(x, op)
  return reduce(op, kind, feats, index, samples.count(x, index))
end

--- Maximum over the rows of each sample, [B,C]. B is the tensor's batch_size, else its range's,
--- else the largest batch index + 1; a sample without rows gives 0. A Tensor is one sample.
---@param x table|Tensor  SparseTensor, PointTensor or Tensor [N,C]
---@return Tensor
---@usage vectors = F.global_max_pool(net(x))
function pool.global_max_pool(x) return global("global_max_pool", "max", x) end

--- Mean over the rows of each sample, [B,C]; see global_max_pool.
---@param x table|Tensor  SparseTensor, PointTensor or Tensor [N,C]
---@return Tensor
---@usage vectors = F.global_avg_pool(net(x))
function pool.global_avg_pool(x) return global("global_avg_pool", "avg", x) end

return pool
