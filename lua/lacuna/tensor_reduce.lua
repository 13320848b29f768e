-- tensor_reduce.lua: sums, means, extremes and softmax.

local native = require "lacuna.native"

local C, ctx = native.C, native.ctx
local out = native.out.tensor

return function(T)
  local methods, wrap, handle = T.methods, T.wrap, T.handle

  local function reduce(op, code, t, d, keep)
    if d == nil then
      native.call(C.lac_reduce_all, ctx, code, handle(t, op), out)
    else
      local dim = T.dimension(op, T.describe(t, op).ndim, d)
      native.call(C.lac_reduce, ctx, code, handle(t, op), dim, keep and 1 or 0, out)
    end
    return wrap(out[0], t)
  end

  -- Each takes a dimension and whether to keep it with size 1; without a dimension, all elements.
  local plain = {
    sum = C.LAC_REDUCE_SUM, mean = C.LAC_REDUCE_MEAN,
    argmax = C.LAC_REDUCE_ARGMAX, argmin = C.LAC_REDUCE_ARGMIN,
  }
  for op, code in pairs(plain) do
    methods[op] = function(t, d, keep) return reduce(op, code, t, d, keep) end
  end

  local function extreme(op, value_code, index_code)
    return function(t, d, keep)
      local values = reduce(op, value_code, t, d, keep)
      if d == nil then return values end
      return values, reduce(op, index_code, t, d, keep)
    end
  end
  --- max(): the largest element, a scalar tensor. max(d): the largest along d and their positions,
  --- int64 from 0.
  methods.max = extreme("max", C.LAC_REDUCE_MAX, C.LAC_REDUCE_ARGMAX)
  --- As max, the smallest.
  methods.min = extreme("min", C.LAC_REDUCE_MIN, C.LAC_REDUCE_ARGMIN)

  --- exp(t) / sum(exp(t)) along dimension d.
  ---@param d integer
  ---@return Tensor
  function methods.softmax(t, d)
    local dim = T.dimension("softmax", T.describe(t, "softmax").ndim, d)
    native.call(C.lac_softmax, ctx, handle(t, "softmax"), dim, out)
    return wrap(out[0], t)
  end
end
