-- model_vectors.lua: a network's outputs beside those that the test data hold for it.
--
-- `local vectors = model_vectors.open("second")` gives nil where the test data are absent.

local assert = require "luassert"
local lacuna = require "lacuna"
local support = require "spec.support.init"
local native = require "lacuna.native"
local ffi = require "ffi"

local Vectors = {}
Vectors.__index = Vectors

local model_vectors = {}

function model_vectors.open(name)
  local path = support.shared("vectors/models/" .. name .. ".h5")
  if not path then return nil end
  local file = lacuna.hdf5.open(path)
  return setmetatable({ path = path, file = file }, Vectors)
end

--- The options that the network was made with.
function Vectors:config()
  return require("cjson").decode(self.file:attr("/", "config"))
end

--- The input as a SparseTensor, or a PointTensor where the coordinates are not whole.
function Vectors:input()
  local feats = support.here(self.file:read "/input/feats")
  local coords = support.here(self.file:read "/input/coords")
  if coords:dtype() == "float32" then return lacuna.PointTensor(feats, coords) end
  return lacuna.SparseTensor {
    feats = feats, coords = coords, spatial_range = self.file:attr("/", "spatial_range"),
  }
end

--- Fails unless `got`, a SparseTensor, PointTensor or Tensor, is the output `name`.
function Vectors:check(name, got)
  local f, at = self.file, "/outputs/" .. name
  local feats = got
  if lacuna.type(got) ~= "Tensor" then feats = got.feats end
  if f:exists(at .. "/coords") then
    support.same(got.coords:tensor(), f:read(at .. "/coords"), name .. " coords")
    assert.are.same(f:attr(at, "stride"), got.stride, name)
    local range = f:attr(at, "out_spatial_range")
    if range then assert.are.same(range, got.spatial_range, name) end
  end
  assert.are.same({ f:attr(at, "rows"), f:attr(at, "channels") }, feats:size(), name)
  feats = feats:cpu()
  local tolerance = 1e-4 * f:attr(at, "max_abs")
  if f:exists(at .. "/feats") then
    support.close(feats, f:read(at .. "/feats"), tolerance, name)
    return
  end
  local step = { dtype = "int64", device = "cpu" }
  local rows = lacuna.arange(0, feats:size(1), f:attr(at, "row_step"), step)
  support.close(feats:index_select(1, rows), f:read(at .. "/feats_rows"), tolerance, name)
end

--- Fails unless `got`, computed in float16, is near the output `name`: 0.5 % of the largest value
--- on average, and 3 % but for one element of a thousand.
function Vectors:check_half(name, got)
  local f, at = self.file, "/outputs/" .. name
  local feats = (lacuna.type(got) == "Tensor" and got or got.feats):cpu()
  assert.equal("float16", feats:dtype())
  local off = (feats:float() - f:read(at .. "/feats")):abs() / f:attr(at, "max_abs")
  assert.is_true(off:mean():item() <= 5e-3, name .. " on average")
  local far = off:gt(3e-2):long():sum():item()
  assert.is_true(tonumber(far) <= 1e-3 * off:numel(), name .. ": elements that are far off")
end

--- Fails unless `bev` is the bird's-eye view: chosen cells, how many are not 0, and their sum.
function Vectors:check_bev(bev)
  local f, at = self.file, "/outputs/bev"
  assert.are.same(f:attr(at, "shape"), bev:size())
  local flat = bev:cpu():reshape(-1)
  local want = f:read(at .. "/value")
  local largest = want:abs():max():item()
  support.close(flat:index_select(1, f:read(at .. "/index"):long()), want, 1e-4 * largest, "bev")
  assert.equal(f:attr(at, "nonzero"), tonumber(flat:ne(0):long():sum():item()))
  local sum = f:attr(at, "sum")
  assert.near(sum, flat:to("float64"):sum():item(), 1e-5 * math.abs(sum))
end

--- Multiply-accumulates that fn does, as the counters have them.
function model_vectors.macs(fn)
  local counters = ffi.new("lac_counters")
  native.C.lac_context_counters(native.ctx, counters)
  local before = tonumber(counters.macs)
  require("lacuna.values").force(fn())
  native.C.lac_context_counters(native.ctx, counters)
  return tonumber(counters.macs) - before
end

return model_vectors
