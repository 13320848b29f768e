-- init_parameter.lua: new parameters and buffers with their initial values.

local create = require "lacuna.create"
local errors = require "lacuna.errors"
local native = require "lacuna.native"
local parameter = require "lacuna.nn.parameter"
local T = require "lacuna.tensor"

local init = {}

-- How many elements new parameters may still have, where something limits them.
local room, limit = math.huge, math.huge

-- Called before the memory of a parameter is taken.
local function take(sizes)
  local count = 1
  for i = 1, #sizes do count = count * sizes[i] end
  room = room - count
  if room < 0 then
    errors.raisef("the model has more parameters than its weights file has values, %.0f", limit)
  end
end

local function finish(before, before_limit, ok, ...)
  room, limit = before, before_limit
  if not ok then error(..., 0) end
  return ...
end

--- fn(), in which at most `count` elements of parameters are made: for models whose sizes come from
--- a weights file with so many values.
---@param count integer
---@param fn function
function init.within(count, fn)
  local before, before_limit = room, limit
  room, limit = math.min(room, count), math.min(limit, count)
  return finish(before, before_limit, pcall(fn))
end

--- A float32 parameter, uniform on [-bound, bound), from the context's generator.
function init.uniform(sizes, bound)
  take(sizes)
  local t = create.zeros(sizes)
  native.call(native.C.lac_rand, native.ctx, T.handle(t, "init", "parameter"),
    native.C.LAC_UNIFORM, -bound, bound)
  return parameter.new(t)
end

--- A float32 parameter of one value.
function init.constant(sizes, value)
  take(sizes)
  return parameter.new(create.full(sizes, value))
end

return init
