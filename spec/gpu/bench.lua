-- bench.lua: networks on a GPU, timed from voxels to results with their kernel maps, each number
-- beside its bar; then the convolutions of MinkUNet beside what they should take (roofline.lua).
--
-- Run by bench.sh. BANDWIDTH=FILE: what bandwidth.cu printed. QUICK=1: networks and scans so small
-- that the emulator is done soon; its times mean nothing.
--
-- p50 and p99 are over runs on voxels that nothing was derived from; `maps` is what these take more
-- than runs on voxels whose maps are there. `quantize` is from points on the device to voxels.

local lacuna = require "lacuna"
local layer_table = require "spec.gpu.layer_table"
local modes = require "lacuna.modes"
local native = require "lacuna.native"
local networks = require "spec.gpu.networks"
local roofline = require "spec.gpu.roofline"
local shape = require "lacuna.shape"
local statistics = require "lacuna.bench.statistics"
local values = require "lacuna.values"

local C, ctx = native.C, native.ctx
local clock = C.lac_clock

local quick = os.getenv "QUICK" == "1"
local WARM_UP, REPEATS = quick and 0 or 5, quick and 2 or 30
local MAP_REPEATS = quick and 1 or 10
local COMPARED = quick and 2 or 4 -- results whose bits are compared
local MOST_SECONDS = 12 -- of a row: then fewer repeats
local DTYPES = { "float16", "bfloat16", "float32" }

-- ms from `fn` alone, everything before it done.
local function timed(fn)
  native.call(C.lac_synchronize, ctx)
  local start = clock()
  local result = values.finish(fn())
  return (clock() - start) * 1e3, result
end

local function run_fresh(row, net, make, i)
  collectgarbage()
  local quantize_ms, x = timed(make)
  lacuna.reset_peak_memory()
  local ms, result = timed(function() return net(x) end)
  row.voxels = x:size(1)
  if i < 1 then return x end
  row.ms[i], row.quantize[i] = ms, quantize_ms
  row.peak = math.max(row.peak, lacuna.memory("cuda").peak)
  if i <= COMPARED then
    local bits = networks.download(result)
    row.equal = row.equal and networks.same_bits(bits, row.first or bits)
    row.first = row.first or bits
  end
  return x
end

local function run_with_maps(row, net, x)
  values.finish(net(x))
  for i = 1, MAP_REPEATS do
    collectgarbage()
    row.known[i] = timed(function() return net(x) end)
  end
end

local function measure(row, net, make)
  row.ms, row.quantize, row.known, row.peak, row.equal = {}, {}, {}, 0, true
  local started, x = clock(), nil
  for i = 1 - WARM_UP, REPEATS do
    x = run_fresh(row, net, make, i)
    if i >= COMPARED and clock() - started > MOST_SECONDS then break end
  end
  run_with_maps(row, net, x)
  row.p50, row.p99 = statistics.quantile(row.ms, 0.5), statistics.quantile(row.ms, 0.99)
  row.maps = math.max(row.p50 - statistics.median(row.known), 0)
end

local line = "%-34s %-8s %9s | %8s %8s %8s %8s %9s %-9s %s"
local failed = 0

local function print_head(title)
  print("\n" .. title)
  print(line:format("", "dtype", "voxels", "p50 ms", "p99 ms", "maps", "quantize", "peak MB",
    "bits", "bar"))
end

local function print_row(row)
  local bar = row.bar and ("<= %.1f ms"):format(row.bar)
    .. (row.p50 > row.bar and " missed" or " met") or ""
  print(line:format(row.title, row.dtype, shape.thousands(row.voxels), ("%.3f"):format(row.p50),
    ("%.3f"):format(row.p99), ("%.3f"):format(row.maps),
    ("%.3f"):format(statistics.median(row.quantize)), ("%.1f"):format(row.peak / 1e6),
    row.equal and "equal" or "DIFFERENT", bar))
  if not row.equal then failed = failed + 1 end
end

-- One row; make(dtype) gives the network and what makes its input; flags hold while it runs.
local function bench(title, dtype, make, bar, flags)
  local row = { title = title, dtype = dtype, bar = not quick and bar or nil }
  local ok, message = pcall(modes.with, flags or {}, function()
    local net, input = make(dtype)
    measure(row, net, input)
  end)
  if ok then
    print_row(row)
  else
    failed = failed + 1
    print(("%-34s %-8s failed: %s"):format(title, dtype, tostring(message):match "[^\n]*"))
  end
  io.stdout:flush()
  lacuna.empty_cache()
end

local SCALE = quick and 0.125 or 1 -- of channels

local function all_networks()
  print_head "networks, kernel maps included (float32: TF32 where tensor cores are)"
  local function minkunet(cr)
    return function(dtype) return networks.minkunet(cr * SCALE, dtype, quick) end
  end
  local function spconv(voxels)
    return function(dtype) return networks.spconv(dtype, voxels, quick) end
  end
  local function centerpoint(dtype) return networks.centerpoint(dtype, quick) end
  for i, dtype in ipairs(DTYPES) do
    bench("MinkUNet 1.0x", dtype, minkunet(1), i == 1 and 3.5 or nil)
  end
  if not quick then
    for _, dtype in ipairs(DTYPES) do bench("MinkUNet 0.5x", dtype, minkunet(0.5)) end
  end
  for i, dtype in ipairs(quick and { "float16" } or DTYPES) do
    bench("CenterPoint", dtype, centerpoint)
    bench("SpConv's network, 125k", dtype, spconv(125000), i == 1 and 2 or nil)
    if not quick then bench("SpConv's network, 914k", dtype, spconv(914000)) end
  end
end

local function all_modes()
  print_head "MinkUNet 1.0x: how rows are taken; every operation at once"
  local function make(dtype) return networks.minkunet(SCALE, dtype, quick) end
  for mode, title in ipairs { "conv_mode 0: as they stand", "conv_mode 1: sorted",
    "conv_mode 2: sorted in 3 parts" } do
    bench(title, "float16", make, nil, { conv_mode = mode - 1 })
  end
  bench("eager", "float16", make, nil, { eager = true })
end

local function all_batches()
  print_head "MinkUNet 1.0x, batches of scans (rows are indexed anew in each run)"
  for _, count in ipairs(quick and { 1, 2 } or { 1, 2, 4, 8 }) do
    bench("batch " .. count, "float16", function(dtype)
      return networks.minkunet_batch(SCALE, dtype, count, quick)
    end)
  end
end

if not lacuna.cuda.is_available() then error("bench: " .. lacuna.cuda.why_not(), 0) end
local device = lacuna.cuda.describe()
print(("%s, compute capability %d, %d multiprocessors, %.0f GB; driver %s, runtime %s"):format(
  device.name, device.capability, device.multiprocessors, device.memory / 1e9,
  tostring(device.driver), tostring(device.runtime)))
roofline.device.multiprocessors = device.multiprocessors
local measured = roofline.read_rates(os.getenv "BANDWIDTH")

lacuna.set_allow_tf32(true)
all_networks()
all_modes()
all_batches()
local ok, message = pcall(layer_table.print, SCALE, measured, quick)
if not ok then
  failed = failed + 1
  print("layers failed: " .. tostring(message))
end
print ""
if failed > 0 then
  print(("bench-gpu: %d rows failed"):format(failed))
  os.exit(1)
end
print "bench-gpu: done"
