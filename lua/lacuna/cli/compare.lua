-- compare.lua: `lacuna bench --compare FILE`: this run beside an earlier one's --json.

local common = require "lacuna.cli.common"

local compare = {}

local function check_run(path, run)
  for _, key in ipairs { "model", "device", "dtype", "threads", "ms" } do
    if type(run) ~= "table" or run[key] == nil then
      common.fail("%s: no '%s' in it, expected what `lacuna bench --json` prints", path, key)
    end
  end
  if type(run.ms) ~= "number" or run.ms <= 0 then
    common.fail("%s: ms is %s, expected a number above 0", path, tostring(run.ms))
  end
end

--- The runs in a file that `lacuna bench --json` wrote; raises one line where it is none.
function compare.read(path)
  common.check_readable(path)
  local file = io.open(path, "rb")
  local text = file:read("*a")
  file:close()
  local ok, found = pcall(require("cjson").decode, text)
  if not ok or type(found) ~= "table" then
    common.fail("%s: not JSON, expected what `lacuna bench --json` prints", path)
  end
  local list = type(found.runs) == "table" and found.runs or { found }
  for _, run in ipairs(list) do check_run(path, run) end
  if #list == 0 then common.fail("%s: it holds no run", path) end
  return list
end

local function same(a, b)
  return a.model == b.model and a.device == b.device and a.dtype == b.dtype
    and a.threads == b.threads
end

local function layer_ratios(now, before)
  local by_path, found = {}, {}
  for _, row in ipairs(type(before) == "table" and before or {}) do by_path[row.path] = row end
  for _, row in ipairs(now or {}) do
    local old = by_path[row.path]
    if old and type(old.ms) == "number" and old.ms > 0 then
      found[#found + 1] = { path = row.path, ms = row.ms, before_ms = old.ms,
        ratio = row.ms / old.ms }
    end
  end
  return found
end

--- Rows {model, device, dtype, threads, ms, before_ms, ratio, layers}: the time now over the time
--- then, of each run that the file has too.
function compare.rows(now, before)
  local found = {}
  for _, run in ipairs(now) do
    for _, old in ipairs(before) do
      if same(run, old) then
        found[#found + 1] = {
          model = run.model, device = run.device, dtype = run.dtype, threads = run.threads,
          ms = run.ms, before_ms = old.ms, ratio = run.ms / old.ms,
          voxels = run.voxels, before_voxels = old.voxels,
          layers = layer_ratios(run.layers, old.layers),
        }
        break
      end
    end
  end
  return found
end

function compare.print(path, rows)
  print("against " .. path .. ":")
  if #rows == 0 then print("  it has no run of the same model, device, dtype and threads") end
  for _, row in ipairs(rows) do
    print(string.format("  %s, %s, %s, %d threads: %.1f ms, then %.1f ms: ratio %.3f%s", row.model,
      row.device, row.dtype, row.threads, row.ms, row.before_ms, row.ratio,
      row.voxels ~= row.before_voxels and ", of another number of voxels" or ""))
    for _, layer in ipairs(row.layers) do
      print(string.format("    %-32s %9.2f ms %9.2f ms  %.3f", layer.path, layer.ms,
        layer.before_ms, layer.ratio))
    end
  end
end

return compare
