-- init_parameter.lua: new parameters and buffers with their initial values.

local create = require "lacuna.create"
local native = require "lacuna.native"
local parameter = require "lacuna.nn.parameter"
local T = require "lacuna.tensor"

local init = {}

--- A float32 parameter, uniform on [-bound, bound), from the context's generator.
function init.uniform(sizes, bound)
  local t = create.zeros(sizes)
  native.call(native.C.lac_rand, native.ctx, T.handle(t, "init", "parameter"),
    native.C.LAC_UNIFORM, -bound, bound)
  return parameter.new(t)
end

--- A float32 parameter of one value.
function init.constant(sizes, value)
  return parameter.new(create.full(sizes, value))
end

return init
