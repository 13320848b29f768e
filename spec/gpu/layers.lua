-- layers.lua: the convolutions of a network, each with its real input, to be run one at a time.

local ffi = require "ffi"
local class = require "lacuna.nn.class"
local conv = require "lacuna.nn.conv"
local Conv3d = require "lacuna.nn.conv3d"
local errors = require "lacuna.errors"
local kernel_map = require "lacuna.kernel_map"
local modes = require "lacuna.modes"
local Module = require "lacuna.nn.module"
local native = require "lacuna.native"
local sparse = require "lacuna.sparse"
local values = require "lacuna.values"

local C, ctx = native.C, native.ctx

ffi.cdef [[
int setenv(const char *name, const char *value, int overwrite);
int unsetenv(const char *name);
]]

local layers = {}

-- The map of a layer; nil where a row meets itself alone.
local function map_of(layer, x)
  local k, s = layer.kernel_size, layer.stride
  if k[1] * k[2] * k[3] * s[1] * s[2] * s[3] == 1 then return nil end
  local map = kernel_map.blank()
  native.call(C.lac_kernel_map_build, ctx, sparse.handle(x, "layers"), layer.options, map.box, nil)
  return kernel_map.filled(map, x)
end

local function describe(layer, x, y, path)
  local k, map = layer.kernel_size, map_of(layer, x)
  return {
    layer = layer, x = x, path = path, map = map,
    reversed = layer.transposed and not layer.generative,
    taps = k[1] * k[2] * k[3], kernel = table.concat(k, "x"), cin = layer.in_channels,
    cout = layer.out_channels, rows = y:size(1), rows_in = x:size(1),
    pairs = map and map:pairs() or y:size(1),
  }
end

--- Runs net(x) and gives a record for each convolution, in order: layer, x, path, map (or nil),
--- reversed, taps, kernel, cin, cout, rows, rows_in, pairs.
function layers.of(net, x)
  local found, running, hooks = {}, {}, Module.hooks
  hooks.around = function(module, input, ...)
    running[#running + 1] = module
    local path = errors.module_path(running)
    local results = { module:forward(input, ...) }
    running[#running] = nil
    if class.is(module, Conv3d) and sparse.is(input) then
      found[#found + 1] = describe(module, input, results[1], path)
    end
    return unpack(results)
  end
  local ok, message = pcall(modes.with, { eager = true }, function() values.finish(net(x)) end)
  hooks.around = nil
  if not ok then error(message, 0) end
  return found
end

--- The records that differ in taps, channels, rows or direction, with `count`: how many are alike.
function layers.distinct(records)
  local found, by = {}, {}
  for _, r in ipairs(records) do
    local key = table.concat({ r.taps, r.cin, r.cout, r.rows, r.rows_in, tostring(r.reversed) },
      " ")
    if not by[key] then
      by[key] = setmetatable({ count = 0 }, { __index = r })
      found[#found + 1] = by[key]
    end
    by[key].count = by[key].count + 1
  end
  return found
end

--- How the rows are taken: 0 as they stand, 1 to 3 sorted by their taps, in so many parts.
function layers.config(flow)
  if not flow then return nil end
  return {
    dataflow = "ImplicitGEMM", ifsort = flow > 0, split_mask_num = math.max(flow, 1),
  }
end

--- Makes the backend take a tile ("128x64"); nil: as it chooses by itself.
function layers.set_tile(tile)
  if tile then ffi.C.setenv("LACUNA_CUDA_TILE", tile, 1) else ffi.C.unsetenv "LACUNA_CUDA_TILE" end
end

-- Queues the convolution; its result goes back to the pool, for the next one to take.
local function queue(r, config)
  local y = conv.run(r.x, r.layer.kernel, r.layer.bias, r.layer.options, config)
  y:free()
end

--- Milliseconds of one run of the convolution: the best of `rounds` times `count` runs that are
--- queued together, after one that prepares what the map keeps; and those of queueing alone. What
--- takes longer to queue than to run shows the former.
function layers.time(r, config, count, rounds)
  return modes.with({ eager = true }, function()
    queue(r, config)
    native.call(C.lac_synchronize, ctx)
    local best, issued
    for _ = 1, rounds do
      local start = C.lac_clock()
      for _ = 1, count do queue(r, config) end
      local queued = C.lac_clock()
      native.call(C.lac_synchronize, ctx)
      local ms = (C.lac_clock() - start) * 1e3 / count
      if not best or ms < best then best, issued = ms, (queued - start) * 1e3 / count end
    end
    return best, issued
  end)
end

return layers
