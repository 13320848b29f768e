-- mode_costs.lua: `lacuna bench --modes`: what the modes and a tuning cost or bring, for each model
-- of the standard set: times over that of the defaults, all in turn.

local choices = require "lacuna.tune.choices"
local common = require "lacuna.cli.common"
local runs = require "lacuna.bench.runs"
local set = require "lacuna.bench.set"

local mode_costs = {}

-- conv_mode says how ImplicitGEMM runs; the columns let it run everywhere.
local columns = {
  { name = "mode 0", config = { dataflow = "ImplicitGEMM", ifsort = false } },
  { name = "mode 1", config = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 } },
  { name = "mode 2", config = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 3 } },
  { name = "on_the_fly", config = { kmap_mode = "hashmap_on_the_fly" } },
  { name = "hashmap", config = { kmap_mode = "hashmap" } },
  { name = "tuned" },
}

local function with_config(variant, config)
  local conv_config = require("lacuna.nn.functional").conv_config
  variant.enter = function() conv_config.set_global(config) end
  variant.leave = function() conv_config.clear_global() end
end

local function with_choices(variant, held)
  variant.enter = function()
    for _, entry in pairs(held) do choices.set(entry.key, entry.choice) end
  end
  variant.leave = choices.clear
end

local function variants_of(net, points, threads, options)
  local function one() return set.variants(net, points, { "float32" }, { threads })[1] end
  local lacuna = require "lacuna"
  local found = { one() }
  lacuna.set_num_threads(threads)
  choices.clear()
  lacuna.tune(net, found[1].quantize(), { file = false, repeats = options.repeats })
  local held = choices.take()
  for _, column in ipairs(columns) do
    local variant = one()
    if column.config then with_config(variant, column.config) else with_choices(variant, held) end
    found[#found + 1] = variant
  end
  return found
end

local function print_row(first, cells)
  local line = { string.format("| %-26s |", first) }
  for _, cell in ipairs(cells) do line[#line + 1] = string.format(" %10s |", cell) end
  print(table.concat(line))
  io.stdout:flush()
end

--- Runs the set; returns the exit status.
---@param options table  scans, quick, repeats, warmup, threads, json
function mode_costs.main(options)
  local lacuna = require "lacuna"
  local threads = options.threads and options.threads[1] or tonumber(lacuna.get_num_threads())
  local names, found = { "ms" }, {}
  for i, column in ipairs(columns) do names[i + 1] = column.name end
  if not options.json then print_row("time over the default's", names) end
  for _, spec in ipairs(set.selected(options)) do
    common.status("%s", spec.title)
    local net, points = set.load(spec, options)
    local results = runs.measure(variants_of(net, points, threads, options), {
      warmup = options.quick and 0 or options.warmup, repeats = options.quick and 1
        or options.repeats, label = spec.title, rates = false,
    })
    local row, cells = { model = spec.title, ms = results[1].ms }, {}
    cells[1] = string.format("%.1f", results[1].ms)
    for i, column in ipairs(columns) do
      row[column.name] = 1 / results[i + 1].ratio
      cells[i + 1] = string.format("%.2f", row[column.name])
    end
    found[#found + 1] = row
    common.status("")
    if not options.json then print_row(spec.title, cells) end
  end
  if options.json then print(common.json({ threads = threads, rows = found })) end
  return 0
end

return mode_costs
