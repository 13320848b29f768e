-- points.lua: PointTensor, features on points, and quantize, from points to voxels.

local ffi = require "ffi"
local native = require "lacuna.native"
local coords = require "lacuna.coords"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local points = {}

local PointTensor = {} -- methods
points.PointTensor = PointTensor
local meta = { __name = "PointTensor" }
local aliases = { F = "feats", C = "coords" }
local known = { feats = true, coords = true } -- in `_feats` and `_coords`

function meta.__names()
  local names = { "F", "C" }
  for name in pairs(PointTensor) do names[#names + 1] = name end
  for name in pairs(known) do names[#names + 1] = name end
  return names
end

function meta.__index(p, key)
  key = aliases[key] or key
  local value = PointTensor[key] or rawget(p, "_" .. tostring(key))
  if value or type(key) ~= "string" or key:sub(1, 1) == "_" then return value end
  return errors.raisef("PointTensor: no field '%s'%s", key, errors.nearest(key, meta.__names()))
end

local function check(feats, rows_of)
  local rows, columns = shape.of(feats), shape.of(rows_of)
  if #columns ~= 2 or columns[2] ~= 4 then
    errors.raisef("PointTensor: coords are %s, expected [N, 4] with rows (b,x,y,z)",
      shape.text(columns))
  end
  if #rows ~= 2 or rows[1] ~= columns[1] then
    errors.raisef("PointTensor: feats are %s, expected [%d, C]", shape.text(rows), columns[1])
  end
end

-- Tensors that an object keeps are not a scope's to release.
local function keep(object)
  if sparse.on_keep then sparse.on_keep(object) end
  return object
end

function meta.__newindex(p, key, value)
  key = aliases[key] or key
  if key ~= "feats" then
    errors.raisef("PointTensor: field '%s' cannot be assigned, only feats", tostring(key))
  end
  T.handle(value, "PointTensor", "feats")
  check(value, p.coords)
  rawset(p, "_feats", keep(value))
end

--- The sum of the features with those of another point tensor, or with a tensor or number.
function meta.__add(a, b)
  if not points.is(a) then a, b = b, a end
  if points.is(b) then
    local n, m = shape.of(a.feats)[1], shape.of(b.feats)[1]
    if n ~= m then
      errors.raisef("add: PointTensors of %s and %s points, expected the same points",
        shape.thousands(n), shape.thousands(m))
    end
    b = b.feats
  end
  return a:replace_feature(a.feats + b)
end

function meta.__tostring(p)
  local sizes = shape.of(p.feats)
  return string.format("PointTensor %s points x %d, %s, %s", shape.thousands(sizes[1]), sizes[2],
    p:dtype(), p:device())
end

--- lacuna.PointTensor(feats, coords): features [N,C] at points (b,x,y,z), floats [N,4].
---@param feats Tensor
---@param at Tensor  the points' coordinates
---@usage at = lacuna.cat({ lacuna.zeros(#points, 1), points:narrow(2, 1, 3) }, 2)
---@usage z = lacuna.PointTensor(points, at)
function points.new(feats, at)
  T.handle(feats, "PointTensor", "feats")
  T.handle(at, "PointTensor", "coords")
  if T.is(at) and at:dtype() ~= "float32" then at = at:to("float32") end
  if not T.is(at) then at = at:tensor():to("float32") end
  check(feats, at)
  return setmetatable({ _feats = feats, _coords = at, _found = {} }, meta)
end

function points.is(value)
  return type(value) == "table" and getmetatable(value) == meta
end

--- Gives a point tensor other coordinates; those that shared the old ones keep them.
function points.move(p, at)
  rawset(p, "_coords", keep(at))
  rawset(p, "_found", {})
end

-- A point tensor keeps this many look-ups; the oldest makes room. SPVCNN needs six.
local kept_lookups = 16

--- What `find` returned, a list of tensors, for the points of `p` and the Coords `set`, found once:
--- it is kept with the points, whichever point tensors share them. The set is kept as well, so that
--- no other one can take its address.
function points.lookup(p, kind, set, find)
  local h, list = coords.handle(set), p._found
  local version = C.lac_tensor_version(T.handle(p.coords, "PointTensor", "coords"))
  local key = kind .. tostring(ffi.cast("void *", h)) .. tostring(version)
  for i = 1, #list do
    if list[i].key == key then return list[i].found end
  end
  local found = find()
  for i = 1, #found do keep(found[i]) end
  local own = coords.blank()
  C.lac_coords_retain(h)
  own.h = h
  if #list == kept_lookups then table.remove(list, 1) end
  list[#list + 1] = { key = key, found = found, set = keep(coords.filled(own)) }
  return found
end

--- The same points with other features.
---@usage z = z:replace_feature(z.feats:clamp(-1, 1))
function PointTensor:replace_feature(feats)
  local other = points.new(feats, self.coords)
  rawset(other, "_found", self._found)
  return other
end
--- The sizes of the features; with i one of them.
---@usage n, channels = z:size(1), z:size(2)
function PointTensor:size(...) return self.feats:size(...) end
--- The dtype of the features, such as "float32".
---@return string
---@usage z:dtype()
function PointTensor:dtype() return self.feats:dtype() end
--- Where the features are: "cpu", "cuda" or "cuda:1".
---@return string
---@usage net:to(z:device())
function PointTensor:device() return self.feats:device() end
--- The points in another dtype or on another device.
---@param ... string
---@usage z:to("float16")
function PointTensor:to(...)
  local feats = self.feats:to(...)
  if feats:device() == self.coords:device() then return self:replace_feature(feats) end
  return points.new(feats, self.coords:to(feats:device()))
end
--- The points on the CPU.
---@return PointTensor
---@usage feats = z:cpu().feats
function PointTensor:cpu() return self:to("cpu") end
--- The points on the first GPU.
---@return PointTensor
---@usage z:cuda()
function PointTensor:cuda() return self:to("cuda") end
--- The points in float16.
---@return PointTensor
---@usage z:half()
function PointTensor:half() return self:to("float16") end
--- The points in float32.
---@return PointTensor
---@usage z:half():float()
function PointTensor:float() return self:to("float32") end
--- The points in bfloat16.
---@return PointTensor
---@usage z:bfloat16()
function PointTensor:bfloat16() return self:to("bfloat16") end

-- quantize ---------------------------------------------------------------------------------------

local keys = {
  voxel_size = true, rounding = true, reduce = true, origin = true, range = true, feats = true,
  invalid = true,
}
local rounding = { floor = C.LAC_ROUND_FLOOR, round = C.LAC_ROUND_NEAREST }
local reduce = { first = C.LAC_POINT_FIRST, mean = C.LAC_POINT_MEAN, max = C.LAC_POINT_MAX }
local origin = { none = 0, min = 1 }
local invalid = { drop = 0, error = 1 }

local function choose(name, value, choices, default)
  if value == nil then value = default end
  local code = choices[value]
  if code == nil then
    local names = {}
    for choice in pairs(choices) do names[#names + 1] = '"' .. choice .. '"' end
    table.sort(names)
    errors.raisef("quantize: %s is %s, expected one of: %s", name, tostring(value),
      table.concat(names, ", "))
  end
  return code
end

local function numbers(name, value, n, into)
  local list = value
  if type(value) == "number" and n == 3 then list = { value, value, value } end
  if type(list) ~= "table" or #list ~= n then
    errors.raisef("quantize: %s, expected %s%d numbers", name, n == 3 and "one or " or "", n)
  end
  for i = 1, n do
    if type(list[i]) ~= "number" then
      errors.raisef("quantize: %s[%d] is a %s, expected a number", name, i, type(list[i]))
    end
    into[i - 1] = list[i]
  end
end

local dropped = ffi.new("int64_t[2]")

--- Points to voxels, sorted by (x,y,z), batch index 0.
--- Options: voxel_size (one number or three, in the points' unit), rounding "floor" or "round"
--- (half to even), reduce "first", "mean" or "max" of a voxel's points, origin "min" to start each
--- axis at 0, range {xmin, ymin, zmin, xmax, ymax, zmax} to drop what lies outside, feats [N,C]
--- (all columns by default), invalid "drop" or "error" for points with NaN or infinity.
---@param cloud Tensor  float32 or float64 [N,>=3], x y z first
---@param opts table
---@return table x SparseTensor
---@return Tensor inverse  int64 [N], the voxel of each point, -1 for a dropped one
---@return Tensor index    int64 [M], the first point of each voxel
---@return table counts    invalid, out_of_range: points that were dropped
---@usage x, inverse = lacuna.quantize(points, { voxel_size = 0.05, reduce = "mean" })
---@usage labels = net(x).feats:argmax(2):index_select(1, inverse)
function points.quantize(cloud, opts)
  opts = errors.options("quantize", opts, keys)
  local o = ffi.new("lac_quantize_options", { size = ffi.sizeof("lac_quantize_options") })
  if opts.voxel_size == nil then errors.raise("quantize: the option voxel_size is required") end
  numbers("voxel_size", opts.voxel_size, 3, o.voxel_size)
  o.rounding = choose("rounding", opts.rounding, rounding, "floor")
  o.reduce = choose("reduce", opts.reduce, reduce, "first")
  o.origin_min = choose("origin", opts.origin, origin, "none")
  o.invalid_error = choose("invalid", opts.invalid, invalid, "drop")
  if opts.range ~= nil then
    o.has_range = 1
    numbers("range", opts.range, 6, o.range)
  end
  if opts.feats ~= nil then o.feats = T.handle(opts.feats, "quantize", "feats") end
  local x, inverse, index = sparse.blank(), T.blank(), T.blank()
  native.call(C.lac_quantize, ctx, T.handle(cloud, "quantize", "points"), o, x.box, inverse.box,
    index.box, dropped)
  return sparse.filled(x, cloud, opts), T.filled(inverse), T.filled(index),
    { invalid = tonumber(dropped[0]), out_of_range = tonumber(dropped[1]) }
end

return points
