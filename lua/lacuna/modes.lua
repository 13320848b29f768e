-- modes.lua: the context's mode flags by name.
--
-- A flag is what TorchSparse calls a global mode: it takes effect on the next call. with() holds
-- flags while a function runs, and is what net.modes uses.

local native = require "lacuna.native"
local errors = require "lacuna.errors"

local C, ctx = native.C, native.ctx

local modes = {}

-- name -> { flag, the number behind each legal value, the values in order for messages }
local flags = {
  conv_mode = { C.LAC_FLAG_CONV_MODE, { [0] = 0, [1] = 1, [2] = 2 }, { 0, 1, 2 } },
  kmap_mode = {
    C.LAC_FLAG_KMAP_MODE,
    { hashmap_on_the_fly = C.LAC_KMAP_ON_THE_FLY, hashmap = C.LAC_KMAP_HASHMAP },
    { "hashmap_on_the_fly", "hashmap" },
  },
  downsample_mode = {
    C.LAC_FLAG_DOWNSAMPLE_MODE,
    { spconv = C.LAC_DOWNSAMPLE_SPCONV, minkowski = C.LAC_DOWNSAMPLE_MINKOWSKI },
    { "spconv", "minkowski" },
  },
  allow_negative_coordinates = {
    C.LAC_FLAG_ALLOW_NEGATIVE, { [false] = 0, [true] = 1 }, { false, true },
  },
  eager = { C.LAC_FLAG_EAGER, { [false] = 0, [true] = 1 }, { false, true } },
  allow_tf32 = { C.LAC_FLAG_ALLOW_TF32, { [false] = 0, [true] = 1 }, { false, true } },
}

local names = {}
for name in pairs(flags) do names[name] = true end

local function show(value)
  return type(value) == "string" and '"' .. value .. '"' or tostring(value)
end

--- The number behind a mode's value; a wrong value is an error that lists the legal ones.
function modes.code(op, name, value)
  local code = flags[name][2][value]
  if value == nil or code == nil then
    local legal = {}
    for i, v in ipairs(flags[name][3]) do legal[i] = show(v) end
    errors.raisef("%s: %s is %s, expected one of: %s", op, name, show(value),
      table.concat(legal, ", "))
  end
  return tonumber(code)
end

function modes.set(op, name, value)
  native.call(C.lac_context_set_flag, ctx, flags[name][1], modes.code(op, name, value))
end

function modes.get(name)
  local number = C.lac_context_flag(ctx, flags[name][1])
  for value, code in pairs(flags[name][2]) do
    if tonumber(code) == number then return value end
  end
end

local function restore(before, ok, ...)
  for name, number in pairs(before) do C.lac_context_set_flag(ctx, flags[name][1], number) end
  if ok then return ... end
  error((...), 0) -- it has its position already
end

--- Runs fn(...) under the flags of `table`, whose keys are mode names, and puts the earlier ones
--- back, also after an error.
function modes.with(table, fn, ...)
  errors.options("modes", table, names)
  local codes, before = {}, {}
  for name, value in pairs(table) do codes[name] = modes.code("modes", name, value) end
  for name, code in pairs(codes) do
    before[name] = tonumber(C.lac_context_flag(ctx, flags[name][1]))
    native.call(C.lac_context_set_flag, ctx, flags[name][1], code)
  end
  return restore(before, pcall(fn, ...))
end

return modes
