-- kernel_map.lua: KernelMap, which input row feeds which output row through which tap.

local ffi = require "ffi"
local native = require "lacuna.native"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx
local release = native.owner("lacuna_KernelMap", "lac_kernel_map", C.lac_kernel_map_release)

local kernel_map = {}

local KernelMap = ffi.typeof("lacuna_KernelMap")
local numbers = ffi.new("int64_t[4]")

kernel_map.on_wrap = nil -- set by scope.lua while a scope is open

--- A KernelMap without a map, for C to write one to its box (see tensor.lua).
function kernel_map.blank()
  return KernelMap()
end

--- The KernelMap, now that C has written to it. More arguments are ignored (see tensor.lua).
function kernel_map.filled(m)
  if kernel_map.on_wrap then kernel_map.on_wrap(m) end
  return m
end

function kernel_map.is(value)
  return type(value) == "cdata" and ffi.istype(KernelMap, value)
end

--- The lac_kernel_map of a live KernelMap.
function kernel_map.handle(m)
  if m.h == nil then errors.raise("KernelMap: used after free()") end
  return m.h
end
local handle = kernel_map.handle

local function describe(m, i)
  C.lac_kernel_map_describe(handle(m), numbers, numbers + 1, numbers + 2, numbers + 3)
  return tonumber(numbers[i])
end

local methods = {}

--- Methods of KernelMaps.
kernel_map.methods = methods

--- The number of taps.
---@usage F.build_kernel_map(x, { kernel_size = { 3, 3, 1 } }):taps()
function methods.taps(m) return describe(m, 0) end

--- The number of input rows and of output rows.
---@usage map = F.build_kernel_map(x, { kernel_size = 3, stride = 2 })
---@usage inputs, outputs = map:rows()
function methods.rows(m) return describe(m, 2), describe(m, 3) end

--- Without an argument the number of pairs over all taps; with a tap (from 1) its pairs (input row,
--- output row), int32 [n,2], sorted by output row.
---@param tap integer|nil
---@usage map = F.build_kernel_map(x, { kernel_size = 3 })
---@usage print(map:pairs(), map:pairs(14))
function methods.pairs(m, tap)
  if tap == nil then return describe(m, 1) end
  if type(tap) ~= "number" or tap < 1 or tap > describe(m, 0) or tap % 1 ~= 0 then
    errors.raisef("KernelMap: tap %s, expected 1 to %d", tostring(tap), describe(m, 0))
  end
  local y = T.blank()
  native.call(C.lac_kernel_map_pairs, ctx, handle(m), tap - 1, y.box)
  return T.filled(y, m)
end

--- Releases the map at once.
---@usage map = F.build_kernel_map(x, { kernel_size = 3 })
---@usage map:free()
function methods.free(m)
  if m.h ~= nil then
    C.lac_kernel_map_release(m.h)
    m.h = nil
  end
end

ffi.metatype(KernelMap, {
  __index = function(_, key)
    if methods[key] then return methods[key] end
    local names = {}
    for name in pairs(methods) do names[#names + 1] = name end
    return errors.raisef("KernelMap: no field '%s'%s", tostring(key), errors.nearest(key, names))
  end,
  __newindex = function()
    errors.raise("KernelMap: a map cannot be written")
  end,
  __len = function(m) return describe(m, 0) end,
  __eq = function(a, b)
    return kernel_map.is(a) and kernel_map.is(b) and a.h == b.h
  end,
  __tostring = function(m)
    if m.h == nil then return "KernelMap (freed)" end
    return string.format("KernelMap %d taps, %s pairs, %s -> %s rows", describe(m, 0),
      shape.thousands(describe(m, 1)), shape.thousands(describe(m, 2)),
      shape.thousands(describe(m, 3)))
  end,
  __gc = release,
})

return kernel_map
