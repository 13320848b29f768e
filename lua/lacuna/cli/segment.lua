-- segment.lua: `lacuna segment`: a class for every point of scans.

local common = require "lacuna.cli.common"

local segment = {}

local PIXELS = 1024 -- of the bird's-eye view

local function parser()
  local p = common.parser("segment", "Labels every point of scans: per scan NAME.label (raw label "
    .. "ids of the model's class table), NAME.ply (coloured) and NAME.png (seen from above).")
  p:argument("scan", ".bin, .pcd or .ply"):args "+"
  common.model_options(p)
  require("lacuna.cli.tuning").options(p)
  p:option("-o --output", "folder for the results; made if missing"):count(1)
  p:option("--labels", "true labels, once a scan, in the same order: prints IoU"):count "*"
  p:flag("--strict", "a point with NaN or infinity is an error (default: dropped and counted)")
  return p
end

local function read_labels(lacuna, path, count)
  local labels = lacuna.io.read_labels(path)
  if labels:size(1) ~= count then
    common.fail("%s: %d labels, the scan has %d points", path, labels:size(1), count)
  end
  return labels
end

local function milliseconds(from, to)
  return (to - from) * 1e3
end

-- Everything that is computed for one scan; nothing is written.
local function label_scan(lacuna, net, path, options)
  local scan, palette = require "lacuna.cli.scan", require "lacuna.cli.palette"
  local clock, before = common.clock, common.counters()
  lacuna.reset_peak_memory()
  local t0 = clock()
  local points, about = scan.read(path, net, options)
  local t1 = clock()
  local x, inverse = common.on_file(path, scan.quantize, points, net, options)
  local voxels = x:size(1)
  if voxels == 0 then common.fail("%s: no point left: all are invalid or out of range", path) end
  local t2 = clock()
  local logits = common.on_file(path, net, x)
  if lacuna.type(logits) ~= "Tensor" or logits:dim() ~= 2 then
    common.fail("%s: the model gives a %s, expected logits [voxels, classes]", path,
      lacuna.type(logits))
  end
  local made = palette.new(net, logits:size(2))
  local classes = logits:argmax(2):cpu()
  classes:data() -- computes what is still pending
  local t3 = clock()
  local labels, colours = palette.paint(made, classes, inverse)
  local after = common.counters()
  local dropped = inverse:lt(0):sum():item()
  return {
    points = points, labels = labels, colours = colours, palette = made, about = about,
    voxels = voxels, dropped = tonumber(dropped),
    layers = tonumber(after.convs - before.convs),
    gmacs = (after.macs - before.macs) / 1e9,
    map_ms = (after.map_seconds - before.map_seconds) * 1e3,
    read_ms = milliseconds(t0, t1), voxel_ms = milliseconds(t1, t2), net_ms = milliseconds(t2, t3),
    peak = lacuna.memory(options.device).peak,
  }
end

-- Writes the three files, or none.
local function write_results(lacuna, folder, name, result)
  local stem = folder .. "/" .. name
  local image = lacuna.io.birds_eye(result.points, { colours = result.colours, pixels = PIXELS })
  require("lacuna.cli.together").write {
    { stem .. ".label", function(path) lacuna.io.write_labels(path, result.labels) end },
    { stem .. ".ply", function(path)
      lacuna.io.write_ply(path, result.points, { colours = result.colours, labels = result.labels })
    end },
    { stem .. ".png", function(path) lacuna.io.write_png(path, image) end },
  }
  return stem
end

local function print_result(path, result, stem, write_ms)
  local points = common.thousands(result.points:size(1))
  print(string.format("%s: %s points, %s", path, points, result.about))
  if result.dropped > 0 then
    print(string.format("  %s points dropped (NaN, infinite or out of range): label 0",
      common.thousands(result.dropped)))
  end
  print(string.format("  %s voxels, %d conv and linear layers, %.1f GMAC, %.1f GFLOP/s",
    common.thousands(result.voxels), result.layers, result.gmacs,
    2 * result.gmacs / (result.net_ms / 1e3)))
  print(string.format("  read %.1f ms, voxelize %.1f ms, network %.1f ms (of it kernel maps "
    .. "%.1f ms), write %.1f ms", result.read_ms, result.voxel_ms, result.net_ms, result.map_ms,
    write_ms))
  print(string.format("  peak memory %s", common.bytes(result.peak)))
  print(string.format("  wrote %s.label, .ply, .png", stem))
end

function segment.main(args)
  local p = parser()
  local options = common.parse(p, args)
  if not options then return 2 end
  local truths = options.labels
  if #truths > 0 and #truths ~= #options.scan then
    io.stderr:write(string.format("lacuna: %d --labels for %d scans: give one for each scan\n",
      #truths, #options.scan))
    return 2
  end

  -- What can be known to fail is found before the model is built and before anything is written.
  for _, path in ipairs(options.scan) do common.check_readable(path) end
  for _, path in ipairs(truths) do common.check_readable(path) end
  local folder = require "lacuna.cli.folder"
  local names = folder.names(options.scan)
  folder.check(options.output)

  local lacuna = require "lacuna"
  local net, weights, name = require("lacuna.cli.model").load(options)
  require("lacuna.cli.tuning").apply(options)
  print(string.format("%s: %s", name, weights))

  local iou
  for i, path in ipairs(options.scan) do
    common.status("%d/%d %s", i, #options.scan, path)
    local result = label_scan(lacuna, net, path, options)
    local truth = truths[i] and read_labels(lacuna, truths[i], result.points:size(1))
    local started = common.clock()
    folder.make(options.output)
    local stem = write_results(lacuna, options.output, names[i], result)
    common.status("")
    print_result(path, result, stem, milliseconds(started, common.clock()))
    if truth then
      iou = iou or require("lacuna.cli.iou").new(result.palette)
      iou:add(truth, result.labels)
    end
  end
  if iou then iou:print() end
  return 0
end

return segment
