-- standard.lua: `lacuna bench --standard`, which `make bench` runs: the models that matter, each
-- ratio beside its bar. What is compared runs in turn.

local ffi = require "ffi"
local child = require "lacuna.bench.child"
local common = require "lacuna.cli.common"
local machine = require "lacuna.bench.machine"
local runs = require "lacuna.bench.runs"
local set = require "lacuna.bench.set"

local standard = {}

local SPEED_UP, RMS, THREADS, MAP_NS, MEMORY, WHOLE, AVX2 = 1.9, 0.02, 1.9, 45, 1.5, 1.15, 0.90

local Table = {}
Table.__index = Table

-- A row: what, the number and how it is written, and the bar; `most`: the bar is the highest value.
function Table:add(what, value, format, bar, most)
  local met
  if value and bar then met = (most and value <= bar) or (not most and value >= bar) end
  self[#self + 1] = { what = what, value = value, bar = bar, met = met,
    text = value and format:format(value) or "-",
    bar_text = bar and (most and "<= " or ">= ") .. format:format(bar) or "" }
  common.status("")
  if not self.quiet then self:print_row(self[#self]) end
end

function Table:print_row(row)
  print(string.format("%-60s | %-10s | %-10s%s", row.what, row.text, row.bar_text,
    row.met == false and " missed" or ""))
  io.stdout:flush()
end

local function rates(rows, spec, found)
  for _, run in ipairs(found) do
    local what = string.format("%s %s, %d thread%s", spec.title, run.dtype, run.threads,
      run.threads == 1 and "" or "s")
    rows:add(what .. ": ms", run.ms, "%.1f")
    rows:add(what .. ": share of sgemm", run.share and run.share * 100, "%.1f %%",
      run.dtype == "float32" and spec.bar and spec.bar * 100 or nil)
  end
end

-- The time of the first variant over another's.
local function between(found, dtype, threads, base)
  for _, run in ipairs(found) do
    if run.dtype == dtype and run.threads == threads then return base.ms / run.ms, run end
  end
end

local function ratios(rows, spec, found, threads)
  local first = found[1]
  local speed, half = between(found, "bfloat16", first.threads, first)
  rows:add(spec.title .. ": bfloat16 over float32", speed, "%.2f",
    spec.main and SPEED_UP or nil)
  if half then
    rows:add(spec.title .. ": relative RMS of bfloat16's results", half.rms * 100, "%.2f %%",
      spec.main and RMS * 100 or nil, true)
  end
  local all = threads[#threads]
  if all > 1 then
    rows:add(string.format("%s: %d threads over 1", spec.title, all),
      (between(found, "float32", all, first)), "%.2f",
      spec.main and all == 2 and THREADS or nil)
  end
end

local function memory(rows, net, x)
  local live = require "lacuna.bench.live_set"
  local implied = live.largest(net, x)
  rows:add("MinkUNet 1.0x: largest live set of the layers, MB", implied / 1e6, "%.1f")
  rows:add("MinkUNet 1.0x: peak memory over that, eager", live.peak(net, x, true) / implied,
    "%.2f", MEMORY, true)
  rows:add("MinkUNet 1.0x: peak memory over that, deferred", live.peak(net, x, false) / implied,
    "%.2f", MEMORY, true)
end

-- The points as a file, where they came from none.
local function write_bin(points)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(ffi.string(points:data(), points:size(1) * points:size(2) * 4))
  file:close()
  return path
end

local function processes(rows, points, path, options)
  local count = options.quick and 2 or 10
  local scan = path or write_bin(points)
  rows:add(string.format("whole lacuna segment of %d scans over its networks", count),
    child.segment_ratio(scan, 4, count), "%.3f", count == 10 and WHOLE or nil, true)
  if not path then os.remove(scan) end
end

local function isa(rows, path, options)
  local words = { "--model", "minkunet", "--repeat", options.quick and 1 or 2 }
  if path then for _, word in ipairs { "--input", path, "--columns", 4 } do
    words[#words + 1] = word
  end end
  if options.quick then
    for _, word in ipairs { "--voxel-size", 2, "--warmup", 0 } do words[#words + 1] = word end
  end
  rows:add("MinkUNet 1.0x: AVX2 over the widest kernels",
    child.isa_ratio("avx2", words, options.quick and 1 or 2), "%.2f", AVX2)
end

--- Runs the set; returns the exit status.
---@param options table  scans, quick, repeats, warmup, threads, json
function standard.main(options)
  local lacuna = require "lacuna"
  local rows = setmetatable({ quiet = options.json }, Table)
  local all = tonumber(lacuna.get_num_threads())
  local threads = options.threads or ((all > 1 and not options.quick) and { 1, all } or { 1 })
  local with = { warmup = options.quick and 0 or options.warmup,
    repeats = options.quick and 1 or options.repeats, label = "bench" }
  for _, spec in ipairs(set.selected(options)) do
    common.status("%s", spec.title)
    local net, points, path = set.load(spec, options)
    local found = runs.measure(set.variants(net, points, { "float32", "bfloat16" }, threads), with)
    rates(rows, spec, found)
    ratios(rows, spec, found, threads)
    if spec.main then
      local x = set.variants(net, points, { "float32" }, { 1 })[1].quantize()
      lacuna.set_num_threads(1)
      rows:add("27-tap kernel map, 1 thread, ns a voxel",
        require("lacuna.bench.map").ns_per_voxel(x, options.quick and 3 or 15), "%.1f", MAP_NS,
        true)
      lacuna.set_num_threads(threads[#threads])
      memory(rows, net, x)
      lacuna.set_num_threads(all)
      processes(rows, points, path, options)
      isa(rows, path, options)
    end
  end
  rows:add("memory bandwidth, GB/s", machine.bandwidth(), "%.1f")
  if options.json then print(common.json({ rows = { unpack(rows) } }, { "rows" })) end
  return 0
end

return standard
