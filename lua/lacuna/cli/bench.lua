-- bench.lua: `lacuna bench`: a model's time beside what the machine can do.

local common = require "lacuna.cli.common"

local bench = {}

local dtypes = { "float32", "float16", "bfloat16", float32 = true, float16 = true, bfloat16 = true }

local function parser()
  local p = common.parser("bench", "Times a model on a scan, kernel maps included, beside "
    .. "OpenBLAS's sgemm and the memory's bandwidth, measured in the same run. Several --dtype or "
    .. "--threads run in turn and are compared to the first. --standard runs the standard set "
    .. "against its bars.")
  common.model_options(p, false, true)
  p:option("--dtype", "of weights and features, or several: float32,bfloat16")
    :convert(common.list_of(nil, dtypes)):default "float32"
  p:option("--threads", "default: as many as the process may use; or several: 1,2")
    :convert(common.list_of(common.integer(1)))
  require("lacuna.cli.tuning").options(p)
  p:option("--input", "scan to run on (default: a synthetic one)")
  p:option("--mode", "conv_mode: 0, 1 or 2"):convert(common.integer(0))
  p:option("--kmap-mode", "how kernel maps are found")
    :choices { "hashmap", "hashmap_on_the_fly" }
  p:option("--repeat", "timed runs"):target("repeats"):convert(common.integer(1)):default "5"
  p:option("--warmup", "runs before them"):convert(common.integer(0)):default "1"
  p:flag("--layers", "a row for each convolution and linear layer")
  p:flag("--json", "one JSON object; of several runs with the rest in `runs`")
  p:option("--compare", "an earlier --json: prints the ratio of the times")
  p:flag("--standard", "the standard set: model after model, with ratios against their bars")
  p:flag("--modes", "the standard set under each conv_mode, kmap_mode and tuned: times over the "
    .. "default's")
  p:option("--scans", "with --standard or --modes: folder of the scans they are meant for: "
    .. table.concat(require("lacuna.bench.set").scan_names(), ", ") .. " (default: synthetic ones)")
  p:flag("--quick", "with --standard or --modes: small, to see that it runs")
  return p
end

local function print_run(result, parameters, first)
  print(string.format("%s, %s, %s, %d threads, %s voxels", result.model, result.device,
    result.dtype, result.threads, common.thousands(result.voxels)))
  print(string.format("  %.1f ms (p10 %.1f, p90 %.1f), of it kernel maps %.1f ms", result.ms,
    result.ms_p10, result.ms_p90, result.map_ms))
  print(string.format("  %.2f GMAC, %.1f GFLOP/s, %s parameters", result.gmacs, result.gflops,
    common.thousands(parameters)))
  if result.sgemm_gflops then
    print(string.format("  sgemm %d in the same run: %.1f GFLOP/s; share %.1f %%",
      require("lacuna.bench.machine").SGEMM_SIZE, result.sgemm_gflops, result.share * 100))
  elseif result.device == "cpu" then
    print("  sgemm: no OpenBLAS on this machine")
  end
  print(string.format("  %speak memory %s", result.bandwidth_gbs
    and ("memory bandwidth %.1f GB/s, "):format(result.bandwidth_gbs) or "",
    common.bytes(result.peak_bytes)))
  if result.ratio then
    print(string.format("  %.2f times as fast as %s on %d threads; relative RMS of the results "
      .. "%.1e", result.ratio, first.dtype, first.threads, result.rms))
  end
end

-- A variant for each dtype and number of threads, dtypes first.
local function make_variants(lacuna, net, points, options)
  local scan, found = require "lacuna.cli.scan", {}
  local nets = { float32 = net }
  for _, threads in ipairs(options.threads or { tonumber(lacuna.get_num_threads()) }) do
    for _, dtype in ipairs(options.dtype) do
      nets[dtype] = nets[dtype] or net:clone():to(dtype)
      local with = {
        voxel_size = options.voxel_size, dtype = dtype, device = options.device,
      }
      found[#found + 1] = {
        dtype = dtype, threads = threads, device = options.device, net = nets[dtype],
        quantize = function() return (scan.quantize(points, net, with)) end,
      }
    end
  end
  return found
end

-- A clone for another dtype is made from the float32 net, so that both have the same weights.
local function load(options)
  local with = {}
  for key, value in pairs(options) do with[key] = value end
  with.dtype, with.threads = "float32", nil
  return require("lacuna.cli.model").load(with)
end

local function run(options)
  local lacuna = require "lacuna"
  local before = options.compare and require("lacuna.cli.compare").read(options.compare)
  if not options.model and not options.weights then options.model = "minkunet" end
  local net, _, name = load(options)
  require("lacuna.cli.tuning").apply(options)
  if options.mode then lacuna.nn.functional.set_conv_mode(options.mode) end
  if options.kmap_mode then lacuna.nn.functional.set_kmap_mode(options.kmap_mode) end
  local points = require("lacuna.bench.input").points(net, options)
  local variants = make_variants(lacuna, net, points, options)
  local results = require("lacuna.bench.runs").measure(variants, options)
  for i, result in ipairs(results) do
    result.model, result.device = name, options.device
    if options.layers then
      lacuna.set_num_threads(result.threads)
      result.layers = require("lacuna.cli.layers").measure(variants[i].net, variants[i].quantize,
        math.min(options.repeats, 3), result.sgemm_gflops)
    end
  end
  local compared = before and require("lacuna.cli.compare").rows(results, before)
  return results, net:num_parameters(), compared
end

local function print_json(results, compared)
  local cjson = require "cjson"
  for _, result in ipairs(results) do
    if not result.sgemm_gflops then result.sgemm_gflops, result.share = cjson.null, cjson.null end
  end
  local whole = {}
  for key, value in pairs(results[1]) do whole[key] = value end
  if #results > 1 then whole.runs = results end
  whole.compare = compared
  print(common.json(whole, { "compare", "layers" }))
end

function bench.main(args)
  local options = common.parse(parser(), args)
  if not options then return 2 end
  if options.standard then return require("lacuna.bench.standard").main(options) end
  if options.modes then return require("lacuna.bench.mode_costs").main(options) end
  if options.input then common.check_readable(options.input) end
  local results, parameters, compared = run(options)
  if options.json then
    print_json(results, compared)
    return 0
  end
  for _, result in ipairs(results) do
    print_run(result, parameters, results[1])
    if result.layers then require("lacuna.cli.layers").print(result.layers) end
  end
  if compared then require("lacuna.cli.compare").print(options.compare, compared) end
  return 0
end

return bench
