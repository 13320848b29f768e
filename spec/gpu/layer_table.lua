-- layer_table.lua: the convolutions of MinkUNet 1.0x in float16, one by one, beside the roofline.

local lacuna = require "lacuna"
local layers = require "spec.gpu.layers"
local networks = require "spec.gpu.networks"
local roofline = require "spec.gpu.roofline"
local statistics = require "lacuna.bench.statistics"
local tiles = require "spec.gpu.tiles"

local layer_table = {}

local DTYPE, WIDTH = "float16", 2

-- Medians of the profile's ms by path, without what kernel maps took.
local function profiled(net, make, count)
  local lists, found = {}, {}
  for _ = 1, count do
    local x = make()
    for _, row in ipairs(lacuna.profile(function() return net(x) end)) do
      lists[row.path] = lists[row.path] or {}
      table.insert(lists[row.path], row.ms - row.map_ms)
    end
  end
  for path, list in pairs(lists) do found[path] = statistics.median(list) end
  return found
end

local line = "%-22s %10s %-5s %7s %8s | %8s %8s | %8s %8s %8s | %8s"

local function add_row(sums, r, profile, quick)
  local cells = {}
  for flow = 0, 1 do
    local own = r.map and flow or 0
    cells[2 * flow + 1] = layers.time(r, layers.config(own), quick and 1 or 10, quick and 1 or 3)
    cells[2 * flow + 2] = roofline.best(r, r.masks, own, tiles[DTYPE], WIDTH)
  end
  for i = 1, 4 do sums[i] = sums[i] + cells[i] end
  sums.macs = sums.macs + r.pairs * r.cin * r.cout
  local ms = profile[r.path]
  sums.profile = sums.profile + (ms or 0)
  print(line:format(r.path, r.cin .. "->" .. r.cout, r.kernel, r.rows, r.pairs,
    ("%.4f"):format(cells[1]), ("%.4f"):format(cells[2]), ("%.4f"):format(cells[3]),
    ("%.4f"):format(cells[4]), ("%.1f"):format(2 * r.pairs * r.cin * r.cout / cells[3] / 1e9),
    ms and ("%.4f"):format(ms) or "-"))
end

--- Prints the table.
---@param scale number  of the channels
---@param measured boolean  whether the roofline's rates are those of this device
function layer_table.print(scale, measured, quick)
  local d = roofline.device
  local net, make = networks.minkunet(scale, DTYPE, quick)
  local profile = profiled(net, make, quick and 1 or 3)
  local list, known = layers.of(net, make()), {}
  print(("\nconvolutions of MinkUNet 1.0x, float16, ms each when queued one behind the other, and "
    .. "by the roofline of\n%g TFLOP/s, %g GB/s of cache and %g GB/s of memory (%s), %g us a "
    .. "kernel, the best tile"):format(d.tflops, d.cache, d.memory,
    measured and "as measured here" or "assumed", d.kernel_us))
  print(line:format("layer", "channels", "size", "rows", "pairs", "unsorted", "roofline", "sorted",
    "roofline", "TFLOP/s", "profile"))
  local sums = { 0, 0, 0, 0, macs = 0, profile = 0 }
  for _, r in ipairs(list) do
    r.masks = roofline.masks(r, known)
    add_row(sums, r, profile, quick)
  end
  print(line:format(#list .. " layers", "", "", "", "", ("%.3f"):format(sums[1]),
    ("%.3f"):format(sums[2]), ("%.3f"):format(sums[3]), ("%.3f"):format(sums[4]),
    ("%.1f"):format(2 * sums.macs / sums[3] / 1e9), ("%.3f"):format(sums.profile)))
  print("TFLOP/s: multiply-adds of pairs that are there, sorted. profile: lacuna.profile, each "
    .. "waited\nfor by itself, with its map where it is the first on it.")
end

return layer_table
