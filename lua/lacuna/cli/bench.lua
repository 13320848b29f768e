-- bench.lua: `lacuna bench`: a model's time beside the matrix product of the same machine.
--
-- Kernel maps belong to what is timed: each repeat starts from points, so that every map is built
-- again. The sgemm rate is measured between the repeats, not before or after them, so that both see
-- the same clock frequency and the same neighbours.

local ffi = require "ffi"
local common = require "lacuna.cli.common"

local bench = {}

local SGEMM_SIZE = 768

local function parser()
  local p = common.parser("bench", "Times a model on a scan, kernel maps included, beside "
    .. "OpenBLAS's sgemm measured in the same run.")
  common.model_options(p)
  p:option("--input", "scan to run on (default: a synthetic one)")
  p:option("--mode", "conv_mode: 0, 1 or 2"):convert(common.integer(0))
  p:option("--repeat", "timed runs"):target("repeats"):convert(common.integer(1)):default "5"
  p:option("--warmup", "runs before them"):convert(common.integer(0)):default "1"
  p:flag("--layers", "a row for each convolution and linear layer")
  p:flag("--json", "one JSON object")
  return p
end

--- The value at `fraction` of sorted numbers, interpolated.
local function quantile(numbers, fraction)
  local sorted = {}
  for i, v in ipairs(numbers) do sorted[i] = v end
  table.sort(sorted)
  local position = 1 + (#sorted - 1) * fraction
  local low = math.floor(position)
  local high = math.min(low + 1, #sorted)
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low)
end

-- The best rate of a few calls of sgemm, or nil where no OpenBLAS is.
local function sgemm_rate()
  local native = require "lacuna.native"
  local out = ffi.new("double[1]")
  local status = native.C.lac_bench_sgemm(native.ctx, SGEMM_SIZE, 5, out)
  if status == native.C.LAC_ERR_UNSUPPORTED then return nil end
  if status ~= native.C.LAC_OK then -- LAC_AGAIN among others, which native.call knows to handle
    native.call(native.C.lac_bench_sgemm, native.ctx, SGEMM_SIZE, 5, out)
  end
  return out[0]
end

-- One run on voxels that no map was built for yet. Returns ms, ms of maps, GMAC, voxels.
local function run_once(net, points, options)
  local values = require "lacuna.values"
  local x = require("lacuna.cli.scan").quantize(points, net, options)
  local before, started = common.counters(), common.clock()
  values.force(net(x))
  local ms = (common.clock() - started) * 1e3
  local after = common.counters()
  local map_ms = (after.map_seconds - before.map_seconds) * 1e3
  local gmacs = (after.macs - before.macs) / 1e9
  return ms, map_ms, gmacs, x:size(1)
end

local function measure(lacuna, net, points, options)
  local times, maps, rates = {}, {}, {}
  local gmacs, voxels
  local bar = lacuna.progress(options.warmup + options.repeats)
  for _ = 1, options.warmup do
    run_once(net, points, options)
    sgemm_rate()
    bar:step()
  end
  lacuna.reset_peak_memory()
  for i = 1, options.repeats do
    times[i], maps[i], gmacs, voxels = run_once(net, points, options)
    rates[#rates + 1] = sgemm_rate()
    bar:step()
  end
  bar:finish()
  local ms = quantile(times, 0.5)
  local sgemm = #rates > 0 and quantile(rates, 0.5) or nil
  local gflops = 2 * gmacs / (ms / 1e3)
  return {
    voxels = voxels, gmacs = gmacs, ms = ms, ms_p10 = quantile(times, 0.1),
    ms_p90 = quantile(times, 0.9), gflops = gflops, sgemm_gflops = sgemm,
    share = sgemm and gflops / sgemm, map_ms = quantile(maps, 0.5),
    peak_bytes = tonumber(lacuna.memory().peak),
  }
end

local function print_result(result, parameters)
  print(string.format("%s, %s, %s, %d threads, %s voxels", result.model, result.device,
    result.dtype, result.threads, common.thousands(result.voxels)))
  print(string.format("  %.1f ms (p10 %.1f, p90 %.1f), of it kernel maps %.1f ms", result.ms,
    result.ms_p10, result.ms_p90, result.map_ms))
  print(string.format("  %.2f GMAC, %.1f GFLOP/s, %s parameters", result.gmacs, result.gflops,
    common.thousands(parameters)))
  if result.sgemm_gflops then
    print(string.format("  sgemm %d in the same run: %.1f GFLOP/s; share %.1f %%", SGEMM_SIZE,
      result.sgemm_gflops, result.share * 100))
  else
    print("  sgemm: no OpenBLAS on this machine")
  end
  print(string.format("  peak memory %s", common.bytes(result.peak_bytes)))
end

function bench.main(args)
  local options = common.parse(parser(), args)
  if not options then return 2 end
  if options.input then common.check_readable(options.input) end
  local lacuna = require "lacuna"
  if not options.model and not options.weights then options.model = "minkunet" end
  local net, _, name = require("lacuna.cli.model").load(options)
  if options.mode then lacuna.nn.functional.set_conv_mode(options.mode) end
  local points
  if options.input then
    points = require("lacuna.cli.scan").read(options.input, net, options)
  else
    points = lacuna.io.synthetic_scan { beams = 64, azimuths = 2048, seed = 0 }
  end

  local result = measure(lacuna, net, points, options)
  result.model, result.device, result.dtype = name, options.device, options.dtype
  result.threads = tonumber(lacuna.get_num_threads())
  if options.layers then
    result.layers = require("lacuna.cli.layers").measure(lacuna, net, points, options,
      result.sgemm_gflops)
  end
  if options.json then
    local cjson = require "cjson"
    if not result.sgemm_gflops then result.sgemm_gflops, result.share = cjson.null, cjson.null end
    print(cjson.encode(result))
  else
    print_result(result, net:num_parameters())
    if result.layers then require("lacuna.cli.layers").print(result.layers) end
  end
  return 0
end

return bench
