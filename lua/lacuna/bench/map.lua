-- map.lua: what a submanifold kernel map of 27 taps costs, sorting included.

local native = require "lacuna.native"
local statistics = require "lacuna.bench.statistics"

local map = {}

--- Nanoseconds a voxel on the threads that are set: the median over coordinate sets that nothing
--- was derived from yet.
---@param x table  SparseTensor
---@param repeats integer
function map.ns_per_voxel(x, repeats)
  local lacuna = require "lacuna"
  local rows, times = x.coords:tensor(), {}
  local feats = lacuna.zeros({ x:size(1), 1 }, { device = x:device() })
  for i = 0, repeats do -- one more to warm up
    local fresh = lacuna.SparseTensor(feats, rows)
    local start = native.C.lac_clock()
    local made = lacuna.nn.functional.build_kernel_map(fresh, { kernel_size = 3 })
    times[i] = native.C.lac_clock() - start
    made:free()
  end
  times[0] = nil
  return statistics.median(times) * 1e9 / x:size(1)
end

return map
