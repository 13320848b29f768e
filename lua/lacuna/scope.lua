-- scope.lua: lacuna.scope(fn) gives memory back at once, without waiting for the collector.

local coords = require "lacuna.coords"
local kernel_map = require "lacuna.kernel_map"
local parameter = require "lacuna.nn.parameter"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"
local errors = require "lacuna.errors"
local values = require "lacuna.values"

local current -- objects made in the innermost open scope: object -> true

local function note(object)
  current[object] = true
end

-- A tensor that an older object keeps for itself.
local function forget(object)
  if current then current[object] = nil end
end

local function watch(set)
  current = set
  local hook = set and note or nil
  T.on_wrap, coords.on_wrap, kernel_map.on_wrap, sparse.on_wrap = hook, hook, hook, hook
  sparse.on_keep = set and forget or nil
end

local function finish(outer, ok, ...)
  local made = current
  watch(outer)
  local function spare(object)
    if made[object] then
      made[object] = nil
      if outer then outer[object] = true end
    end
  end
  for i = 1, ok and select("#", ...) or 0 do values.each(select(i, ...), spare) end
  for object in pairs(made) do
    if not parameter.is_owned(object) then object:free() end
  end
  if not ok then error((...), 0) end
  return ...
end

--- Runs fn(...) and releases, at its end, the tensors, coordinates and maps that were made inside,
--- except those that it returns, alone or in tables. A released one raises when it is used.
---@param fn function
---@usage feats = lacuna.scope(function() return net(x).feats end)
return function(fn, ...)
  if type(fn) ~= "function" then errors.raisef("scope: a %s, expected a function", type(fn)) end
  local outer = current
  watch({})
  return finish(outer, pcall(fn, ...))
end
