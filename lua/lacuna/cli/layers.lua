-- layers.lua: `lacuna bench --layers`: eager runs, with a row for each conv and linear layer.

local common = require "lacuna.cli.common"
local statistics = require "lacuna.bench.statistics"

local layers = {}

local function describe(module)
  local fields = { "in_channels", "out_channels", "in_features", "out_features", "kernel_size" }
  local found = {}
  for _, name in ipairs(fields) do
    local ok, value = pcall(function() return module[name] end)
    found[name] = ok and value or nil
  end
  local kernel = found.kernel_size and table.concat(found.kernel_size, "x") or "1x1x1"
  return found.in_channels or found.in_features, found.out_channels or found.out_features, kernel
end

-- The median of a field over the runs, layer by layer.
local function median_of(runs, i, field)
  local found = {}
  for _, rows in ipairs(runs) do found[#found + 1] = rows[i][field] end
  return statistics.median(found)
end

--- Rows {path, in_channels, out_channels, kernel, params, dataflow, voxels, pairs, neighbours,
--- gmacs, ms, map_ms, gflops, share, bytes, gbs}; ms leaves out what kernel maps took, and is the
--- median of `count` runs.
---@param net table
---@param quantize function  gives voxels without maps
---@param count integer
---@param sgemm number|nil  GFLOP/s, for the share
function layers.measure(net, quantize, count, sgemm)
  local lacuna = require "lacuna"
  local runs = {}
  for i = 1, count do
    local x = quantize()
    runs[i] = lacuna.profile(function() return net(x) end)
  end
  local found = {}
  for i, row in ipairs(runs[1]) do
    local module = row.path == "(itself)" and net or net:get(row.path)
    local cin, cout, kernel = describe(module)
    local map_ms = median_of(runs, i, "map_ms")
    local ms = math.max(median_of(runs, i, "ms") - map_ms, 1e-6)
    local gflops = 2 * row.macs / 1e6 / ms
    found[i] = {
      path = row.path, in_channels = cin, out_channels = cout, kernel = kernel,
      params = module:num_parameters(), dataflow = row.dataflow, voxels = row.voxels,
      pairs = row.pairs, gmacs = row.macs / 1e9, ms = ms, map_ms = map_ms, gflops = gflops,
      neighbours = row.pairs and row.voxels and row.pairs / math.max(row.voxels, 1),
      share = sgemm and gflops / sgemm, bytes = row.bytes, gbs = row.bytes / 1e6 / ms,
    }
  end
  return found
end

function layers.print(rows)
  local width = 5
  for _, row in ipairs(rows) do width = math.max(width, #row.path) end
  local line = "%-" .. width .. "s %11s %-6s %10s %-13s %8s %10s %5s %7s %8s %7s %7s %6s %7s %6s"
  print(line:format("layer", "channels", "kernel", "params", "dataflow", "voxels", "pairs", "nbrs",
    "GMAC", "ms", "map ms", "GFLOP/s", "share", "MB", "GB/s"))
  for _, row in ipairs(rows) do
    local channels = row.in_channels and row.in_channels .. " -> " .. row.out_channels or ""
    print(line:format(row.path, channels, row.kernel or "", common.thousands(row.params),
      row.dataflow, common.thousands(row.voxels or 0), common.thousands(row.pairs or 0),
      row.neighbours and ("%.1f"):format(row.neighbours) or "-", ("%.3f"):format(row.gmacs),
      ("%.2f"):format(row.ms), ("%.2f"):format(row.map_ms), ("%.1f"):format(row.gflops),
      row.share and ("%.0f %%"):format(row.share * 100) or "-", ("%.1f"):format(row.bytes / 1e6),
      ("%.1f"):format(row.gbs)))
  end
end

return layers
