-- machine.lua: what the machine does beside a model: OpenBLAS's sgemm, and a triad over memory.

local native = require "lacuna.native"

local C, ctx, out = native.C, native.ctx, native.out

local machine = {}

machine.SGEMM_SIZE = 768
local TRIAD_BYTES = 3 * 32 * 2 ^ 20 -- three times what a last cache of 32 MiB holds

local function measure(fn, size, repeats)
  local status = fn(ctx, size, repeats, out.double)
  if status == C.LAC_ERR_UNSUPPORTED then return nil end
  if status ~= C.LAC_OK then -- LAC_AGAIN among others, which native.call knows to handle
    native.call(fn, ctx, size, repeats, out.double)
  end
  return out.double[0]
end

--- GFLOP/s of sgemm on the threads that are set, best of a few; nil where no OpenBLAS is.
function machine.sgemm()
  return measure(C.lac_bench_sgemm, machine.SGEMM_SIZE, 5)
end

--- GB/s of a triad on the threads that are set, best of a few.
function machine.bandwidth()
  return measure(C.lac_bench_bandwidth, TRIAD_BYTES, 3)
end

local rates = {} -- by threads

--- sgemm once a process and number of threads, for shares that are read, not compared; false where
--- no OpenBLAS is.
function machine.peak()
  local threads = tonumber(C.lac_context_threads(ctx))
  if rates[threads] == nil then rates[threads] = machine.sgemm() or false end
  return rates[threads]
end

return machine
