-- tune: lacuna.tune, which finds the fastest dataflow for the convolutions of a network by timing.
--
-- Convolutions share a choice by their key (lac_tuning_key: dtype, taps, channels, rows and density
-- in buckets). The network runs twice on rows of its own, so that no map is prepared yet: once to
-- count the layers on each map, once with the tuner at every layer whose key is new. What it finds
-- holds from then on for `auto`. In float32 results stay the same to the bit unless
-- allow_rounding is given.

local ffi = require "ffi"
local cache = require "lacuna.tune.cache"
local choices = require "lacuna.tune.choices"
local class = require "lacuna.nn.class"
local conv = require "lacuna.nn.conv"
local Conv3d = require "lacuna.nn.conv3d"
local conv_config = require "lacuna.nn.conv_config"
local errors = require "lacuna.errors"
local measure = require "lacuna.tune.measure"
local modes = require "lacuna.modes"
local Module = require "lacuna.nn.module"
local native = require "lacuna.native"
local kernel_map = require "lacuna.kernel_map"
local report = require "lacuna.tune.report"
local sparse = require "lacuna.sparse"
local values = require "lacuna.values"

local C, ctx = native.C, native.ctx
local counters = ffi.new("lac_counters")
local numbers = ffi.new("int64_t[4]")

local tune = {}

local MARGIN = 0.97 -- of the default's time: what is not clearly faster stays as it is
local MOST = 0.8 -- of the rounds

-- The same voxels without the maps that earlier runs left with them.
local function fresh(input)
  if not sparse.is(input) then return input end
  return sparse.new(input.feats, input.coords:tensor(), input.stride, input.spatial_range)
end

