-- sparse.lua: SparseTensor, features [N,C] on a set of coordinates.
--
-- An object is a table around one lac_sparse handle. Fields are computed from the handle when they
-- are read; `feats` and `coords` are kept so that the same object comes back. Replacing the
-- features makes a new handle on the same coordinates, so that their kernel maps stay.

local ffi = require "ffi"
local native = require "lacuna.native"
local coords = require "lacuna.coords"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx
local release = native.owner("lacuna_Sparse", "lac_sparse", C.lac_sparse_release)
local Sparse = ffi.metatype("lacuna_Sparse", { __gc = release })
local desc = ffi.new("lac_sparse_desc", { size = ffi.sizeof("lac_sparse_desc") })

local sparse = {}

local SparseTensor = {} -- methods
sparse.SparseTensor = SparseTensor

-- Set by scope.lua while a scope is open.
sparse.on_wrap, sparse.on_keep = nil, nil

local meta = { __name = "SparseTensor" }

--- What owns a lac_sparse, without one, for C to write one to its box (see tensor.lua).
function sparse.blank()
  return Sparse()
end

--- The SparseTensor of what C has written to. More arguments are ignored: they only keep the
--- tensors that C was given alive until here (see tensor.lua).
function sparse.filled(own)
  local x = setmetatable({ _handle = own }, meta)
  if sparse.on_wrap then sparse.on_wrap(x) end
  return x
end

function sparse.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

--- The lac_sparse of a live SparseTensor; `op` names who asks.
function sparse.handle(x, op)
  if not sparse.is(x) then
    local kind = require("lacuna.kinds").of(x)
    errors.raisef("%s: the input is %s, expected a SparseTensor", op,
      kind == "nil" and kind or "a " .. kind)
  end
  local own = rawget(x, "_handle")
  if not own then errors.raisef("%s: the SparseTensor was freed", op) end
  return own.h
end

local function describe(x)
  C.lac_sparse_describe(sparse.handle(x, "SparseTensor"), desc)
  return desc
end

local function batch_size(x)
  local d = describe(x)
  if d.batch_size > 0 then return d.batch_size end
  if d.has_range ~= 0 then return d.range[0] end
  if #x.coords == 0 then return 0 end
  local known = rawget(x, "_batch_size")
  if not known then
    known = tonumber(x.coords:tensor():select(2, 1):max():item()) + 1
    rawset(x, "_batch_size", known)
  end
  return known
end

-- Tensors that the object keeps are not a scope's to release.
local function keep(x, field, value)
  if sparse.on_keep then sparse.on_keep(value) end
  rawset(x, field, value)
  return value
end

local getters = {
  feats = function(x)
    local feats = rawget(x, "_feats")
    if feats then return feats end
    feats = T.blank()
    C.lac_sparse_parts(sparse.handle(x, "feats"), feats.box, nil)
    return keep(x, "_feats", T.filled(feats))
  end,
  coords = function(x)
    local set = rawget(x, "_coords")
    if set then return set end
    set = coords.blank()
    C.lac_sparse_parts(sparse.handle(x, "coords"), nil, set.box)
    return keep(x, "_coords", coords.filled(set))
  end,
  stride = function(x)
    local s = describe(x).stride
    return { s[0], s[1], s[2] }
  end,
  spatial_range = function(x)
    local d = describe(x)
    if d.has_range == 0 then return nil end
    return { d.range[0], d.range[1], d.range[2], d.range[3] }
  end,
  batch_size = batch_size,
}
getters.F, getters.C, getters.s = getters.feats, getters.coords, getters.stride
-- SpConv's names.
getters.features, getters.indices = getters.feats, getters.coords
function getters.spatial_shape(x)
  local range = x.spatial_range
  return range and { range[2], range[3], range[4] }
end

