-- timing.lua: lacuna.time and lacuna.profile.

local ffi = require "ffi"
local native = require "lacuna.native"
local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local modes = require "lacuna.modes"
local Module = require "lacuna.nn.module"
local points = require "lacuna.points"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"
local values = require "lacuna.values"

local C, ctx = native.C, native.ctx

local timing = {}

local result_meta = {
  __tostring = function(r)
    return string.format("median %.2f ms, min %.2f ms, max %.2f ms, %d runs", r.median, r.min,
      r.max, r.n)
  end,
}

--- Runs fn n times, results computed, after one run that is not counted: milliseconds.
---@param fn function
---@param opts { n: integer }|nil  n is 10 by default
---@return { median: number, min: number, max: number, n: integer }
---@usage lacuna.time(function() return net(x) end, { n = 20 })
function timing.time(fn, opts)
  opts = errors.options("time", opts, { n = true })
  local n = opts.n or 10
  if type(fn) ~= "function" then errors.raisef("time: a %s, expected a function", type(fn)) end
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
    errors.raisef("time: n is %s, expected a whole number from 1", tostring(n))
  end
  values.finish(fn())
  local ms = {}
  for i = 1, n do
    local start = C.lac_clock()
    values.finish(fn())
    ms[i] = (C.lac_clock() - start) * 1000
  end
  table.sort(ms)
  local middle = (ms[math.floor((n + 1) / 2)] + ms[math.ceil((n + 1) / 2)]) / 2
  return setmetatable({ median = middle, min = ms[1], max = ms[n], n = n }, result_meta)
end

local counters = ffi.new("lac_counters")

local function read_counters()
  C.lac_context_counters(ctx, counters)
  return tonumber(counters.convs), counters.macs, counters.map_seconds
end

local dataflow_names = { "ImplicitGEMM", "GatherScatter", "FetchOnDemand" }

-- How often each dataflow ran so far.
local function read_dataflows()
  C.lac_context_counters(ctx, counters)
  local runs = {}
  for i = 1, 3 do runs[i] = tonumber(counters.dataflows[i]) end
  return runs
end

-- The one that ran since `before`; "" for pointwise and linear layers, which have none.
local function dataflow_since(before)
  local now = read_dataflows()
  for i = 1, 3 do
    if now[i] > before[i] then return dataflow_names[i] end
  end
  return ""
end

