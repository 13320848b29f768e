-- tensor_index.lua: t[i], t[{i, j}], t[{ {1, 5}, {} }] and assignment to them, as in torch7.

local errors = require "lacuna.errors"
local native = require "lacuna.native"

local C = native.C

-- Position `i` (1 is the first, -1 the last) counted from 0.
local function position(i, size, d)
  if type(i) ~= "number" or i % 1 ~= 0 then
    return errors.raisef("tensor: index %s in dimension %d, expected a whole number or a table",
      tostring(i), d)
  end
  if i >= 1 and i <= size then return i - 1 end
  if i < 0 and i >= -size then return i + size end
  return errors.raisef("tensor: index %s of dimension %d of size %d, counted from 1",
    tostring(i), d, size)
end

return function(T)
  local index = {}

  local function select(t, dim, i)
    local y = T.blank()
    native.call(C.lac_tensor_select, native.ctx, T.handle(t, "tensor"), dim, i, y.box)
    return T.filled(y, t)
  end

  local function narrow(t, dim, start, length)
    local y = T.blank()
    native.call(C.lac_tensor_narrow, native.ctx, T.handle(t, "tensor"), dim, start, length, y.box)
    return T.filled(y, t)
  end

  -- Start and length of {}, {i} or {first, last}, both ends included.
  local function range(r, size, d)
    if #r == 0 then return 0, size end
    if #r > 2 then
      return errors.raisef("tensor: range of %d numbers in dimension %d, expected {first, last}",
        #r, d)
    end
    local first = position(r[1], size, d)
    local last = position(r[2] or r[1], size, d)
    if last < first then
      return errors.raisef("tensor: range {%s, %s} in dimension %d is empty",
        tostring(r[1]), tostring(r[2]), d)
    end
    return first, last - first + 1
  end

  -- The part of `t` that `key` names, as a view.
  local function view(t, key)
    local ndim = T.describe(t, "tensor").ndim
    if type(key) == "number" then
      if ndim == 0 then
        return errors.raise "tensor: a tensor of shape [] has no rows, use t:item()"
      end
      return select(t, 0, position(key, t:size(1), 1))
    end
    if #key > ndim then
      return errors.raisef("tensor: %d indices for a tensor of shape %s", #key, T.shape_text(t))
    end
    local dim, part = 0, t
    for d = 1, #key do
      local k = key[d]
      if type(k) == "table" then
        local start, length = range(k, t:size(d), d)
        if length ~= t:size(d) then part = narrow(part, dim, start, length) end
        dim = dim + 1
      else
        part = select(part, dim, position(k, t:size(d), d))
      end
    end
    if part == t then part = narrow(t, 0, 0, t:size(1)) end
    return part
  end

  --- A view, or the number where no dimension is left.
  function index.get(t, key)
    local part = view(t, key)
    if T.describe(part, "tensor").ndim == 0 then return part:item() end
    return part
  end

  function index.set(t, key, value)
    local part = view(t, key)
    if T.is(value) then
      part:copy_(value)
    else
      part:fill_(value)
    end
  end

  return index
end
