-- tensor_select.lua: elements by computed positions, and sorting. Positions inside tensors count
-- from 0.

local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C, ctx = native.C, native.ctx

return function(T)
  local methods, blank, filled, handle = T.methods, T.blank, T.filled, T.handle

  local function dimension(op, t, d)
    return T.dimension(op, T.describe(t, op).ndim, d)
  end

  --- Rows of dimension d at the positions in `index`, int32 or int64, one dimension.
  ---@param d integer
  ---@param index Tensor
  ---@return Tensor
  ---@usage t:index_select(1, lacuna.tensor({ 0, 2 }, { dtype = "int64" }))
  function methods.index_select(t, d, index)
    local dim = dimension("index_select", t, d)
    local y = blank()
    native.call(C.lac_index_select, ctx,
      handle(t, "index_select"), dim, handle(index, "index_select", "index"), y.box)
    return filled(y, t, index)
  end

  --- Element [..., index[..., i, ...], ...] along dimension d, shaped as `index`.
  ---@param d integer
  ---@param index Tensor
  ---@return Tensor
  ---@usage t:gather(2, t:argmax(2):view(-1, 1))
  function methods.gather(t, d, index)
    local dim = dimension("gather", t, d)
    local y = blank()
    native.call(C.lac_gather, ctx, handle(t, "gather"), dim, handle(index, "gather", "index"),
      y.box)
    return filled(y, t, index)
  end

  --- A copy with `source` added at `index` along dimension d.
  ---@param d integer
  ---@param index Tensor
  ---@param source Tensor
  ---@return Tensor
  ---@usage index = lacuna.tensor({ { 0, 0, 0 }, { 1, 1, 1 } }, { dtype = "int64" })
  ---@usage sums = lacuna.zeros(2, 3):scatter_add(1, index, t:narrow(1, 1, 2))
  function methods.scatter_add(t, d, index, source)
    local op = "scatter_add"
    local dim = dimension(op, t, d)
    local y = blank()
    native.call(C.lac_scatter_add, ctx,
      handle(t, op), dim, handle(index, op, "index"), handle(source, op, "source"), y.box)
    return filled(y, t, index, source)
  end

  --- The elements where `mask` (uint8, same shape) is not 0, in one dimension.
  ---@param mask Tensor
  ---@return Tensor
  ---@usage t:masked_select(t:gt(0.5))
  function methods.masked_select(t, mask)
    local y = blank()
    native.call(C.lac_masked_select, ctx,
      handle(t, "masked_select"), handle(mask, "masked_select", "mask"), y.box)
    return filled(y, t, mask)
  end

  --- Positions of the elements that are not 0, int64 [n, dim].
  ---@return Tensor
  ---@usage t:gt(0.5):nonzero()
  function methods.nonzero(t)
    local y = blank()
    native.call(C.lac_nonzero, ctx, handle(t, "nonzero"), y.box)
    return filled(y, t)
  end

  local function sort(op, t, d, descending, k)
    local dim = dimension(op, t, d or -1)
    local values, positions = blank(), blank()
    native.call(C.lac_sort, ctx, handle(t, op), dim, descending and 1 or 0, k, values.box,
      positions.box)
    return filled(values), filled(positions, t)
  end

  --- Sorted values along dimension d (default the last) and their positions. Equal values keep
  --- their order; NaN comes last.
  ---@param d? integer
  ---@param descending? boolean
  ---@return Tensor, Tensor
  ---@usage values, positions = t:sort(1, true)
  function methods.sort(t, d, descending)
    return sort("sort", t, d, descending, -1)
  end

  --- The positions that sort gives.
  ---@return Tensor
  ---@usage order = t:select(2, 1):argsort(1, true)
  function methods.argsort(t, d, descending)
    local dim = dimension("argsort", t, d or -1)
    local y = blank()
    native.call(C.lac_sort, ctx, handle(t, "argsort"), dim, descending and 1 or 0, -1, nil, y.box)
    return filled(y, t)
  end

  --- The k largest (or smallest) values along dimension d, sorted, and their positions.
  ---@param k integer
  ---@param d? integer
  ---@param largest? boolean  default true
  ---@return Tensor, Tensor
  ---@usage values, positions = t:topk(2, 2)
  function methods.topk(t, k, d, largest)
    T.whole("topk", "k", k)
    if k < 0 then return errors.raisef("topk: k is %d, expected 0 or more", k) end
    return sort("topk", t, d, largest ~= false, k)
  end
end
