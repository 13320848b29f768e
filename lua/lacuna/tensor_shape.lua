-- tensor_shape.lua: views, copies and conversions.

local ffi = require "ffi"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C, ctx = native.C, native.ctx

return function(T)
  local methods, blank, filled, handle = T.methods, T.blank, T.filled, T.handle

  --- The tensor itself if its elements lie in order without gaps, else a copy of which that is
  --- true.
  ---@return Tensor
  ---@usage columns = t:t():contiguous()
  function methods.contiguous(t)
    if C.lac_tensor_is_contiguous(handle(t, "contiguous")) ~= 0 then return t end
    local y = blank()
    native.call(C.lac_contiguous, ctx, t.h, y.box)
    return filled(y, t)
  end

  --- A copy with memory of its own.
  ---@return Tensor
  ---@usage copy = t:clone(); copy[1] = 0
  function methods.clone(t)
    local y = blank()
    native.call(C.lac_convert, ctx, handle(t, "clone"), T.describe(t, "clone").dtype, y.box)
    return filled(y, t)
  end

  local function convert(t, code, op)
    if T.describe(t, op).dtype == code then return t end
    local y = blank()
    native.call(C.lac_convert, ctx, handle(t, op), code, y.box)
    return filled(y, t)
  end

  local function move(t, name, op)
    local kind, index = device.parse(name, op)
    local d = T.describe(t, op)
    if d.device == kind and d.device_index == index then return t end
    local y = blank()
    native.call(C.lac_tensor_to, ctx, handle(t, op), kind, index, y.box)
    return filled(y, t)
  end

  --- The tensor in another dtype and on another device, each named as a string; itself where it is
  --- so already. Integers are reached by truncation.
  ---@param ... string
  ---@return Tensor
  ---@usage t:to("float16")
  function methods.to(t, ...)
    handle(t, "to")
    for i = 1, select("#", ...) do
      local x = select(i, ...)
      if device.is_name(x) then
        t = move(t, x, "to")
      else
        t = convert(t, T.dtype_code(x, "to"), "to")
      end
    end
    return t
  end

  --- The tensor in the memory of the CPU; itself where it is there.
  ---@return Tensor
  ---@usage t:cpu():data()
  function methods.cpu(t) return move(t, "cpu", "cpu") end
  --- The tensor on the first GPU; itself where it is there. t:to "cuda:1" names another one.
  ---@return Tensor
  ---@usage on_gpu = t:cuda()
  function methods.cuda(t) return move(t, "cuda", "cuda") end

  local function conversion(op, code)
    return function(t) return convert(t, code, op) end
  end

  --- The elements as float32; the tensor itself where they are.
  ---@return Tensor
  ---@usage t:half():float()
  methods.float = conversion("float", C.LAC_DTYPE_F32)
  --- The elements as float16; the tensor itself where they are.
  ---@return Tensor
  ---@usage t:half()
  methods.half = conversion("half", C.LAC_DTYPE_F16)
  --- The elements as bfloat16; the tensor itself where they are.
  ---@return Tensor
  ---@usage t:bfloat16():dtype()
  methods.bfloat16 = conversion("bfloat16", C.LAC_DTYPE_BF16)
  --- The elements as float64; the tensor itself where they are.
  ---@return Tensor
  ---@usage t:double():sum():item()
  methods.double = conversion("double", C.LAC_DTYPE_F64)
  --- The elements as int32; the tensor itself where they are.
  ---@return Tensor
  ---@usage (t * 10):int()
  methods.int = conversion("int", C.LAC_DTYPE_I32)
  --- The elements as int64; the tensor itself where they are.
  ---@return Tensor
  ---@usage t:gt(0.5):long():sum()
  methods.long = conversion("long", C.LAC_DTYPE_I64)

  local function reshape(op, view_only)
    return function(t, ...)
      local shape, n = T.sizes(op, ...)
      local y = blank()
      native.call(C.lac_tensor_reshape, ctx, handle(t, op), n, shape, view_only, y.box)
      return filled(y, t)
    end
  end
  --- The same elements under another shape; one size may be -1. A view where that is possible.
  ---@param ... integer|table
  ---@return Tensor
  ---@usage t:reshape(2, -1)
  methods.reshape = reshape("reshape", 0)
  --- The same, always a view: an error for a tensor that is not contiguous.
  ---@param ... integer|table
  ---@return Tensor
  ---@usage t:view(2, 6)
  methods.view = reshape("view", 1)

  --- Dimension i of the result is dimension order[i] of the tensor: t:permute(2, 1).
  ---@param ... integer|table
  ---@return Tensor
  ---@usage t:permute(2, 1)
  function methods.permute(t, ...)
    local list = ...
    if type(list) ~= "table" then list = { ... } end
    local ndim = T.describe(t, "permute").ndim
    if #list ~= ndim then
      return errors.raisef("permute: %d dimensions for a tensor of shape %s",
        #list, T.shape_text(t))
    end
    local order = ffi.new("int32_t[8]")
    for i = 1, ndim do order[i - 1] = T.dimension("permute", ndim, list[i]) end
    local y = blank()
    native.call(C.lac_tensor_permute, ctx, handle(t, "permute"), order, y.box)
    return filled(y, t)
  end

  --- The transpose of a matrix, a view.
  ---@return Tensor
  ---@usage t:t():size()
  function methods.t(t)
    if T.describe(t, "t").ndim ~= 2 then
      return errors.raisef("t: shape %s, expected two dimensions, use permute", T.shape_text(t))
    end
    return methods.permute(t, 2, 1)
  end

  --- Rows start .. start + length - 1 of dimension d, a view. The first row is 1.
  ---@param d integer
  ---@param start integer
  ---@param length integer
  ---@return Tensor
  ---@usage first_two = t:narrow(1, 1, 2)
  function methods.narrow(t, d, start, length)
    local D = T.describe(t, "narrow")
    local dim = T.dimension("narrow", D.ndim, d)
    local size = tonumber(D.shape[dim])
    T.whole("narrow", "start", start)
    T.whole("narrow", "length", length)
    if start < 1 or length < 0 or start - 1 + length > size then
      return errors.raisef("narrow: rows %d to %d of dimension %d of size %d",
        start, start + length - 1, dim + 1, size)
    end
    local y = blank()
    native.call(C.lac_tensor_narrow, ctx, handle(t, "narrow"), dim, start - 1, length, y.box)
    return filled(y, t)
  end

  --- Row i of dimension d, which is dropped: a view. The first row is 1, the last -1.
  ---@param d integer
  ---@param i integer
  ---@return Tensor
  ---@usage first_row, last_column = t:select(1, 1), t:select(2, -1)
  function methods.select(t, d, i)
    local D = T.describe(t, "select")
    local dim = T.dimension("select", D.ndim, d)
    local size = tonumber(D.shape[dim])
    T.whole("select", "index", i)
    if i == 0 or i > size or i < -size then
      return errors.raisef("select: index %d of dimension %d of size %d, counted from 1",
        i, dim + 1, size)
    end
    local y = blank()
    native.call(C.lac_tensor_select, ctx,
      handle(t, "select"), dim, i > 0 and i - 1 or size + i, y.box)
    return filled(y, t)
  end

  --- Writes `source`, broadcast and converted, into the tensor.
  ---@param source Tensor
  ---@return Tensor  the tensor itself
  ---@usage t:narrow(1, 1, 2):copy_(lacuna.zeros(3))
  function methods.copy_(t, source)
    native.call(C.lac_copy, ctx, handle(t, "copy_"), handle(source, "copy_", "source"))
    T.keep(source)
    return t
  end

  --- Writes one number everywhere.
  ---@param value number
  ---@return Tensor  the tensor itself
  ---@usage t:select(2, 1):fill_(-1)
  function methods.fill_(t, value)
    local integer, real = 0, tonumber(value)
    local whole = type(value) == "cdata" and real ~= nil
    if not whole and type(value) ~= "number" then
      return errors.raisef("fill_: value is a %s, expected a number or a Tensor", type(value))
    end
    local code = tonumber(T.describe(t, "fill_").dtype)
    if not T.is_floating(code) then
      if not whole and (value % 1 ~= 0 or value < -2^63 or value >= 2^63) then
        return errors.raisef("fill_: %s in a tensor of %s", tostring(value), T.dtype_name(code))
      end
      integer = whole and value or ffi.cast("int64_t", value)
    end
    native.call(C.lac_fill, ctx, handle(t, "fill_"), real, integer)
    return t
  end

  --- Writes zeros.
  ---@usage t:narrow(2, 1, 1):zero_()
  function methods.zero_(t)
    return methods.fill_(t, 0)
  end
end
