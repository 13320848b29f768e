-- live_set.lua: the largest set of features that the layers of a network need at one time.
--
-- By shapes alone: the calls of modules without children, in order, each read features and make
-- features. These are live from the call that makes them to the last call that reads them; at a
-- call, what it reads and what it makes are live together. The definition is the least that any
-- execution layer by layer needs: a norm, an activation and a sum are made in the place of their
-- first operand, a concatenation is no copy but stands for its parts, and the network's input,
-- weights, maps and scratch memory are not counted.

local class = require "lacuna.nn.class"
local modes = require "lacuna.modes"
local Module = require "lacuna.nn.module"
local native = require "lacuna.native"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"
local values = require "lacuna.values"

local live_set = {}

local in_place = {
  BatchNorm = true, TorchSparseBatchNorm = true, GroupNorm = true, InstanceNorm = true, ReLU = true,
  LeakyReLU = true, SiLU = true, Dropout = true, Identity = true,
}

local function bytes_of(value)
  local t = sparse.is(value) and value.feats or value
  local count = 1
  for _, n in ipairs(shape.of(t)) do count = count * n end
  return count * tonumber(native.C.lac_dtype_size(T.dtype_code(t:dtype())))
end

local Tracker = {}
Tracker.__index = Tracker

-- The features behind a value: a list of records {bytes, made, last}. A Tensor may be the feats of
-- a SparseTensor that was seen.
function Tracker:parts(value)
  if not sparse.is(value) and not T.is(value) then return {} end
  local known = self.of[value]
  if known then return known end
  for seen, parts in pairs(self.of) do
    if sparse.is(seen) and rawget(seen, "_feats") == value then return parts end
  end
  known = { { bytes = bytes_of(value), made = self.at, last = self.at } }
  self.records[#self.records + 1] = known[1]
  self.of[value] = known
  return known
end

function Tracker:read(value)
  for _, record in ipairs(self:parts(value)) do record.last = self.at end
end

function Tracker:alias(value, operand, ...)
  local parts = {}
  for _, from in ipairs { operand, ... } do
    for _, record in ipairs(self:parts(from)) do parts[#parts + 1] = record end
  end
  self.of[value] = parts
  return value
end

function Tracker:call(module, input, ...)
  local result = ...
  self.at = self.at + 1
  self:read(input)
  if in_place[class.name(class.of(module))] and (sparse.is(result) or T.is(result)) then
    self:alias(result, input)
  elseif sparse.is(result) or T.is(result) then
    self:read(result)
  end
  return ...
end

function Tracker:largest()
  local most = 0
  for at = 1, self.at do
    local sum = 0
    for _, record in ipairs(self.records) do
      if record.made <= at and at <= record.last then sum = sum + record.bytes end
    end
    most = math.max(most, sum)
  end
  return most
end

-- fn with concatenations and sums of SparseTensors told to the tracker.
local function watching(tracker, x, fn)
  local lacuna, meta, hooks = require "lacuna", getmetatable(x), Module.hooks
  local cat, add = lacuna.cat, meta.__add
  rawset(lacuna, "cat", function(list, ...)
    return tracker:alias(cat(list, ...), unpack(list))
  end)
  meta.__add = function(a, b)
    local sum = add(a, b)
    tracker:read(a)
    tracker:read(b)
    return tracker:alias(sum, a)
  end
  hooks.around = function(module, ...)
    if #(module:each_child()) > 0 then return module:forward(...) end
    return tracker:call(module, (...), module:forward(...))
  end
  local ok, message = pcall(modes.with, { eager = true }, fn)
  rawset(lacuna, "cat", cat)
  meta.__add, hooks.around = add, nil
  if not ok then error(message, 0) end
end

--- Bytes of the largest live set of net(x); x is a SparseTensor.
function live_set.largest(net, x)
  local tracker = setmetatable({
    of = setmetatable({}, { __mode = "k" }), records = {}, at = 0,
  }, Tracker)
  tracker.of[x] = {} -- the input is not counted
  watching(tracker, x, function() return values.force(net(x)) end)
  return tracker:largest()
end

--- The peak of native memory above what was there, of a run on maps and packed weights that are
--- there already: features and scratch memory. The pool starts without cached blocks, as in a new
--- process: with them garbage may lie longer.
---@param eager boolean  every operation is computed at once; else when its result is read
function live_set.peak(net, x, eager)
  local lacuna = require "lacuna"
  return modes.with({ eager = eager }, function()
    values.force(net(x))
    lacuna.empty_cache()
    lacuna.reset_peak_memory()
    local before = lacuna.memory().live
    values.force(net(x))
    return lacuna.memory().peak - before
  end)
end

return live_set
