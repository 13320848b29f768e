-- measure.lua: the candidates of one convolution, timed on its real rows and weights.
--
-- What a dataflow derives from a map (tables, masks, sort orders) is kept with the map, so the
-- first run of a candidate pays for all layers on that map: what it costs above the median is
-- shared among them. The repeats of the candidates alternate, so that all see the same clock
-- frequency and the same neighbours.

local choices = require "lacuna.tune.choices"
local conv = require "lacuna.nn.conv"
local conv_config = require "lacuna.nn.conv_config"
local native = require "lacuna.native"

local clock = native.C.lac_clock

local measure = {}

-- Root of mean square of the difference to the default's output, over that output's own, above
-- which a kernel that rounds differently is not taken.
local BOUND = { float32 = 1e-5, float16 = 5e-3, bfloat16 = 3e-2 }
measure.bound = BOUND

local HOPELESS = 2 -- times the best so far: not repeated

-- The module's convolution as `choice` computes it, and its seconds; nil and a message where this
-- machine cannot.
local function run(layer, x, choice)
  local config = {}
  for key, value in pairs(layer.config or {}) do config[key] = value end
  for key, value in pairs(choice.config) do config[key] = value end
  local start = clock()
  local ok, result = pcall(function()
    local y = conv.run(x, layer.kernel, layer.bias, layer.options, config).feats
    native.call(native.C.lac_tensor_force, native.ctx, y.h)
    return choice.alter and choice.alter(y) or y
  end)
  if not ok then return nil, result end
  native.call(native.C.lac_synchronize, native.ctx)
  return result, clock() - start
end

local function rms(t)
  local n = t:size(1) * t:size(2)
  if n == 0 then return 0 end
  t = t:to("float64")
  return math.sqrt(tonumber((t * t):sum():item()) / n)
end

--- The error of `got` against `want` as the guard counts it; NaN is infinite, 0 means: to the bit.
function measure.error(got, want)
  if got:size(1) == 0 then return 0 end
  local finite = got:to("float64")
  local difference = rms(finite - want:to("float64"))
  if difference ~= difference then return math.huge end
  local size = rms(want)
  if difference == 0 then return 0 end
  return size > 0 and difference / size or math.huge
end

-- nil where the candidate may be chosen, else why not.
local function judge(choice, got, want, allow_rounding)
  local off = measure.error(got, want)
  if off == 0 then return nil end
  local bound = BOUND[want:dtype()]
  if choice.equal and want:dtype() == "float32" then
    return string.format("differs from the default by %.1e, expected the same bits", off)
  elseif not allow_rounding then
    return "rounds differently"
  elseif off > bound then
    return string.format("relative error %.1e, the bound is %.0e", off, bound)
  end
end

local function median(numbers)
  table.sort(numbers)
  local n = #numbers
  return (numbers[math.floor((n + 1) / 2)] + numbers[math.ceil((n + 1) / 2)]) / 2
end

local function count_wins(rounds, of_default)
  local count = 0
  for i, took in pairs(rounds) do
    if of_default[i] and took < of_default[i] then count = count + 1 end
  end
  return count
end

--- Times the candidates of a layer.
---@param layer table  nn.Conv3d
---@param x table  its input, computed
---@param default table  the choice that `auto` takes by itself
---@param opts table  allow_rounding, repeats
---@return table ms  by name of the choice: median of a run
---@return table first  by name: what the first run took above that
---@return table rejected  by name: why it is out
---@return table wins  by name: the share of rounds in which it was faster than the default
function measure.layer(layer, x, default, opts)
  local ms, first, rejected, wins, running = {}, {}, {}, {}, {}
  local want, seconds = run(layer, x, default)
  if not want then error(seconds, 0) end
  running[1] = { choice = default, first = seconds, times = {}, rounds = {} }
  local best = seconds
  for _, choice in ipairs(choices.list) do
    if choice ~= default and (choice.equal or opts.allow_rounding) then
      local got, took = run(layer, x, choice)
      local reason = got and judge(choice, got, want, opts.allow_rounding)
      if not got then
        rejected[choice.name] = tostring(took):match("[^\n]*")
      elseif reason then
        rejected[choice.name] = reason
      else
        running[#running + 1] = { choice = choice, first = took, times = {}, rounds = {} }
      end
    end
  end
  for i = 1, opts.repeats do
    for _, entry in ipairs(running) do
      if i == 1 or entry == running[1] or entry.best <= HOPELESS * best then
        local _, took = run(layer, x, entry.choice)
        entry.times[#entry.times + 1], entry.rounds[i] = took, took
        entry.best = math.min(entry.best or took, took)
        best = math.min(best, took)
      end
    end
  end
  for _, entry in ipairs(running) do
    local name = entry.choice.name
    ms[name] = median(entry.times) * 1e3
    first[name] = math.max(0, entry.first * 1e3 - ms[name])
    wins[name] = count_wins(entry.rounds, running[1].rounds) / opts.repeats
  end
  return ms, first, rejected, wins
end

--- Whether the config of a layer or the global one leaves the dataflow to `auto`.
function measure.is_auto(layer)
  local global = conv_config.get_global()
  local flow = layer.config and layer.config.dataflow or global and global.dataflow or "auto"
  return flow == "auto"
end

return measure
