-- layers.lua: `lacuna bench --layers`: one eager run, with a row for each conv and linear layer.

local common = require "lacuna.cli.common"

local layers = {}

-- Runs fn under lacuna.profile and notes how many rows the modules' results have.
local function profile(lacuna, fn)
  local hooks = require("lacuna.nn.module").hooks
  local rows_of = {}
  local function note(module, result)
    local kind = lacuna.type(result)
    if kind == "Tensor" or kind == "SparseTensor" then
      rows_of[module] = tonumber(result:size(1))
    end
    return result
  end
  local rows = lacuna.profile(function()
    local around = hooks.around
    hooks.around = function(module, ...) return note(module, around(module, ...)) end
    return fn()
  end)
  return rows, rows_of
end

local function describe(module)
  if module == nil then return nil, nil, nil end
  local fields = { "in_channels", "out_channels", "in_features", "out_features", "kernel_size" }
  local found = {}
  for _, name in ipairs(fields) do
    local ok, value = pcall(function() return module[name] end)
    found[name] = ok and value or nil
  end
  local kernel = found.kernel_size and table.concat(found.kernel_size, "x") or "1x1x1"
  return found.in_channels or found.in_features, found.out_channels or found.out_features, kernel
end

--- Rows {path, in_channels, out_channels, kernel, params, dataflow, voxels, pairs, gmacs, ms,
--- map_ms, gflops, share}; ms leaves out what kernel maps took.
---@param sgemm number|nil  GFLOP/s, for the share
function layers.measure(lacuna, net, points, options, sgemm)
  local x = require("lacuna.cli.scan").quantize(points, net, options)
  local rows, rows_of = profile(lacuna, function() return net(x) end)
  local found = {}
  for i, row in ipairs(rows) do
    local module = row.path == "(itself)" and net or net:get(row.path)
    local cin, cout, kernel = describe(module)
    local ms = math.max(row.ms - row.map_ms, 1e-6)
    local gflops = 2 * row.macs / 1e6 / ms
    found[i] = {
      path = row.path, in_channels = cin, out_channels = cout, kernel = kernel,
      params = module:num_parameters(), dataflow = row.dataflow,
      voxels = rows_of[module], pairs = row.pairs, gmacs = row.macs / 1e9, ms = ms,
      map_ms = row.map_ms, gflops = gflops, share = sgemm and gflops / sgemm,
    }
  end
  return found
end

function layers.print(rows)
  local width = 5
  for _, row in ipairs(rows) do width = math.max(width, #row.path) end
  local line = "%-" .. width .. "s  %11s  %-6s %10s  %-13s %9s %11s %8s %8s %7s %9s %7s"
  print(line:format("layer", "channels", "kernel", "params", "dataflow", "voxels", "pairs", "GMAC",
    "ms", "map ms", "GFLOP/s", "share"))
  for _, row in ipairs(rows) do
    local channels = row.in_channels and row.in_channels .. " -> " .. row.out_channels or ""
    print(line:format(row.path, channels, row.kernel or "", common.thousands(row.params),
      row.dataflow, common.thousands(row.voxels or 0), common.thousands(row.pairs or 0),
      ("%.3f"):format(row.gmacs), ("%.2f"):format(row.ms), ("%.2f"):format(row.map_ms),
      ("%.1f"):format(row.gflops), row.share and ("%.0f %%"):format(row.share * 100) or "-"))
  end
end

return layers
