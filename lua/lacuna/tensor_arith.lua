-- tensor_arith.lua: arithmetic, comparisons and functions of one element.

local ffi = require "ffi"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C, ctx = native.C, native.ctx

return function(T, meta)
  local methods, blank, filled, handle = T.methods, T.blank, T.filled, T.handle

  -- Numbers travel as doubles; an int64 beyond their precision as a scalar tensor.
  local function integer64(op, v, other)
    local n = tonumber(v)
    if n > -2^53 and n < 2^53 then return n end
    local on = T.is(other) and other:device() or nil
    local t = T.empty(op, C.LAC_DTYPE_I64, ffi.new("int64_t[8]"), 0, on)
    native.call(C.lac_fill, ctx, t.h, 0, v)
    return t
  end

  local function operand(op, v, other)
    if type(v) == "cdata" and (ffi.istype("int64_t", v) or ffi.istype("uint64_t", v)) then
      return integer64(op, v, other)
    end
    return v
  end

  local function binary(op, code, a, b)
    local y = blank()
    if type(b) == "number" then
      native.call(C.lac_binary_scalar, ctx, code, handle(a, op), b, 0, y.box)
    elseif type(a) == "number" then
      native.call(C.lac_binary_scalar, ctx, code, handle(b, op), a, 1, y.box)
    elseif T.is(a) and T.is(b) then
      native.call(C.lac_binary, ctx, code, handle(a, op), handle(b, op), y.box)
    else
      local left, right = operand(op, a, b), operand(op, b, a)
      if not rawequal(left, a) or not rawequal(right, b) then
        return binary(op, code, left, right)
      end
      native.call(C.lac_binary, ctx,
        code, handle(a, op, "left side"), handle(b, op, "right side"), y.box)
    end
    return filled(y, a, b)
  end
  T.binary = binary

  local function operator(event, op, code)
    meta[event] = function(a, b) return binary(op, code, a, b) end
  end
  operator("__add", "add", C.LAC_BINARY_ADD)
  operator("__sub", "sub", C.LAC_BINARY_SUB)
  operator("__mul", "mul", C.LAC_BINARY_MUL)
  operator("__div", "div", C.LAC_BINARY_DIV)
  operator("__mod", "mod", C.LAC_BINARY_MOD)

  local function two(op, code)
    return function(t, other) return binary(op, code, t, other) end
  end

  -- With a tensor, broadcast as in PyTorch, or a number; the result is a new tensor.

  --- t + other.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:add(1)
  ---@usage t + t
  methods.add = two("add", C.LAC_BINARY_ADD)
  --- t - other.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:sub(t:mean(1))
  ---@usage t - 1
  methods.sub = two("sub", C.LAC_BINARY_SUB)
  --- t * other, by element.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:mul(2)
  ---@usage t * t
  methods.mul = two("mul", C.LAC_BINARY_MUL)
  --- t % other, with the sign of other.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:mod(0.25)
  methods.mod = two("mod", C.LAC_BINARY_MOD)
  --- Bits that are set in both, of integers.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage inside = t:ge(0.2):bitand(t:lt(0.8))
  methods.bitand = two("bitand", C.LAC_BINARY_BITAND)
  --- The smaller of both.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:minimum(t * 2)
  methods.minimum = two("minimum", C.LAC_BINARY_MIN)
  --- The larger of both.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:maximum(0.5)
  methods.maximum = two("maximum", C.LAC_BINARY_MAX)
  --- 1 where t equals other, else 0: uint8. (`==` on tensors asks whether they are the same one.)
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage same = t:eq(t:round()):sum():item()
  methods.eq = two("eq", C.LAC_BINARY_EQ)
  --- 1 where t differs from other, else 0: uint8.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:ne(0)
  methods.ne = two("ne", C.LAC_BINARY_NE)
  --- 1 where t < other, else 0: uint8.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:lt(0.5)
  methods.lt = two("lt", C.LAC_BINARY_LT)
  --- 1 where t <= other, else 0: uint8.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:le(0.5)
  methods.le = two("le", C.LAC_BINARY_LE)
  --- 1 where t > other, else 0: uint8.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:gt(0.5):nonzero()
  methods.gt = two("gt", C.LAC_BINARY_GT)
  --- 1 where t >= other, else 0: uint8.
  ---@param other Tensor|number
  ---@return Tensor
  ---@usage t:ge(0.5)
  methods.ge = two("ge", C.LAC_BINARY_GE)

  --- t / other; rounding "floor" keeps integers integers.
  ---@param other Tensor|number
  ---@param rounding? string  "floor"
  ---@return Tensor
  ---@usage t:long():div(2, "floor")
  function methods.div(t, other, rounding)
    if rounding == nil then return binary("div", C.LAC_BINARY_DIV, t, other) end
    if rounding == "floor" then return binary("div", C.LAC_BINARY_FLOORDIV, t, other) end
    return errors.raisef("div: rounding '%s', expected 'floor' or nothing", tostring(rounding))
  end

  local function unary(op, code)
    return function(t)
      local y = blank()
      native.call(C.lac_unary, ctx, code, handle(t, op), y.box)
      return filled(y, t)
    end
  end

  --- -t.
  ---@return Tensor
  ---@usage t:neg()
  ---@usage -t
  methods.neg = unary("neg", C.LAC_UNARY_NEG)
  --- Absolute values.
  ---@return Tensor
  ---@usage t:abs()
  methods.abs = unary("abs", C.LAC_UNARY_ABS)
  --- Natural logarithms.
  ---@return Tensor
  ---@usage t:clamp(1e-6):log()
  methods.log = unary("log", C.LAC_UNARY_LOG)
  --- e to the power of each element.
  ---@return Tensor
  ---@usage t:exp()
  methods.exp = unary("exp", C.LAC_UNARY_EXP)
  --- Square roots.
  ---@return Tensor
  ---@usage t:sqrt()
  methods.sqrt = unary("sqrt", C.LAC_UNARY_SQRT)
  --- The largest whole numbers not above the elements.
  ---@return Tensor
  ---@usage voxels = (t / 0.05):floor():int()
  methods.floor = unary("floor", C.LAC_UNARY_FLOOR)
  --- The nearest whole numbers; halves go to the even one.
  ---@return Tensor
  ---@usage (t * 100):round() / 100
  methods.round = unary("round", C.LAC_UNARY_ROUND)
  --- 1 where an element is 0, else 0.
  ---@return Tensor
  ---@usage t:gt(0.5):logical_not()
  methods.logical_not = unary("logical_not", C.LAC_UNARY_NOT)
  meta.__unm = methods.neg

  --- Elements below `low` become low, above `high` high; nil is no bound.
  ---@param low? number
  ---@param high? number
  ---@return Tensor
  ---@usage t:clamp(0.2, 0.8)
  function methods.clamp(t, low, high)
    low, high = low or -math.huge, high or math.huge
    if type(low) ~= "number" or type(high) ~= "number" then
      return errors.raisef("clamp: bounds %s and %s, expected numbers",
        tostring(low), tostring(high))
    end
    local y = blank()
    native.call(C.lac_clamp, ctx, handle(t, "clamp"), low, high, y.box)
    return filled(y, t)
  end

  --- Matrix product [n,k] x [k,m]; a vector on either side stands for one row or one column.
  ---@param other Tensor
  ---@return Tensor
  ---@usage gram = t:matmul(t:t())
  function methods.matmul(t, other)
    local a, b = t, other
    local rows, columns = T.describe(a, "matmul").ndim == 1, T.describe(b, "matmul").ndim == 1
    if rows then a = a:view(1, a:size(1)) end
    if columns then b = b:reshape(b:size(1), 1) end
    local r = blank()
    native.call(C.lac_matmul, ctx, handle(a, "matmul"), handle(b, "matmul"), r.box)
    filled(r, a, b)
    if rows then r = r:select(1, 1) end
    if columns then r = r:select(-1, 1) end
    return r
  end

  local close_keys = { rtol = true, atol = true }

  --- True when all elements agree: |t - other| <= atol + rtol * |other|. NaN never agrees.
  ---@param other Tensor|number
  ---@param opts? { rtol: number, atol: number }
  ---@return boolean
  ---@usage t:half():allclose(t, { rtol = 1e-3 })
  function methods.allclose(t, other, opts)
    opts = errors.options("allclose", opts, close_keys)
    local a = t:to("float64")
    local b = T.is(other) and other:to("float64") or other
    local size = type(b) == "number" and math.abs(b) or b:abs()
    local difference = (a - b):abs()
    local near = difference:le(size * (opts.rtol or 1e-5) + (opts.atol or 1e-8))
    near = near:bitand(difference:lt(math.huge)) + a:eq(b) -- infinities agree with themselves
    return near:eq(0):sum():item() == 0
  end
end