function meta.__names()
  local names = {}
  for name in pairs(SparseTensor) do names[#names + 1] = name end
  for name in pairs(getters) do names[#names + 1] = name end
  return names
end

function meta.__index(x, key)
  local method = SparseTensor[key]
  if method then return method end
  local getter = getters[key]
  if getter then return getter(x) end
  if type(key) ~= "string" or key:sub(1, 1) == "_" then return nil end
  return errors.raisef("SparseTensor: no field '%s'%s", key, errors.nearest(key, meta.__names()))
end

local function with_feats(x, op, feats)
  local own = Sparse()
  native.call(C.lac_sparse_with_feats, ctx, sparse.handle(x, op), T.handle(feats, op, "feats"),
    own.box)
  return own, x, feats
end

function meta.__newindex(x, key, value)
  if key ~= "feats" and key ~= "F" then
    errors.raisef("SparseTensor: field '%s' cannot be assigned, only feats: make a new one",
      tostring(key))
  end
  rawset(x, "_handle", (with_feats(x, "feats", value)))
  keep(x, "_feats", value)
end

--- Another SparseTensor with the same coordinates, stride, range and maps.
---@param feats Tensor  [N,C]
---@usage y = x:replace_feature(x.feats:narrow(2, 1, 3) / 10)
function SparseTensor:replace_feature(feats)
  return sparse.filled(with_feats(self, "replace_feature", feats))
end

--- The sizes of the features; with i one of them.
---@usage voxels, channels = x:size(1), x:size(2)
function SparseTensor:size(...) return self.feats:size(...) end
--- The dtype of the features, such as "float32".
---@return string
---@usage net:to(x:dtype())
function SparseTensor:dtype() return self.feats:dtype() end
--- Where the features are: "cpu", "cuda" or "cuda:1".
---@return string
---@usage net:to(x:device())
function SparseTensor:device() return self.feats:device() end

-- The same tensor, features and coordinates, on the device of `feats`.
local function beside(x, feats)
  local d = ffi.new("lac_sparse_desc", describe(x))
  local set = coords.to(x.coords, feats:device())
  local y = sparse.blank()
  native.call(C.lac_sparse_create, ctx, T.handle(feats, "to", "feats"), coords.handle(set), d,
    y.box)
  return sparse.filled(y, feats, set)
end

--- The tensor in another dtype, or, with its coordinates, on another device.
---@usage y = x:to("float16")
function SparseTensor:to(...)
  local feats = self.feats:to(...)
  if feats:device() ~= self.coords:device() then return beside(self, feats) end
  return self:replace_feature(feats)
end
--- The tensor on the CPU.
---@return SparseTensor
---@usage rows = x:cpu().coords:tensor()
function SparseTensor:cpu() return self:to("cpu") end
--- The tensor on the first GPU.
---@return SparseTensor
---@usage y = net:cuda()(x:cuda())
function SparseTensor:cuda() return self:to("cuda") end
--- The tensor in float16.
---@return SparseTensor
---@usage y = net:half()(x:half())
function SparseTensor:half() return self:to("float16") end
--- The tensor in float32.
---@return SparseTensor
---@usage x:half():float()
function SparseTensor:float() return self:to("float32") end
--- The tensor in bfloat16.
---@return SparseTensor
---@usage y = x:bfloat16()
function SparseTensor:bfloat16() return self:to("bfloat16") end

--- Releases the tensor at once; its coordinates live on in other tensors.
---@usage y = net(x):cpu(); x:free()
function SparseTensor:free()
  local own = rawget(self, "_handle")
  if not own then return end
  C.lac_sparse_release(own.h)
  own.h = nil
  for _, field in ipairs { "_handle", "_feats", "_coords" } do rawset(self, field, nil) end
end

--- The rows of sample `b` (from 0), in order, as a batch of one: their batch index becomes 0.
---@param b integer
---@usage first = lacuna.sparse_collate{ x, x }:sample(0)
function SparseTensor:sample(b) return require("lacuna.batch").sample(self, b) end

--- All cells of the spatial range, [B,X,Y,Z,C], 0 where there is no voxel.
---@return Tensor
---@usage grid = x:dense():permute(1, 5, 2, 3, 4)
function SparseTensor:dense() return require("lacuna.dense").of(self) end

--- Features side by side; see batch.lua.
function sparse.cat(list) return require("lacuna.batch").cat(list) end

local function ntuple(op, name, value, n)
  local list = value
  if type(value) == "number" and n == 3 then list = { value, value, value } end
  if type(list) ~= "table" or #list ~= n then
    errors.raisef("%s: %s, expected %s%d whole numbers", op, name, n == 3 and "one or " or "", n)
  end
  for i = 1, n do
    if type(list[i]) ~= "number" or list[i] % 1 ~= 0 then
      errors.raisef("%s: %s[%d] is %s, expected a whole number", op, name, i, tostring(list[i]))
    end
  end
  return list
end

local keys = { feats = true, coords = true, stride = true, spatial_range = true, batch_size = true }

--- lacuna.SparseTensor(feats, coords, stride, spatial_range), or a table of these and batch_size.
---@param feats Tensor|table  features [N,C], or the table
---@param rows Coords|Tensor|table  (b,x,y,z) a row
---@param stride integer|integer[]|nil
---@param spatial_range integer[]|nil  (B,X,Y,Z)
---@usage x = lacuna.SparseTensor({ { 0.5 }, { 0.7 } }, { { 0, 1, 2, 3 }, { 0, 1, 2, 4 } })
function sparse.new(feats, rows, stride, spatial_range)
  local batch
  if type(feats) == "table" and rows == nil and #feats == 0 then
    local given = errors.options("SparseTensor", feats, keys)
    feats, rows, stride = given.feats, given.coords, given.stride
    spatial_range, batch = given.spatial_range, given.batch_size
  end
  if type(feats) == "table" then feats = require("lacuna.create").tensor(feats) end
  local set = coords.from("SparseTensor", rows)
  if T.is(feats) and not coords.is(rows) then set = coords.to(set, feats:device()) end
  local d = ffi.new("lac_sparse_desc", { size = ffi.sizeof("lac_sparse_desc") })
  local steps = ntuple("SparseTensor", "stride", stride or 1, 3)
  for i = 1, 3 do d.stride[i - 1] = steps[i] end
  if spatial_range then
    local range = ntuple("SparseTensor", "spatial_range", spatial_range, 4)
    d.has_range = 1
    for i = 1, 4 do d.range[i - 1] = range[i] end
  end
  if batch ~= nil then
    if type(batch) ~= "number" or batch < 1 or batch % 1 ~= 0 then
      errors.raisef("SparseTensor: batch_size is %s, expected a whole number from 1",
        tostring(batch))
    end
    d.batch_size = batch
  end
  local y = sparse.blank()
  native.call(C.lac_sparse_create, ctx, T.handle(feats, "SparseTensor", "feats"),
    coords.handle(set), d, y.box)
  return sparse.filled(y, feats, set)
end

local function step_text(stride)
  if stride[1] == stride[2] and stride[2] == stride[3] then return tostring(stride[1]) end
  return table.concat(stride, "x")
end

-- Where two sets of as many rows differ first: ": row 3 is (0,1,2,3) and (0,4,5,6)".
local function first_difference(a, b)
  local rows, others = a.coords:tensor(), b.coords:tensor()
  local at = tonumber(rows:ne(others):nonzero():narrow(1, 1, 1):totable()[1][1])
  local function row(t) return table.concat(t:narrow(1, at + 1, 1):totable()[1], ",") end
  return string.format(": row %d is (%s) and (%s)", at, row(rows), row(others))
end

--- An error unless both have the same rows in the same order, and mean the same voxels by them.
function sparse.check_same_rows(op, a, b)
  if a.coords == b.coords then return end
  local strides = { step_text(a.stride), step_text(b.stride) }
  if coords.equal(a.coords, b.coords) then
    if strides[1] == strides[2] then return end
    errors.raisef("%s: strides %s and %s, expected the same", op, strides[1], strides[2])
  end
  local counts = { shape.thousands(#a.coords), shape.thousands(#b.coords) }
  errors.raisef("%s: different rows (%s of stride %s and %s of stride %s), expected the same "
    .. "coordinates%s", op, counts[1], strides[1], counts[2], strides[2],
    #a.coords == #b.coords and first_difference(a, b) or "")
end

local function check_widths(op, a, b)
  local own, other = shape.of(a.feats)[2], shape.of(b.feats)[2]
  if own ~= other and own ~= 1 and other ~= 1 then
    errors.raisef("%s: %d and %d channels, expected the same number", op, own, other)
  end
end

function meta.__add(a, b)
  if not sparse.is(a) then a, b = b, a end
  if sparse.is(b) then
    sparse.check_same_rows("add", a, b)
    check_widths("add", a, b)
    b = b.feats
  end
  return a:replace_feature(a.feats + b)
end

function meta.__tostring(x)
  if not rawget(x, "_handle") then return "SparseTensor (freed)" end
  local sizes, range = shape.of(x.feats), x.spatial_range
  return string.format("SparseTensor %s voxels x %s, stride %s, batch %d, %s%s, %s",
    shape.thousands(sizes[1]), sizes[2], step_text(x.stride), x.batch_size,
    range and "range " .. table.concat(range, "x") .. ", " or "", x:dtype(), x:device())
end

return sparse
