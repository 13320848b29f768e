-- tensor_reduce.lua: sums, means, extremes and softmax.

local native = require "lacuna.native"

local C, ctx = native.C, native.ctx

return function(T)
  local methods, blank, filled, handle = T.methods, T.blank, T.filled, T.handle

  local function reduce(op, code, t, d, keep)
    local y = blank()
    if d == nil then
      native.call(C.lac_reduce_all, ctx, code, handle(t, op), y.box)
    else
      local dim = T.dimension(op, T.describe(t, op).ndim, d)
      native.call(C.lac_reduce, ctx, code, handle(t, op), dim, keep and 1 or 0, y.box)
    end
    return filled(y, t)
  end

  local function plain(op, code)
    return function(t, d, keep) return reduce(op, code, t, d, keep) end
  end

  --- Sum along dimension d, which `keep` keeps with size 1; of all elements without d.
  ---@param d? integer
  ---@param keep? boolean
  ---@return Tensor
  ---@usage t:sum(2)
  methods.sum = plain("sum", C.LAC_REDUCE_SUM)
  --- Mean along dimension d, which `keep` keeps with size 1; of all elements without d.
  ---@param d? integer
  ---@param keep? boolean
  ---@return Tensor
  ---@usage t:mean(1, true)
  methods.mean = plain("mean", C.LAC_REDUCE_MEAN)
  --- Position, from 0, of the largest element along dimension d, which `keep` keeps with size 1;
  --- of all elements without d.
  ---@param d? integer
  ---@param keep? boolean
  ---@return Tensor
  ---@usage classes = t:argmax(2)
  methods.argmax = plain("argmax", C.LAC_REDUCE_ARGMAX)
  --- Position, from 0, of the smallest element along dimension d, which `keep` keeps with size 1;
  --- of all elements without d.
  ---@param d? integer
  ---@param keep? boolean
  ---@return Tensor
  ---@usage t:argmin(1)
  methods.argmin = plain("argmin", C.LAC_REDUCE_ARGMIN)

  local function extreme(op, value_code, index_code)
    return function(t, d, keep)
      local values = reduce(op, value_code, t, d, keep)
      if d == nil then return values end
      return values, reduce(op, index_code, t, d, keep)
    end
  end
  --- max(): the largest element, a scalar tensor. max(d): the largest along d and their positions,
  --- int64 from 0.
  ---@param d? integer
  ---@param keep? boolean  d with size 1
  ---@return Tensor, Tensor|nil
  ---@usage values, positions = t:max(2)
  methods.max = extreme("max", C.LAC_REDUCE_MAX, C.LAC_REDUCE_ARGMAX)
  --- As max, the smallest.
  ---@param d? integer
  ---@param keep? boolean
  ---@return Tensor, Tensor|nil
  ---@usage values, positions = t:min(2)
  methods.min = extreme("min", C.LAC_REDUCE_MIN, C.LAC_REDUCE_ARGMIN)

  --- exp(t) / sum(exp(t)) along dimension d.
  ---@param d integer
  ---@return Tensor
  ---@usage t:softmax(2)
  function methods.softmax(t, d)
    local dim = T.dimension("softmax", T.describe(t, "softmax").ndim, d)
    local y = blank()
    native.call(C.lac_softmax, ctx, handle(t, "softmax"), dim, y.box)
    return filled(y, t)
  end
end
