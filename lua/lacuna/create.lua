-- create.lua: functions that make tensors: tensor, zeros, ones, full, rand, randn, arange, cat,
-- stack, unique, where.

local ffi = require "ffi"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx
local blank, filled, handle = T.blank, T.filled, T.handle

local create = {}

local tensor_keys = { dtype = true, device = true, shape = true, copy = true }

--- A tensor from a number, a nested table or a Tensor (copied), or from C memory (a pointer or an
--- array: shape says how much; copy=false uses the memory itself and keeps the cdata alive).
--- float32 unless dtype or the C type says otherwise.
---@param value number|table|Tensor|ffi.cdata*
---@param opts? { dtype: string, device: string, shape: integer[], copy: boolean }
---@return Tensor
---@usage lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "int64" })
function create.tensor(value, opts)
  opts = errors.options("tensor", opts, tensor_keys)
  device.parse(opts.device, "tensor")
  if T.is(value) then
    local t = opts.dtype and value:to(opts.dtype) or value
    if opts.device then t = t:to(opts.device) end
    return rawequal(t, value) and value:clone() or t
  end
  local integer = ffi.istype("int64_t", value) or ffi.istype("uint64_t", value)
  if type(value) == "cdata" and not integer then
    return T.from_memory(value, opts):to(opts.device or T.default_device)
  end
  local default = integer and "int64" or "float32"
  local dtype = T.dtype_name(T.dtype_code(opts.dtype or default, "tensor"))
  if type(value) ~= "number" and type(value) ~= "table" and not integer then
    return errors.raisef("tensor: a %s, expected a number, a table, a Tensor or C memory",
      type(value))
  end
  local t = T.from_table(value, dtype)
  if opts.shape then t = t:reshape(opts.shape) end
  return t:to(opts.device or T.default_device)
end

local new_keys = { dtype = true, device = true }

-- Splits (2, 3, opts), ({2, 3}, opts) into a new tensor and nothing else.
local function new(op, ...)
  local n = select("#", ...)
  local first, opts = ..., nil
  if type(first) == "table" then
    opts = select(2, ...)
    if n > 2 then
      return errors.raisef("%s: %d arguments, expected sizes and an options table", op, n)
    end
  else
    first = { ... }
    if type(first[n]) == "table" then
      opts = first[n]
      first[n] = nil
    end
  end
  opts = errors.options(op, opts, new_keys)
  local shape, ndim = T.sizes(op, first)
  return T.empty(op, T.dtype_code(opts.dtype or "float32", op), shape, ndim,
    opts.device or T.default_device)
end

--- zeros(2, 3) or zeros({2, 3}, {dtype=})
---@return Tensor
---@usage lacuna.zeros({ 2, 3 }, { dtype = "float16" })
function create.zeros(...)
  return new("zeros", ...):fill_(0)
end

--- ones(2, 3) or ones({2, 3}, {dtype=})
---@return Tensor
---@usage lacuna.ones({ 2, 3 }, { dtype = "int32" })
function create.ones(...)
  return new("ones", ...):fill_(1)
end

--- full({2, 3}, value, {dtype=})
---@param shape integer[]
---@param value number
---@param opts? { dtype: string, device: string }
---@return Tensor
---@usage lacuna.full({ 2, 3 }, 0.5, { dtype = "float16" })
function create.full(shape, value, opts)
  if type(shape) ~= "table" then
    return errors.raisef("full: shape is a %s, expected a table: full({2, 3}, value)", type(shape))
  end
  return new("full", shape, opts):fill_(value)
end

local function random(op, distribution, a, b)
  return function(...)
    local t = new(op, ...)
    native.call(C.lac_rand, ctx, t.h, distribution, a, b)
    return t
  end
end
--- Uniform on [0, 1): rand(2, 3) or rand({2, 3}, {dtype=}). lacuna.manual_seed makes it repeat.
---@param ... integer|table
---@return Tensor
---@usage lacuna.rand(2, 3)
create.rand = random("rand", C.LAC_UNIFORM, 0, 1)
--- Normal with mean 0 and deviation 1.
---@param ... integer|table
---@return Tensor
---@usage lacuna.randn({ 16, 32 }, { dtype = "float16" })
create.randn = random("randn", C.LAC_NORMAL, 0, 1)

