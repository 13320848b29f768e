-- tune.lua: `lacuna tune`: the fastest dataflow for each convolution of a model, kept in a file.

local common = require "lacuna.cli.common"

local tune = {}

local function parser()
  local p = common.parser("tune", "Times the dataflows for every convolution of a model on a scan "
    .. "and keeps the choices in a text file, which segment, encode and bench take with --tuning. "
    .. "float32 results stay the same to the bit unless --allow-rounding is given.")
  common.model_options(p)
  p:option("--input", "scan to run on (default: a synthetic one)")
  p:option("--output", "file of choices (default: $XDG_CACHE_HOME/lacuna/tuning.txt)")
  p:option("--repeat", "timed runs of each candidate"):target("repeats")
    :convert(common.integer(1)):default "5"
  p:option("--check", "runs of the whole model, untuned and tuned in turn; 0: none")
    :convert(common.integer(0)):default "3"
  p:flag("--allow-rounding", "also kernels that round differently, where results stay close")
  p:flag("--again", "measure what the file has already")
  p:flag("--explain", "what each candidate took, or why it is out")
  p:flag("--json", "one JSON object")
  return p
end

-- The whole model untuned and tuned, in turn, each on maps of its own: medians in milliseconds.
local function check(net, quantize, count)
  if count == 0 then return nil end
  local choices = require "lacuna.tune.choices"
  local statistics, values = require "lacuna.bench.statistics", require "lacuna.values"
  local held = choices.take()
  local function run(tuned)
    if tuned then
      for _, entry in pairs(held) do choices.set(entry.key, entry.choice) end
    else
      choices.clear()
    end
    local x = quantize()
    local start = common.clock()
    values.finish(net(x))
    return (common.clock() - start) * 1e3
  end
  local untuned_ms, tuned_ms = {}, {}
  run(false)
  for i = 1, count do
    untuned_ms[i] = run(false)
    tuned_ms[i] = run(true)
  end
  return statistics.quantile(untuned_ms, 0.5), statistics.quantile(tuned_ms, 0.5)
end

local function to_json(report, about)
  local rows = {}
  for i, row in ipairs(report) do
    local plain = {}
    for key, value in pairs(row) do plain[key] = value end
    rows[i] = plain
  end
  about.layers, about.notes, about.measured, about.changed = rows, report.notes, report.measured,
    report.changed
  return common.json(about, { "notes", "layers" })
end

function tune.main(args)
  local options = common.parse(parser(), args)
  if not options then return 2 end
  if options.input then common.check_readable(options.input) end
  local lacuna = require "lacuna"
  if not options.model and not options.weights then options.model = "minkunet" end
  local net, _, name = require("lacuna.cli.model").load(options)
  local scan = require "lacuna.cli.scan"
  local points = require("lacuna.bench.input").points(net, options)
  local function quantize() return (scan.quantize(points, net, options)) end

  local report = lacuna.tune(net, quantize(), {
    file = options.output, repeats = options.repeats, allow_rounding = options.allow_rounding,
    explain = options.explain, again = options.again,
  })
  local untuned, tuned = check(net, quantize, options.check)
  if options.json then
    print(to_json(report, {
      model = name, device = options.device, dtype = options.dtype,
      threads = tonumber(lacuna.get_num_threads()), file = report.file, untuned_ms = untuned,
      tuned_ms = tuned,
    }))
    return 0
  end
  print(report)
  if untuned then
    print(string.format("%s untuned %.1f ms, tuned %.1f ms: untuned takes %.2f times as long", name,
      untuned, tuned, untuned / tuned))
  end
  if report.measured > 0 then print("wrote " .. report.file) end
  return 0
end

return tune