local profile_meta = {
  __tostring = function(rows)
    local width, lines = 5, {}
    for _, row in ipairs(rows) do width = math.max(width, #row.path) end
    local format = "%-" .. width .. "s  %-9s %-13s %12s %10s %9s %8s %6s %9s %8s"
    lines[1] = format:format("layer", "class", "dataflow", "pairs", "MMACs", "ms", "GFLOP/s",
      "peak", "map ms", "MB")
    for _, row in ipairs(rows) do
      local pairs_text = row.pairs and shape.thousands(row.pairs) or ""
      lines[#lines + 1] = format:format(row.path, row.class, row.dataflow, pairs_text,
        ("%.1f"):format(row.macs / 1e6), ("%.3f"):format(row.ms), ("%.1f"):format(row.gflops),
        row.share and ("%.0f %%"):format(row.share * 100) or "", ("%.3f"):format(row.map_ms),
        ("%.2f"):format(row.bytes / 1e6))
    end
    lines[#lines + 1] = ("%.1f ms in all, of which %.1f ms in %d layers"):format(rows.total_ms,
      rows.layer_ms, #rows)
    return table.concat(lines, "\n")
  end,
}

-- Pairs of a layer from its multiply-adds; nil where it has no kernel or weight of its own.
local function count_pairs(module, macs)
  local slots = rawget(module, "_slots").value
  local weight = slots.kernel or slots.weight
  local sizes = weight and shape.of(weight)
  if not sizes or #sizes < 2 then return nil end
  return math.floor(macs / (sizes[#sizes] * sizes[#sizes - 1]) + 0.5)
end

-- Rows and bytes of the features in a value that a module takes or gives.
local function features_of(value)
  if sparse.is(value) or points.is(value) then value = value.feats end
  if not T.is(value) then return nil, 0 end
  local sizes, count = shape.of(value), 1
  for i = 1, #sizes do count = count * sizes[i] end
  return sizes[1], count * tonumber(C.lac_dtype_size(T.dtype_code(value:dtype())))
end

-- Two row numbers of 32 bits.
local PAIR_BYTES = 8

-- What a layer moves at least: features in and out, weights, and the pairs of its map.
local function bytes_of(module, bytes_in, bytes_out, width, pair_count, dataflow)
  local moved = bytes_in + bytes_out + module:num_parameters() * width
  return moved + (dataflow ~= "" and (pair_count or 0) * PAIR_BYTES or 0)
end

local widths = { float16 = 2, bfloat16 = 2 }

local function make_row(module, path, before, after, ms, input, result)
  local macs, pair_count = after.macs - before.macs, count_pairs(module, after.macs - before.macs)
  local flow = dataflow_since(before.flows)
  local _, bytes_in = features_of(input)
  local voxels, bytes_out = features_of(result)
  local dtype = sparse.is(result) and result:dtype() or T.is(result) and result:dtype()
  return {
    path = path ~= "" and path or "(itself)", class = class.name(class.of(module)),
    dataflow = flow, macs = macs, pairs = pair_count, voxels = voxels, ms = ms,
    gflops = 2 * macs / ms / 1e6, map_ms = (after.map - before.map) * 1000,
    bytes = bytes_of(module, bytes_in, bytes_out, widths[dtype] or 4, pair_count, flow),
  }
end

-- The function that runs in place of every forward. A module gets a row if convolutions or linear
-- layers were computed while it ran, and not in modules inside of it.
local function observer(rows)
  local running, has_row = {}, {}
  local function done(module, before, start, input, ...)
    values.finish(...)
    local ms = (C.lac_clock() - start) * 1000
    local after = {}
    after.convs, after.macs, after.map = read_counters()
    local depth = #running
    if after.convs > before.convs and not has_row[depth] then
      rows[#rows + 1] = make_row(module, errors.module_path(running), before, after, ms, input,
        (...))
      rows.layer_ms = rows.layer_ms + ms
    end
    if after.convs > before.convs then has_row[depth - 1] = true end
    running[depth], has_row[depth] = nil, nil
    return ...
  end
  return function(module, ...)
    running[#running + 1] = module
    local before = { flows = read_dataflows() }
    before.convs, before.macs, before.map = read_counters()
    return done(module, before, C.lac_clock(), (...), module:forward(...))
  end
end

--- Runs fn() once with every operation computed at once and gives a row for every layer that ran a
--- convolution or linear layer: path, class, dataflow, pairs, macs, voxels (rows of the result),
--- ms, gflops, share (of OpenBLAS's sgemm on as many threads; nil without OpenBLAS), map_ms, bytes
--- (features read and written, weights, pairs). The list prints as a table.
---@param fn function
---@usage lacuna.profile(function() return net(x) end)
function timing.profile(fn)
  if type(fn) ~= "function" then errors.raisef("profile: a %s, expected a function", type(fn)) end
  if Module.hooks.around then errors.raise("profile: a profile is running already") end
  local rows = { layer_ms = 0 }
  Module.hooks.around = observer(rows)
  local start = C.lac_clock()
  local ok, message = pcall(modes.with, { eager = true }, fn)
  Module.hooks.around = nil
  if not ok then error(message, 0) end
  rows.total_ms = (C.lac_clock() - start) * 1000
  local peak = #rows > 0 and require("lacuna.bench.machine").peak()
  for _, row in ipairs(rows) do row.share = peak and row.gflops / peak or nil end
  return setmetatable(rows, profile_meta)
end

return timing