--- arange(stop), arange(start, stop), arange(start, stop, step, {dtype=}): start, start + step, ...
--- below stop. int64 where all are whole numbers, else float32.
---@return Tensor
---@usage lacuna.arange(0, 1, 0.25, { dtype = "float32" })
function create.arange(...)
  local args = { ... }
  local opts
  if type(args[#args]) == "table" then opts = table.remove(args) end
  opts = errors.options("arange", opts, new_keys)
  device.parse(opts.device, "arange")
  local start, stop, step = 0, args[1], args[3] or 1
  if #args >= 2 then start, stop = args[1], args[2] end
  for _, v in ipairs { start, stop or false, step } do
    if type(v) ~= "number" then
      return errors.raisef("arange: a %s, expected numbers: arange(start, stop, step)", type(v))
    end
  end
  if step == 0 or (stop - start) / step < 0 then
    return errors.raisef("arange: from %g to %g by %g never arrives", start, stop, step)
  end
  local count = math.ceil((stop - start) / step)
  if count ~= count or count >= 2^53 then
    return errors.raisef("arange: from %g to %g by %g", start, stop, step)
  end
  local whole = start % 1 == 0 and stop % 1 == 0 and step % 1 == 0
  local code = T.dtype_code(opts.dtype or (whole and "int64" or "float32"), "arange")
  local y = blank()
  native.call(C.lac_arange, ctx, code, start, step, count, y.box)
  return filled(y):to(opts.device or T.default_device)
end

local function check_list(op, list)
  if type(list) ~= "table" or #list == 0 then
    return errors.raisef("%s: %s, expected a list of tensors", op,
      type(list) == "table" and "an empty list" or "a " .. type(list))
  end
end

local function join(op, list, dim)
  local handles = ffi.new("lac_tensor *[?]", #list)
  for i = 1, #list do handles[i - 1] = handle(list[i], op, "item " .. i) end
  local y = blank()
  native.call(C.lac_cat, ctx, handles, #list, dim, y.box)
  return filled(y, list)
end

--- Joins tensors along dimension `dim` (default 1).
---@param list Tensor[]
---@param dim? integer
---@return Tensor
function create.cat(list, dim)
  check_list("cat", list)
  return join("cat", list, T.dimension("cat", T.describe(list[1], "cat").ndim, dim or 1))
end

--- Joins tensors of one shape along a new dimension `dim` (default 1).
---@param list Tensor[]
---@param dim? integer
---@return Tensor
---@usage lacuna.stack({ t, t + 1 }, 1):size()
function create.stack(list, dim)
  check_list("stack", list)
  local ndim = T.describe(list[1], "stack").ndim
  local at = T.dimension("stack", ndim + 1, dim or 1)
  local rows, first = {}, T.shape_text(list[1])
  for i = 1, #list do
    if T.shape_text(list[i]) ~= first then
      return errors.raisef("stack: shapes %s and %s, expected one shape",
        first, T.shape_text(list[i]))
    end
    local sizes = list[i]:size()
    table.insert(sizes, at + 1, 1)
    rows[i] = list[i]:reshape(sizes)
  end
  return join("stack", rows, at)
end

--- Unique rows (or values) of an int32 or int64 tensor, sorted; the position of the first of each;
--- and for every row of `t` the position of its unique row. Positions count from 0.
---@param t Tensor
---@return Tensor rows, Tensor index, Tensor inverse
---@usage rows, first, inverse = lacuna.unique(x.coords:tensor())
function create.unique(t)
  local rows, index, inverse = blank(), blank(), blank()
  native.call(C.lac_unique, ctx, handle(t, "unique"), rows.box, index.box, inverse.box)
  return filled(rows), filled(index), filled(inverse, t)
end

-- A number as a scalar tensor beside `other`, which it does not widen unless that is a condition.
local function scalar(value, other, widens)
  if type(value) ~= "number" then return value end
  local integer = not widens and T.is(other) and not T.is_floating(T.describe(other, "where").dtype)
  local whole = integer and value % 1 == 0
  local t = T.from_table(value, whole and "int64" or "float32")
  return T.is(other) and t:to(other:device()) or t
end

--- Elements of `a` where `condition` (uint8) is not 0, else of `b`; all three broadcast, and `a`
--- and `b` may be numbers.
---@param condition Tensor
---@param a Tensor|number
---@param b Tensor|number
---@return Tensor
---@usage lacuna.where(t:gt(0.5), t, 0)
function create.where(condition, a, b)
  local like = T.is(a) and a or T.is(b) and b or condition
  local widens = like == condition
  a, b = scalar(a, like, widens), scalar(b, like, widens)
  local y = blank()
  native.call(C.lac_where, ctx,
    handle(condition, "where", "condition"), handle(a, "where"), handle(b, "where"), y.box)
  return filled(y, condition, a, b)
end

return create