-- Runs the network with visit(layer, x, path) before every convolution that is left to `auto`.
local function walk(net, input, visit)
  local hooks, running = Module.hooks, {}
  if hooks.around then errors.raise("tune: a profile or another tune is running") end
  local function leave(...)
    running[#running] = nil
    return ...
  end
  hooks.around = function(module, x, ...)
    running[#running + 1] = module
    if class.is(module, Conv3d) and sparse.is(x) and measure.is_auto(module) then
      visit(module, x, errors.module_path(running))
    end
    return leave(module:forward(x, ...))
  end
  local ok, message = pcall(modes.with, { eager = true }, function() values.force(net(input)) end)
  hooks.around = nil
  if not ok then error(message, 0) end
end

-- The key of a layer on `x`, an identity of its kernel map, pairs and output rows; nil where there
-- is no map.
local function identify(layer, x)
  conv_config.apply("tune", layer.config, layer.options)
  local key = choices.key(x, layer.options, layer.out_channels)
  if not key then return nil end
  local map = kernel_map.blank()
  native.call(C.lac_kernel_map_build, ctx, sparse.handle(x, "tune"), layer.options, map.box, nil)
  local identity = tostring(map.h)
  C.lac_kernel_map_describe(map.h, numbers, numbers + 1, numbers + 2, numbers + 3)
  map:free() -- the coordinates keep it
  local backwards = layer.transposed and not layer.generative
  return key, identity, tonumber(numbers[1]), tonumber(numbers[backwards and 2 or 3])
end

-- The rows of the report, one a key in the order of the layers, and the number of layers on a map.
local function survey(net, input)
  local rows, by_key, on_map = {}, {}, {}
  walk(net, input, function(layer, x, path)
    local key, map, pair_count, voxels = identify(layer, x)
    if not key then return end
    on_map[map] = (on_map[map] or 0) + 1
    local text = choices.text(key)
    local row = by_key[text]
    if not row then
      row = {
        key = key, layers = {}, taps = key.taps, in_channels = layer.in_channels,
        out_channels = layer.out_channels, pairs = pair_count, voxels = voxels,
      }
      by_key[text], rows[#rows + 1] = row, row
    end
    row.layers[#row.layers + 1] = path ~= "" and path or "(itself)"
  end)
  local counts = {}
  for _, count in pairs(on_map) do counts[#counts + 1] = count end
  table.sort(counts)
  return rows, by_key, counts
end

-- What `auto` takes for a layer by itself: run once, and the counters say what ran.
local function default_of(layer, x)
  C.lac_context_counters(ctx, counters)
  local before = tonumber(counters.dataflows[C.LAC_DATAFLOW_IMPLICIT_GEMM])
  values.finish(conv.run(x, layer.kernel, layer.bias, layer.options, layer.config))
  C.lac_context_counters(ctx, counters)
  local implicit = tonumber(counters.dataflows[C.LAC_DATAFLOW_IMPLICIT_GEMM]) > before
  return choices.by_name(implicit and "ImplicitGEMM/sorted" or "FetchOnDemand")
end

-- The cheapest candidate. The default stays unless another is clearly faster: in its median, with
-- its share of preparing the map, and in nearly every round, so that one disturbance decides
-- nothing.
local function choose(row, sharing)
  local function cost(choice)
    return row.ms[choice.name] + row.first[choice.name] / sharing
  end
  local default, best = row.default, row.default
  for _, choice in ipairs(choices.list) do
    local ms = row.ms[choice.name]
    if ms and ms < MARGIN * row.ms[default.name] and cost(choice) < MARGIN * cost(default)
      and row.wins[choice.name] >= MOST and cost(choice) < cost(best) then
      best = choice
    end
  end
  return best
end

-- Measures the rows that no cache knows.
local function measure_rows(net, input, by_key, sharing, opts)
  local prepared = {} -- map -> name -> what the first run took more
  local todo = 0
  for _, row in pairs(by_key) do todo = todo + (row.choice and 0 or 1) end
  local bar = require "lacuna.progress" (todo, { label = "tune" })
  walk(net, input, function(layer, x)
    local key, map = identify(layer, x)
    local row = key and by_key[choices.text(key)]
    if not row or row.choice then return end
    row.default = default_of(layer, x)
    local first
    row.ms, first, row.rejected, row.wins = measure.layer(layer, x, row.default, opts)
    prepared[map] = prepared[map] or {}
    for name, ms in pairs(first) do prepared[map][name] = prepared[map][name] or ms end
    row.first = prepared[map]
    row.choice = choose(row, sharing)
    row.measured = true
    bar:step()
  end)
  bar:finish()
end

local function load_cache(path, opts, report_notes)
  if opts.again then return {} end
  local entries, notes = cache.read(path)
  if not entries then return {} end
  for _, note in ipairs(notes) do report_notes[#report_notes + 1] = note end
  local known, left_out = cache.usable(entries, opts.allow_rounding)
  if left_out > 0 then
    report_notes[#report_notes + 1] = string.format(
      "%s: %d choice%s that round%s differently ignored (allow_rounding is not given)", path,
      left_out, left_out == 1 and "" or "s", left_out == 1 and "s" or "")
  end
  return known
end

local keys = { file = true, allow_rounding = true, repeats = true, explain = true, again = true }

local function check(net, opts)
  opts = errors.options("tune", opts, keys)
  if not class.is(net, Module) then
    errors.raisef("tune: a %s, expected a network", require("lacuna.kinds").of(net))
  end
  local repeats = opts.repeats or 5
  if type(repeats) ~= "number" or repeats < 1 or repeats % 1 ~= 0 then
    errors.raisef("tune: repeats is %s, expected a whole number from 1", tostring(repeats))
  end
  if opts.file ~= nil and opts.file ~= false and type(opts.file) ~= "string" then
    errors.raisef("tune: file is a %s, expected a path, or false for none", type(opts.file))
  end
  return {
    path = opts.file == nil and cache.default_path() or opts.file, repeats = repeats,
    allow_rounding = opts.allow_rounding == true, again = opts.again == true,
    explain = opts.explain == true,
  }
end

local function survey_and_measure(net, input, opts, notes)
  local rows, by_key, counts = survey(net, fresh(input))
  local known = opts.path and load_cache(opts.path, opts, notes) or {}
  for text, row in pairs(by_key) do
    local entry = known[text]
    if entry then row.choice, row.ms = entry.choice, entry.ms end
  end
  -- The layers that share the work of preparing a map: as many as on the median map.
  measure_rows(net, fresh(input), by_key, counts[math.ceil(#counts / 2)] or 1, opts)
  return rows
end

--- Times the dataflows for every convolution of `net` on `input`, on its real maps, and makes
--- `auto` take the fastest from now on. Without allow_rounding only those with the same bits in
--- float32; with it also ImplicitGEMM in 2 to 4 splits and GatherScatter, where their results stay
--- close.
---@param net table
---@param input table  what net takes; SparseTensors are run without the maps that they have already
---@param opts table|nil  file: the cache, false for none (default
--- $XDG_CACHE_HOME/lacuna/tuning.txt); allow_rounding; repeats (5); explain: the printed report
--- says what each candidate took; again: also what the cache knows
---@return table  a row for each kind of convolution, which prints as a table; notes
---@usage lacuna.tune(net, x, { file = false, repeats = 3, explain = true })
function tune.tune(net, input, opts)
  opts = check(net, opts)
  local notes = {}
  local held = choices.take()
  local ok, rows = pcall(survey_and_measure, net, input, opts, notes)
  choices.clear()
  for _, entry in pairs(held) do choices.set(entry.key, entry.choice) end
  if not ok then error(rows, 0) end
  local measured = {}
  for _, row in ipairs(rows) do
    choices.set(row.key, row.choice)
    if row.measured then
      measured[#measured + 1] = cache.entry(row.key, row.choice, row.ms, opts.allow_rounding)
    end
  end
  if opts.path and #measured > 0 then cache.write(opts.path, measured) end
  return report.new(rows, notes, opts)
end

--- Makes `auto` follow the choices in a cache file. Those that round differently are left out
--- unless allow_rounding is given.
---@param path string
---@param opts { allow_rounding: boolean }|nil
---@return integer applied, string[] notes
---@usage lacuna.tune(net, x, { file = "tuning.txt" })
---@usage lacuna.tune.load("tuning.txt", { allow_rounding = true })
function tune.load(path, opts)
  opts = errors.options("tune.load", opts, { allow_rounding = true })
  local notes = {}
  if not cache.exists(path) then errors.raisef("tune: there is no file %s", tostring(path)) end
  local applied = 0
  for _, entry in pairs(load_cache(path, opts, notes)) do
    choices.set(entry.key, entry.choice)
    applied = applied + 1
  end
  return applied, notes
end

--- `auto` chooses by itself again.
tune.clear = choices.clear

return setmetatable(tune, { __call = function(_, ...) return tune.tune(...) end })
