-- runtime.lua: the context behind the package: threads, random numbers, memory, log, devices.

local ffi = require "ffi"
local native = require "lacuna.native"
local device = require "lacuna.device"
local errors = require "lacuna.errors"
local modes = require "lacuna.modes"

local C, ctx = native.C, native.ctx

local runtime = {}

local function check_number(op, n)
  if type(n) ~= "number" or n % 1 ~= 0 then
    errors.raisef("%s: %s, expected a whole number", op, tostring(n))
  end
  return n
end

--- Seeds the generator behind rand, randn and the initial values of layers.
---@param seed integer
---@usage lacuna.manual_seed(42); a = lacuna.randn(3)
function runtime.manual_seed(seed)
  check_number("manual_seed", seed)
  C.lac_context_seed(ctx, ffi.cast("uint64_t", ffi.cast("int64_t", seed)))
end

--- Threads of the operations that follow. Results do not depend on it.
---@param n integer
---@usage lacuna.set_num_threads(2)
function runtime.set_num_threads(n)
  native.call(C.lac_context_set_threads, ctx, check_number("set_num_threads", n))
end

--- Threads of the operations that follow.
---@return integer
---@usage print(lacuna.get_num_threads() .. " threads")
function runtime.get_num_threads()
  return C.lac_context_threads(ctx)
end

local count = ffi.new("int32_t[1]")

--- The number of CUDA devices: 0 without the backend, a driver or a GPU.
---@usage for i = 0, lacuna.device_count() - 1 do print(lacuna.cuda.describe(i).name) end
function runtime.device_count()
  return C.lac_device_count(C.LAC_DEVICE_CUDA, count) == 0 and count[0] or 0
end

--- Where tensors are made that name no device: "cpu" at first. Files are read into the memory of
--- the CPU.
---@param name string
---@usage lacuna.set_default_device("cuda"); t = lacuna.zeros(3)
function runtime.set_default_device(name)
  local kind = device.parse(name, "set_default_device")
  if kind ~= 0 then runtime.memory(name) end -- an error where it is not there
  require("lacuna.tensor").default_device = name
end

--- Where tensors are made that name no device.
---@return string
---@usage zeros = lacuna.zeros({ 3 }, { device = lacuna.get_default_device() })
function runtime.get_default_device()
  return require("lacuna.tensor").default_device
end

--- Waits for all work that was queued on GPUs. The CPU computes in the calling thread.
---@usage y = net(x); lacuna.synchronize()
function runtime.synchronize()
  native.call(C.lac_synchronize, ctx)
end

runtime.cuda = {}

--- Is there a GPU and the backend for it? Where not, lacuna.cuda.why_not() has the reason.
---@return boolean
---@usage device = lacuna.cuda.is_available() and "cuda" or "cpu"
function runtime.cuda.is_available()
  return runtime.device_count() > 0
end

--- nil where there is a GPU, else the reason why there is none.
---@return string|nil
---@usage print(lacuna.cuda.why_not() or "ready")
function runtime.cuda.why_not()
  if C.lac_device_count(C.LAC_DEVICE_CUDA, count) == 0 then return nil end
  return native.last_error()
end

--- What is known of a GPU: name, capability (90 for 9.0), multiprocessors, memory and free_memory
--- in bytes, driver and runtime versions, the kernels that a wide convolution runs.
---@param index? integer  from 0
---@usage lacuna.cuda.describe(0).free_memory / 2^30
function runtime.cuda.describe(index)
  local info = ffi.new("lac_device_info", { size = ffi.sizeof("lac_device_info") })
  native.call(C.lac_device_describe, C.LAC_DEVICE_CUDA, index or 0, info)
  return {
    name = ffi.string(info.name), capability = info.capability,
    multiprocessors = info.multiprocessors, memory = tonumber(info.memory),
    free_memory = tonumber(info.free_memory), driver = info.driver, runtime = info.runtime,
    kernels = ffi.string(info.kernels),
  }
end

local stats = ffi.new("lac_memory")

--- Bytes of native memory: live (in use), peak, reserved (taken from the system), budget; and
--- blocks, the number of allocations in use.
---@param on? string  a device; the CPU's memory by default
---@return { live: number, peak: number, reserved: number, budget: number, blocks: number }
---@usage print(lacuna.memory().peak / 2^20 .. " MiB")
function runtime.memory(on)
  local kind, index = device.parse(on, "memory")
  native.call(C.lac_memory_stats_on, ctx, kind, index, stats)
  return {
    live = tonumber(stats.live), peak = tonumber(stats.peak), reserved = tonumber(stats.reserved),
    budget = tonumber(stats.budget), blocks = tonumber(stats.blocks),
  }
end

--- Starts the peak anew at what is live.
---@usage lacuna.reset_peak_memory(); y = net(x)
---@usage lacuna.memory().peak
function runtime.reset_peak_memory()
  C.lac_memory_reset_peak(ctx)
end

--- Gives cached memory back to the system, after a collection of garbage.
---@usage collectgarbage(); lacuna.empty_cache()
function runtime.empty_cache()
  collectgarbage()
  collectgarbage()
  C.lac_memory_empty_cache(ctx)
end

--- true: every operation is computed at once, for debugging. The results are the same to the bit.
---@param eager boolean
---@usage lacuna.set_eager(true)
function runtime.set_eager(eager)
  modes.set("set_eager", "eager", eager)
end

--- true: float32 convolutions and linear layers on a GPU may round their factors to TF32 (10 bits
--- of mantissa), for its tensor cores. The CPU is not affected.
---@param allowed boolean
---@usage lacuna.set_allow_tf32(true)
function runtime.set_allow_tf32(allowed)
  modes.set("set_allow_tf32", "allow_tf32", allowed)
end

--- Runs fn(...) under mode flags and puts the earlier ones back: with_modes({conv_mode = 2}, fn).
---@param flags table  conv_mode, kmap_mode, downsample_mode, allow_negative_coordinates, eager,
--- allow_tf32
---@param fn function
---@usage y = lacuna.with_modes({ conv_mode = 2 }, net, x)
function runtime.with_modes(flags, fn, ...)
  local callable = type(fn) == "function" or type(fn) == "table" and getmetatable(fn)
    and getmetatable(fn).__call
  if type(flags) ~= "table" or not callable then
    errors.raisef("with_modes: a %s and a %s, expected a table of flags and a function",
      type(flags), type(fn))
  end
  return modes.with(flags, fn, ...)
end

local TEXT = 512
local text = ffi.new("char[?]", TEXT)
local level = ffi.new("lac_log_level[1]")
local levels = { [0] = "debug", "info", "warning" }

--- The log records since the last call, oldest first.
---@return { level: string, text: string }[]
---@usage for _, record in ipairs(lacuna.log()) do print(record.level, record.text) end
function runtime.log()
  local records = {}
  while C.lac_log_poll(ctx, level, text, TEXT) ~= 0 do
    records[#records + 1] = { level = levels[tonumber(level[0])], text = ffi.string(text) }
  end
  return records
end

function runtime.version()
  return ffi.string(C.lac_version())
end

return runtime
