-- profile.lua [SCAN.bin]: where the time of a network goes: by run, by layer, by what a layer does.

local lacuna = require "lacuna"

local points
if arg[1] then
  points = lacuna.io.read_points(arg[1], { columns = 4 })
else
  points = lacuna.io.synthetic_scan { beams = 16, azimuths = 256, seed = 3 }
end
local net = lacuna.models.minkunet { num_classes = 19, cr = 0.5 }
local grid = { voxel_size = 0.05, rounding = "round", origin = "min" }
local x = lacuna.quantize(points, grid)
print(x)

-- Kernel maps are kept with the coordinates. Fresh coordinates each time measure them too; the same
-- ones, as for a second network on one scan, do not.
local function fresh() return net((lacuna.quantize(points, grid))) end
print("points to logits:", lacuna.time(fresh, { n = 3 }))
print("maps there already:", lacuna.time(function() return net(x) end, { n = 3 }))

-- A row for each layer: list = lacuna.profile(f); print(list) shows all of it as a table.
local rows = lacuna.profile(fresh)
table.sort(rows, function(a, b) return a.ms > b.ms end)
print(string.format("\n%d layers take %.0f %% of the run; the slowest of them:", #rows,
  100 * rows.layer_ms / rows.total_ms))
for i = 1, 5 do
  local row = rows[i]
  print(string.format("%-18s %-13s %9s voxels %7.1f MMAC %7.2f ms %6.1f GFLOP/s", row.path,
    row.dataflow, row.voxels, row.macs / 1e6, row.ms, row.gflops))
end

-- Per kind of layer.
local by_class, order = {}, {}
for _, row in ipairs(rows) do
  if not by_class[row.class] then
    by_class[row.class] = { n = 0, ms = 0, map_ms = 0 }
    order[#order + 1] = row.class
  end
  local sum = by_class[row.class]
  sum.n, sum.ms, sum.map_ms = sum.n + 1, sum.ms + row.ms, sum.map_ms + row.map_ms
end
table.sort(order)
print()
for _, name in ipairs(order) do
  local sum = by_class[name]
  print(string.format("%-8s %3d layers %8.1f ms, of which maps %6.1f ms", name, sum.n, sum.ms,
    sum.map_ms))
end

-- Memory: what is held now, and the most that was.
local memory = lacuna.memory()
print(string.format("\nmemory: %.1f MB in use, %.1f MB at most", memory.live / 1e6,
  memory.peak / 1e6))
