-- set.lua: the models of the standard set, and the scans they run on.

local common = require "lacuna.cli.common"

local set = {}

-- The models, and for each the scan it is meant for in the folder of --scans.
set.models = {
  { title = "MinkUNet 1.0x", model = "minkunet", config = { cr = 1.0 },
    scan = "semantickitti_08_000000.bin", columns = 4, bar = 0.95, main = true },
  { title = "MinkUNet 0.5x", model = "minkunet", config = { cr = 0.5 },
    scan = "semantickitti_08_000000.bin", columns = 4, bar = 0.85 },
  { title = "SPVCNN", model = "spvcnn", config = {}, scan = "semantickitti_08_000000.bin",
    columns = 4 },
  { title = "SECOND", model = "second", config = {}, scan = "kitti_000008.bin", columns = 4,
    bar = 0.60 },
  { title = "CenterPoint, 10 sweeps", model = "centerpoint", config = {},
    scan = "nuscenes_10sweeps_fp16.bin", columns = 5, point_dtype = "float16", bar = 0.80 },
  { title = "SpConv's benchmark network", scan = "spconv_benchmark-pc_xyz.bin", columns = 3 },
}

--- The files that --scans holds.
function set.scan_names()
  local names, seen = {}, {}
  for _, spec in ipairs(set.models) do
    if not seen[spec.scan] then names[#names + 1] = spec.scan end
    seen[spec.scan] = true
  end
  return names
end

--- The models that --model names, or all of them.
function set.selected(options)
  local found = {}
  for _, spec in ipairs(set.models) do
    if not options.model or spec.model == options.model then found[#found + 1] = spec end
  end
  if #found == 0 then common.fail("--model %s: not in the standard set", options.model) end
  return found
end

--- The network, points and scan of a model; a synthetic scan where there is no folder.
---@param options table  scans: a folder, or nil; quick: a small synthetic scan
function set.load(spec, options)
  local lacuna = require "lacuna"
  lacuna.manual_seed(0)
  local net
  if spec.model then
    net = lacuna.models[spec.model](spec.config)
  else
    net = require("lacuna.bench.spconv_network")()
  end
  local path = options.scans and options.scans .. "/" .. spec.scan
  if path then common.check_readable(path) end
  local points = require("lacuna.bench.input").points(net, {
    input = path, columns = spec.columns, point_dtype = spec.point_dtype,
    azimuths = options.quick and 48 or nil,
  })
  return net, points, path
end

--- Variants for runs.measure: each dtype on each number of threads.
function set.variants(net, points, dtypes, threads)
  local scan, found, nets = require "lacuna.cli.scan", {}, { float32 = net }
  for _, count in ipairs(threads) do
    for _, dtype in ipairs(dtypes) do
      nets[dtype] = nets[dtype] or net:clone():to(dtype)
      found[#found + 1] = {
        dtype = dtype, threads = count, net = nets[dtype],
        quantize = function() return (scan.quantize(points, net, { dtype = dtype })) end,
      }
    end
  end
  return found
end

return set
