-- encode.lua: `lacuna encode`: the bird's-eye view of features that a detection encoder makes.

local common = require "lacuna.cli.common"

local encode = {}

local PIXELS = 512 -- the least of the longer side of a picture

local function parser()
  local p = common.parser("encode", "Turns scans into bird's-eye views of features: per scan "
    .. "NAME.h5 with the dataset /bev [1, channels, height, width] and, as its attributes, how it "
    .. "was made.")
  p:argument("scan", ".bin, .pcd or .ply"):args "+"
  common.model_options(p, true)
  require("lacuna.cli.tuning").options(p)
  p:option("-o --output", "folder for the results; made if missing"):count(1)
  p:flag("--image", "NAME.png too: the view in grey, x up and y left")
  p:option("--image-of", "which value of a cell's channels it shows")
    :choices { "max", "mean" }:default "max"
  p:flag("--strict", "a point with NaN or infinity is an error (default: dropped and counted)")
  return p
end

local function check_encoder(net, name)
  local input = require("lacuna.cli.facts").of(net, "input")
  if input and input.order and input.range then return end
  common.fail("%s: %s, expected a detection encoder such as second", name,
    input and input.order and "nothing says where its grid lies (input.range)"
      or "the model takes no grid of voxels")
end

-- 0, 1, ... each `times` times, of `count`; from the other end.
local function backwards(lacuna, count, times)
  local from = {}
  for i = 0, count * times - 1 do from[i + 1] = count - 1 - math.floor(i / times) end
  return lacuna.tensor(from, { dtype = "int64" })
end

-- uint8 [H,W] of a view [1,C,H,W]: the largest or mean channel of each cell, brightest at 255; as
-- square roots, so that weak cells are seen too.
local function picture(lacuna, bev, net, of)
  local cells = bev:select(1, 1):float()
  cells = of == "mean" and cells:mean(1) or cells:max(1)
  if net.input.order == "zyx" then cells = cells:t() end -- now x, y
  cells = cells:contiguous():clamp(0, math.huge):sqrt()
  local top = cells:max():item()
  if top > 0 then cells = cells * (255 / top) end
  local times = math.ceil(PIXELS / math.max(cells:size(1), cells:size(2)))
  cells = cells:index_select(1, backwards(lacuna, cells:size(1), times))
  return cells:index_select(2, backwards(lacuna, cells:size(2), times)):round():to("uint8")
end

-- Everything that is computed for one scan; nothing is written.
local function encode_scan(lacuna, net, path, options)
  local scan = require "lacuna.cli.scan"
  local clock, before = common.clock, common.counters()
  lacuna.reset_peak_memory()
  local t0 = clock()
  local points, about = scan.read(path, net, options)
  local t1 = clock()
  local x, _, left_out = common.on_file(path, scan.voxelize, points, net, options)
  if x:size(1) == 0 then common.fail("%s: no point left: all are invalid or out of range", path) end
  local t2 = clock()
  local bev = common.on_file(path, net, x)
  if lacuna.type(bev) ~= "Tensor" or bev:dim() ~= 4 then
    common.fail("%s: the model gives a %s, expected a view [batch, channels, height, width]", path,
      lacuna.type(bev))
  end
  bev = bev:cpu()
  require("lacuna.values").force(bev)
  local t3 = clock()
  local after = common.counters()
  return {
    points = points, about = about, bev = bev, voxels = x:size(1), left_out = left_out,
    layers = tonumber(after.convs - before.convs),
    gmacs = (after.macs - before.macs) / 1e9,
    map_ms = (after.map_seconds - before.map_seconds) * 1e3,
    read_ms = (t1 - t0) * 1e3, voxel_ms = (t2 - t1) * 1e3, net_ms = (t3 - t2) * 1e3,
    peak = lacuna.memory(options.device).peak,
  }
end

local function write_bev(lacuna, path, result, net, about)
  local f = lacuna.hdf5.open(path, "w")
  f:write("/bev", result.bev, { compress = 1 }) -- most cells are 0
  for _, name in ipairs { "model", "weights", "scan" } do f:attr("/bev", name, about[name]) end
  f:attr("/bev", "axes", net.input.order == "zyx" and "batch channel y x" or "batch channel x y")
  f:attr("/bev", "voxel_size", net.input.voxel_size)
  f:attr("/bev", "range", net.input.range)
  f:attr("/bev", "voxels", result.voxels)
  f:close()
end

-- Writes the files, or none.
local function write_results(lacuna, stem, result, net, about, options)
  local steps = {
    { stem .. ".h5", function(path) write_bev(lacuna, path, result, net, about) end },
  }
  if options.image then
    steps[2] = { stem .. ".png", function(path)
      lacuna.io.write_png(path, picture(lacuna, result.bev, net, options.image_of))
    end }
  end
  require("lacuna.cli.together").write(steps)
end

local function print_result(path, result, stem, write_ms, options)
  local left_out, size = result.left_out, result.bev:size()
  print(string.format("%s: %s points, %s", path, common.thousands(result.points:size(1)),
    result.about))
  if left_out.invalid > 0 then
    print(string.format("  %s points dropped (NaN or infinite)",
      common.thousands(left_out.invalid)))
  end
  print(string.format("  %s points out of range, %s more than a voxel or the scan may hold",
    common.thousands(left_out.outside), common.thousands(left_out.dropped)))
  print(string.format("  %s voxels, %d conv layers, %.1f GMAC, %.1f GFLOP/s, view %d x %d x %d",
    common.thousands(result.voxels), result.layers, result.gmacs,
    2 * result.gmacs / (result.net_ms / 1e3), size[2], size[3], size[4]))
  print(string.format("  read %.1f ms, voxelize %.1f ms, network %.1f ms (of it kernel maps "
    .. "%.1f ms), write %.1f ms", result.read_ms, result.voxel_ms, result.net_ms, result.map_ms,
    write_ms))
  print(string.format("  peak memory %s", common.bytes(result.peak)))
  print(string.format("  wrote %s.h5%s", stem, options.image and ", .png" or ""))
end

function encode.main(args)
  local p = parser()
  local options = common.parse(p, args)
  if not options then return 2 end

  -- What can be known to fail is found before the model is built and before anything is written.
  for _, path in ipairs(options.scan) do common.check_readable(path) end
  local folder = require "lacuna.cli.folder"
  local names = folder.names(options.scan)
  folder.check(options.output)

  local lacuna = require "lacuna"
  local net, weights, name = require("lacuna.cli.model").load(options)
  require("lacuna.cli.tuning").apply(options)
  check_encoder(net, name)
  print(string.format("%s: %s", name, weights))

  for i, path in ipairs(options.scan) do
    common.status("%d/%d %s", i, #options.scan, path)
    local result = encode_scan(lacuna, net, path, options)
    local started = common.clock()
    folder.make(options.output)
    local stem = options.output .. "/" .. names[i]
    write_results(lacuna, stem, result, net, { model = name, weights = weights, scan = path },
      options)
    common.status("")
    print_result(path, result, stem, (common.clock() - started) * 1e3, options)
  end
  return 0
end

return encode
