-- networks.lua: the networks that bench.lua and sweep.lua run on a GPU, with their scans.
--
-- Each function gives the network in a dtype and a function that makes its input: points lie on the
-- device and are made voxels there, anew at every call, so that nothing is derived from them yet.
-- `quick`: a scan of a few voxels.

local ffi = require "ffi"
local lacuna = require "lacuna"
local scan = require "lacuna.cli.scan"

local networks = {}

local function synthetic(seed, quick)
  return (lacuna.io.synthetic_scan {
    beams = quick and 6 or 64, azimuths = quick and 24 or 2048, seed = seed,
  })
end

local streets = {}

-- Scans side by side, so that they share few voxels, in `columns` columns.
local function street(count, columns, quick)
  local key = count .. " " .. columns
  if streets[key] then return streets[key] end
  local list = {}
  for i = 0, count - 1 do
    local shift = lacuna.tensor({ { (i % 5 - 2) * 13, (math.floor(i / 5) - 1) * 20, i % 3 * 1.1 } },
      { dtype = "float32" })
    list[i + 1] = synthetic(i, quick):narrow(2, 1, 3):contiguous() + shift
  end
  local points = lacuna.cat(list, 1)
  if columns > 3 then
    points = lacuna.cat({ points, lacuna.zeros(points:size(1), columns - 3) }, 2)
  end
  streets[key] = points
  return points
end

local function ready(net, dtype)
  return net:clone():to(dtype):cuda():eval()
end

-- Voxels by the network's own description of its input.
local function quantizer(points, net, dtype, voxel_size)
  local there = points:cuda()
  return function()
    return (scan.quantize(there, net, { dtype = dtype, device = "cuda", voxel_size = voxel_size }))
  end
end

local made = {} -- networks in float32, by name: all dtypes have the same weights

local function build(name, make)
  if not made[name] then
    lacuna.manual_seed(0)
    made[name] = make()
  end
  return made[name]
end

function networks.minkunet(cr, dtype, quick)
  local net = build("minkunet " .. cr, function() return lacuna.models.minkunet { cr = cr } end)
  return ready(net, dtype), quantizer(synthetic(0, quick), net, dtype, quick and 2 or nil)
end

--- MinkUNet on a batch of scans. The rows are joined once; each call makes a new set of them.
function networks.minkunet_batch(cr, dtype, count, quick)
  local net = build("minkunet " .. cr, function() return lacuna.models.minkunet { cr = cr } end)
  local samples = {}
  for i = 1, count do
    samples[i] = quantizer(synthetic(i - 1, quick), net, dtype, quick and 2 or nil)()
  end
  local all = lacuna.sparse_collate(samples)
  local feats, rows = all.feats, all.coords:tensor()
  return ready(net, dtype), function()
    return lacuna.SparseTensor { feats = feats, coords = rows, batch_size = count }
  end
end

local CENTERPOINT_VOXELS = 105086 -- ten sweeps of nuScenes

function networks.centerpoint(dtype, quick)
  local net = build("centerpoint", function() return lacuna.models.centerpoint {} end)
  net.input.max_voxels = quick and 60 or CENTERPOINT_VOXELS
  return ready(net, dtype), quantizer(street(quick and 1 or 3, 5, quick), net, dtype)
end

-- The points of SpConv's benchmark, float32 x y z, where they are: SCANS names their folder.
local function measured(name)
  local folder = os.getenv "SCANS"
  local file = folder and io.open(folder .. "/" .. name, "rb")
  if not file then return nil end
  file:close()
  return (lacuna.io.read_points(folder .. "/" .. name, { columns = 3 }))
end

--- SpConv's benchmark network: on `voxels` voxels of a made-up street, or of the measured cloud.
function networks.spconv(dtype, voxels, quick)
  local net = build("spconv", function() return require("lacuna.bench.spconv_network")() end)
  local points = voxels < 200000 and measured "spconv_benchmark-pc_xyz.bin"
  if not points then points = street(quick and 1 or math.ceil(voxels / 60000), 3, quick) end
  net.input.max_voxels = quick and 40 or voxels
  return ready(net, dtype), quantizer(points, net, dtype)
end

ffi.cdef "int memcmp(const void *a, const void *b, size_t bytes);"

local function tensors_of(value, found)
  local T, sparse = require "lacuna.tensor", require "lacuna.sparse"
  if sparse.is(value) then value = value.feats end
  if T.is(value) then
    found[#found + 1] = value
  elseif type(value) == "table" then
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do tensors_of(value[key], found) end
  end
  return found
end

--- The tensors of a result in the CPU's memory.
function networks.download(result)
  local found = tensors_of(result, {})
  for i, t in ipairs(found) do found[i] = t:cpu():contiguous() end
  return found
end

--- Whether two downloads hold the same bits.
function networks.same_bits(a, b)
  local native = require "lacuna.native"
  local T = require "lacuna.tensor"
  if #a ~= #b then return false end
  for i, t in ipairs(a) do
    local bytes = tonumber(native.C.lac_dtype_size(T.dtype_code(t:dtype())))
    for d = 1, t:dim() do bytes = bytes * t:size(d) end
    if t:dtype() ~= b[i]:dtype() or ffi.C.memcmp(t:data(), b[i]:data(), bytes) ~= 0 then
      return false
    end
  end
  return true
end

return networks
