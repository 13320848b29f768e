-- coords.lua: Coords, an immutable set of rows (b,x,y,z), read like an int32 tensor [N,4].

local ffi = require "ffi"
local native = require "lacuna.native"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local T = require "lacuna.tensor"

local C, ctx, out = native.C, native.ctx, native.out
local release = native.owner("lacuna_Coords", "lac_coords", C.lac_coords_release)

local coords = {}

local Coords = ffi.typeof("lacuna_Coords")

-- Set by scope.lua while a scope is open.
coords.on_wrap = nil

--- A Coords without a set, for C to write one to its box (see tensor.lua).
function coords.blank()
  return Coords()
end

--- The Coords, now that C has written to it. More arguments are ignored (see tensor.lua).
function coords.filled(c)
  if coords.on_wrap then coords.on_wrap(c) end
  return c
end

function coords.is(value)
  return type(value) == "cdata" and ffi.istype(Coords, value)
end

--- The lac_coords of a live Coords.
function coords.handle(c)
  if c.h == nil then errors.raise("Coords: used after free()") end
  return c.h
end

--- A Coords on another device; itself where it is there.
function coords.to(c, name)
  if not device.is_name(name) then -- a dtype: the rows as a Tensor
    local t = c:tensor()
    return t:to(name)
  end
  local code, index = device.parse(name, "to")
  local y = coords.blank()
  native.call(C.lac_coords_to, ctx, coords.handle(c), code, index, y.box)
  return coords.filled(y, c)
end

local kind = ffi.new("lac_device[1]")
local methods = {}

--- Methods of Coords beside those of the rows' tensor.
coords.methods = methods

--- The rows as an int32 Tensor [N,4].
---@usage heights = x.coords:tensor():select(2, 4)
function methods.tensor(c)
  local y = T.blank()
  native.call(C.lac_coords_tensor, ctx, coords.handle(c), y.box)
  return T.filled(y, c)
end

--- Where the set is.
---@return string  "cpu", "cuda" or "cuda:1"
---@usage x.coords:device()
function methods.device(c)
  C.lac_coords_device(coords.handle(c), kind, out.int32)
  return device.name(tonumber(kind[0]), out.int32[0])
end

--- The set on another device, where maps are built anew; transposed convolutions walk back there.
---@param name string
---@return Coords
---@usage x.coords:to("cpu")
function methods.to(c, name)
  return coords.to(c, name)
end

--- The set on the CPU.
---@return Coords
---@usage x.coords:cpu()
function methods.cpu(c) return coords.to(c, "cpu") end
--- The set on the first GPU.
---@return Coords
---@usage x.coords:cuda()
function methods.cuda(c) return coords.to(c, "cuda") end

--- Releases the set; tensors and maps made from it stay.
---@usage coords = F.spdownsample(x.coords); coords:free()
function methods.free(c)
  if c.h ~= nil then
    C.lac_coords_release(c.h)
    c.h = nil
  end
end

-- name -> a function that calls the method of that name of the rows' tensor
local forwarders = {}

local function forward(name)
  forwarders[name] = forwarders[name] or function(c, ...)
    local t = c:tensor()
    return t[name](t, ...)
  end
  return forwarders[name]
end

local function plain(value)
  return coords.is(value) and value:tensor() or value
end

ffi.metatype(Coords, {
  __index = function(c, key)
    if methods[key] then return methods[key] end
    local t = c:tensor()
    local value = t[key] -- raises for a name that tensors do not have
    if type(key) == "string" and type(value) == "function" then return forward(key) end
    return value
  end,
  __newindex = function()
    errors.raise("Coords: coordinates cannot be written: clone the rows, c:tensor():clone()")
  end,
  __len = function(c)
    return tonumber(C.lac_coords_count(coords.handle(c)))
  end,
  __eq = function(a, b)
    return coords.is(a) and coords.is(b) and a.h == b.h
  end,
  __add = function(a, b) return plain(a) + plain(b) end,
  __sub = function(a, b) return plain(a) - plain(b) end,
  __mul = function(a, b) return plain(a) * plain(b) end,
  __div = function(a, b) return plain(a) / plain(b) end,
  __mod = function(a, b) return plain(a) % plain(b) end,
  __unm = function(a) return -plain(a) end,
  __tostring = function(c)
    if c.h == nil then return "Coords (freed)" end
    return string.format("Coords %s rows (b,x,y,z), int32, %s", shape.thousands(#c), c:device())
  end,
  __gc = release,
})

--- Makes a Coords of a tensor int32 or int64 [N,4] or of a Lua table of rows; a Coords is returned
--- as it is.
function coords.from(op, value)
  if coords.is(value) then return value end
  if type(value) == "table" then
    local create = require "lacuna.create"
    value = #value == 0 and create.zeros({ 0, 4 }, { dtype = "int32" })
      or create.tensor(value, { dtype = "int32" })
  end
  if not T.is(value) then
    errors.raisef("%s: coords are a %s, expected a Coords, a Tensor or a table of rows", op,
      type(value))
  end
  local sizes, dtype = shape.of(value), value:dtype()
  if #sizes ~= 2 or sizes[2] ~= 4 then
    errors.raisef("%s: coords are %s, expected [N, 4] with rows (b,x,y,z)%s", op, shape.text(sizes),
      #sizes == 2 and sizes[2] == 3 and ": put the batch index first" or "")
  end
  if dtype == "int64" then
    local narrow = value:to("int32")
    if sizes[1] > 0 and narrow:to("int64"):ne(value):max():item() ~= 0 then
      errors.raisef("%s: a coordinate does not fit int32", op)
    end
    value = narrow
  elseif dtype ~= "int32" then
    errors.raisef("%s: coords are %s, expected int32 or int64: quantize() makes voxels of points",
      op, dtype)
  end
  local y = coords.blank()
  native.call(C.lac_coords_create, ctx, T.handle(value, op, "coords"), y.box)
  return coords.filled(y, value)
end

--- Do both hold the same rows in the same order?
function coords.equal(a, b)
  native.call(C.lac_coords_equal, ctx, coords.handle(a), coords.handle(b), out.int32)
  return out.int32[0] ~= 0
end

return coords
