-- sweep.lua: times every tile of the convolution kernels, with rows as they stand and sorted in 1,
-- 2 and 3 parts, on the layers of MinkUNet 1.0x, and writes the fastest as cuda/conv_table.h.
--
--   build/lacuna spec/gpu/sweep.lua          on a GPU, from the repository's root or a bundle's
--
-- The scan is synthetic and the maps are its real ones. TABLE=FILE: where the table goes (default:
-- conv_table.h in the folder of the build). QUICK=1: a few layers and tiles of a small network, to
-- see that it runs. Layers of less than 10 us are bounded by the time in which the host queues
-- them.

local lacuna = require "lacuna"
local layers = require "spec.gpu.layers"
local networks = require "spec.gpu.networks"
local roofline = require "spec.gpu.roofline"
local tiles = require "spec.gpu.tiles"

local quick = os.getenv "QUICK" == "1"
local FLOWS = quick and 1 or 3
local COUNT, ROUNDS = quick and 1 or 10, quick and 1 or 3
local dtypes = quick and { "float16" } or { "float16", "bfloat16", "float32" }
local kernels = { float16 = "F16", bfloat16 = "BF16", float32 = "TF32" }
local flow_names = { [0] = "as they stand", "sorted", "2 parts", "3 parts" }

local function tiles_of(dtype)
  if quick then return { tiles[dtype][1], tiles[dtype][3] } end
  return tiles[dtype]
end

-- The fastest tile in a flow: ms, its name, and ms of the backend's own choice.
local function try_flow(r, dtype, flow)
  local config = layers.config(flow)
  layers.set_tile(nil)
  local own = layers.time(r, config, COUNT, ROUNDS)
  local best
  for _, tile in ipairs(tiles_of(dtype)) do
    layers.set_tile(tiles.name(tile))
    local ms = layers.time(r, config, COUNT, ROUNDS)
    if not best or ms < best.ms then best = { ms = ms, tile = tile } end
  end
  layers.set_tile(nil)
  best.own = own
  return best
end

local function try_layer(r, dtype, known)
  r.flows = {}
  r.masks = roofline.masks(r, known)
  for flow = 0, r.map and FLOWS or 0 do
    r.flows[flow] = try_flow(r, dtype, flow)
    if not r.best or r.flows[flow].ms < r.flows[r.best].ms then r.best = flow end
  end
end

local line = "%-24s %11s %-6s %8s %8s | %-13s %-8s %8s %8s %8s %7s"

local function print_layer(r)
  local found = r.flows[r.best]
  print(line:format(r.path:sub(-22) .. (r.count > 1 and " x" .. r.count or ""),
    r.cin .. " -> " .. r.cout, r.kernel, r.rows, r.pairs, flow_names[r.best],
    tiles.name(found.tile), ("%.4f"):format(found.ms), ("%.4f"):format(found.own),
    ("%.1f"):format(2 * r.pairs * r.cin * r.cout / found.ms / 1e9),
    ("%.2f"):format(roofline.waste(r, r.masks, r.best, found.tile[1]))))
end

-- Sums over all layers of the network, for a dtype.
local function print_sums(list)
  for flow = 0, FLOWS do
    local best, own = 0, 0
    for _, r in ipairs(list) do
      local found = r.flows[flow] or r.flows[0]
      best, own = best + r.count * found.ms, own + r.count * found.own
    end
    print(("  rows %-13s: %.3f ms in the fastest tiles, %.3f ms in those chosen by themselves")
      :format(flow_names[flow], best, own))
  end
  local least = 0
  for _, r in ipairs(list) do least = least + r.count * r.flows[r.best].ms end
  print(("  the fastest of all for each layer: %.3f ms"):format(least))
end

local function sweep(dtype)
  local net, x = networks.minkunet(quick and 0.25 or 1, dtype, quick)
  local list, known = layers.distinct(layers.of(net, x())), {}
  while quick and #list > 3 do table.remove(list) end
  print(("\n%s: %d layers that differ"):format(kernels[dtype], #list))
  print(line:format("layer", "channels", "kernel", "rows", "pairs", "rows taken", "tile", "ms",
    "chosen", "TFLOP/s", "waste"))
  for _, r in ipairs(list) do
    try_layer(r, dtype, known)
    print_layer(r)
    io.stdout:flush()
  end
  print_sums(list)
  return list
end

-- Rows of conv_table.h for a dtype: of layers in one bucket, what takes longest in all decides.
local function table_rows(dtype, list)
  local by, order = {}, {}
  for _, r in ipairs(list) do
    local cin, cout = math.ceil(r.cin / 32) * 32, math.ceil(r.cout / 32) * 32
    local rows = 2 ^ math.floor(math.log(r.rows) / math.log(2) + 1e-9)
    local weight, key = r.count * r.flows[r.best].ms, cin .. " " .. cout .. " " .. rows
    if not by[key] then order[#order + 1] = key end
    if not by[key] or by[key].weight < weight then
      local names = {}
      for flow = 0, 3 do
        names[flow + 1] = tiles.name((r.flows[flow] or r.flows[0]).tile):upper()
      end
      by[key] = { weight = weight, text = ("X(%s, %d, %d, %d, %s)"):format(kernels[dtype], cin,
        cout, rows, table.concat(names, ", ")) }
    end
  end
  local found = {}
  for i, key in ipairs(order) do found[i] = by[key].text end
  return found
end

local HEADER = [[
/*
 * conv_table.h - the fastest tiles of the convolution kernels, measured on
 * %s. `make bench-gpu SWEEP=1` (spec/gpu/sweep.lua) writes this file.
 *
 * A row: kernel; input and output channels, rounded up to a multiple of 32; rows of the result,
 * rounded down to a power of two; then the tiles: rows as they stand, sorted by their taps, and
 * sorted in two and three parts. Measured on the layers of MinkUNet 1.0x and a synthetic scan.
 */
#ifndef LAC_CUDA_CONV_TABLE_H
#define LAC_CUDA_CONV_TABLE_H

#include "launch_conv.h"

/** Compute capability of the device that the rows were measured on; others do not use them. */
#define LAC__TABLE_CAPABILITY %d

/** X(kernel, cin, cout, rows, unsorted, sorted, two, three) */
#define LAC__TABLE(X)]]

local function write(path, device, rows)
  local file = assert(io.open(path, "w"))
  local lines = { HEADER:format(device.name, device.capability) }
  for _, row in ipairs(rows) do lines[#lines + 1] = "    " .. row end
  for i = 1, #lines - 1 do
    local last = lines[i]:match "[^\n]*$"
    lines[i] = lines[i] .. (" "):rep(99 - #last) .. "\\"
  end
  file:write(table.concat(lines, "\n"), "\n\n#endif\n")
  file:close()
end

if not lacuna.cuda.is_available() then error("sweep: " .. lacuna.cuda.why_not(), 0) end
local device, rows = lacuna.cuda.describe(), {}
print(("sweep of the tiles on %s"):format(device.name))
roofline.device.multiprocessors = device.multiprocessors
lacuna.set_allow_tf32(true)
for _, dtype in ipairs(dtypes) do
  for _, row in ipairs(table_rows(dtype, sweep(dtype))) do rows[#rows + 1] = row end
  lacuna.empty_cache()
end
local path = os.getenv "TABLE" or (os.getenv "LACUNA_BUILD" or "build") .. "/conv_table.h"
write(path, device, rows)
print(("\n%d rows written to %s, to take the place of cuda/conv_table.h"):format(#rows, path))
