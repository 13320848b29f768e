-- runs.lua: variants of one model (dtypes, numbers of threads), timed in turn.
--
-- Kernel maps belong to what is timed: each repeat starts from points, so that every map is built
-- again. Variants alternate and the machine's own rates are measured between the repeats, so that
-- all see the same clock frequency and the same neighbours.

local ffi = require "ffi"
local machine = require "lacuna.bench.machine"
local native = require "lacuna.native"
local statistics = require "lacuna.bench.statistics"
local values = require "lacuna.values"

local C, ctx = native.C, native.ctx

local runs = {}

local function counters()
  local found = ffi.new("lac_counters")
  C.lac_context_counters(ctx, found)
  return found
end

-- The result of fn() under the settings of a variant, which are put back also after an error.
local function under(variant, fn)
  if not variant.enter then return fn() end
  variant.enter()
  local ok, result = pcall(fn)
  variant.leave()
  if not ok then error(result, 0) end
  return result
end

-- One run on voxels that no map was built for yet.
local function run_once(lacuna, variant)
  lacuna.set_num_threads(variant.threads)
  local x = variant.quantize()
  lacuna.reset_peak_memory()
  local live = lacuna.memory(variant.device).live
  local before, started = counters(), C.lac_clock()
  local result = under(variant, function() return values.finish(variant.net(x)) end)
  local ms = (C.lac_clock() - started) * 1e3
  local after = counters()
  local peak = lacuna.memory(variant.device).peak
  return {
    ms = ms, map_ms = (after.map_seconds - before.map_seconds) * 1e3,
    gmacs = (after.macs - before.macs) / 1e9, voxels = x:size(1), peak = peak,
    above = peak - live, result = result,
  }
end

local function on_cpu(variant)
  return (variant.device or "cpu") == "cpu"
end

local function add(variant, run, rates)
  local lists = variant.lists
  lists.ms[#lists.ms + 1] = run.ms
  lists.map_ms[#lists.map_ms + 1] = run.map_ms
  if rates then
    lists.sgemm[#lists.sgemm + 1] = machine.sgemm()
    lists.bandwidth[#lists.bandwidth + 1] = machine.bandwidth()
  end
  variant.gmacs, variant.voxels = run.gmacs, run.voxels
  variant.peak = math.max(variant.peak or 0, run.peak)
end

local function summary(variant)
  local lists, quantile = variant.lists, statistics.quantile
  local ms = quantile(lists.ms, 0.5)
  local sgemm = #lists.sgemm > 0 and quantile(lists.sgemm, 0.5) or nil
  local gflops = 2 * variant.gmacs / (ms / 1e3)
  return {
    dtype = variant.dtype, threads = variant.threads, voxels = variant.voxels,
    gmacs = variant.gmacs, ms = ms, ms_p10 = quantile(lists.ms, 0.1),
    ms_p90 = quantile(lists.ms, 0.9), gflops = gflops, sgemm_gflops = sgemm,
    share = sgemm and gflops / sgemm, map_ms = quantile(lists.map_ms, 0.5),
    peak_bytes = tonumber(variant.peak),
    bandwidth_gbs = #lists.bandwidth > 0 and quantile(lists.bandwidth, 0.5) or nil,
  }
end

-- The tensors in what a network gives, in a fixed order.
local function tensors_of(result)
  local T, sparse = require "lacuna.tensor", require "lacuna.sparse"
  if sparse.is(result) then return { result.feats } end
  if T.is(result) then return { result } end
  local found = {}
  for _, item in ipairs(type(result) == "table" and result or {}) do
    for _, t in ipairs(tensors_of(item)) do found[#found + 1] = t end
  end
  return found
end

--- Root mean square of got - want over that of want, over all tensors of two results.
function runs.relative_rms(got, want)
  local off, size = 0, 0
  local a, b = tensors_of(got), tensors_of(want)
  for i = 1, #b do
    local x, y = a[i]:to("float64"), b[i]:to("float64")
    local d = x - y
    off = off + tonumber((d * d):sum():item())
    size = size + tonumber((y * y):sum():item())
  end
  return size > 0 and math.sqrt(off / size) or 0
end

--- Times variants {dtype, threads, device, net, quantize}; quantize() gives voxels in the variant's
--- dtype and on its device, the CPU where that is nil;
--- enter() and leave(), where given, set and put back what holds while the network runs.
---@param variants table[]
---@param opts table  warmup, repeats: whole numbers; quiet: no progress bar
---@return table[]  per variant the keys of `lacuna bench --json` but model and device; the ratio
--- to the first variant in `ratio` (its ms over this one's) and the difference in `rms`
function runs.measure(variants, opts)
  local lacuna = require "lacuna"
  local before = lacuna.get_num_threads()
  local bar = lacuna.progress(#variants * (opts.warmup + opts.repeats), { label = opts.label })
  local results = {}
  for _, variant in ipairs(variants) do
    variant.lists = { ms = {}, map_ms = {}, sgemm = {}, bandwidth = {} }
  end
  for i = 1 - opts.warmup, opts.repeats do
    for v, variant in ipairs(variants) do
      local run = run_once(lacuna, variant)
      if i >= 1 then add(variant, run, opts.rates ~= false and on_cpu(variant)) end
      if i == opts.repeats and #variants > 1 then results[v] = run.result end
      bar:step()
    end
  end
  bar:finish()
  lacuna.set_num_threads(before)
  local found = {}
  for v, variant in ipairs(variants) do
    found[v] = summary(variant)
    if v > 1 then
      local ratios = {}
      for i, ms in ipairs(variant.lists.ms) do ratios[i] = variants[1].lists.ms[i] / ms end
      found[v].ratio = statistics.median(ratios)
      found[v].rms = runs.relative_rms(results[v], results[1])
    end
  end
  return found
end

return runs
