-- info.lua: `lacuna info`: what this build and this machine have.

local ffi = require "ffi"
local common = require "lacuna.cli.common"

local info = {}

-- The versions of the libraries behind liblacuna_io, asked through its own handle: what it was
-- linked with is in reach of a look-up there.
local function io_versions(native)
  local path = (native.library_dir and native.library_dir .. "/" or "") .. "liblacuna_io.so"
  local ok, lib = pcall(ffi.load, path)
  if not ok then return nil end
  ffi.cdef [[
    int H5get_libversion(unsigned *major, unsigned *minor, unsigned *release);
    const char *png_get_libpng_ver(const void *png);
  ]]
  local v = ffi.new("unsigned[3]")
  local found = {}
  if pcall(function() lib.H5get_libversion(v, v + 1, v + 2) end) then
    found.hdf5 = string.format("%d.%d.%d", v[0], v[1], v[2])
  end
  pcall(function() found.libpng = ffi.string(lib.png_get_libpng_ver(nil)) end)
  return found
end

local function openblas_version()
  ffi.cdef "char *openblas_get_config(void);"
  local ok, text = pcall(function()
    return ffi.string(ffi.load("libopenblas.so.0").openblas_get_config())
  end)
  return ok and (text:gsub("%s+$", "")) or nil
end

-- The GPUs, or why there is none.
local function cuda()
  local runtime = require "lacuna.runtime"
  local why = runtime.cuda.why_not()
  if why then return { available = false, reason = why } end
  local found = { available = true, devices = {} }
  for i = 1, runtime.device_count() do found.devices[i] = runtime.cuda.describe(i - 1) end
  return found
end

local function print_gpu(row, index, gpu)
  row("GPU " .. index, string.format("%s, capability %d.%d, %d multiprocessors, %s (%s free)",
    gpu.name, math.floor(gpu.capability / 10), gpu.capability % 10, gpu.multiprocessors,
    common.bytes(gpu.memory), common.bytes(gpu.free_memory)))
  row("  kernels", gpu.kernels)
end

local function collect()
  local native = require "lacuna.native"
  local C, ctx = native.C, native.ctx
  local memory = ffi.new("lac_memory")
  C.lac_memory_stats(ctx, memory)
  local io = io_versions(native)
  return {
    version = ffi.string(C.lac_version()),
    abi = tonumber(C.lac_abi()),
    luajit = jit.version,
    system = jit.os .. " " .. jit.arch,
    package = native.package_dir,
    libraries = native.library_dir or "the system's",
    isa = ffi.string(C.lac_context_isa(ctx)),
    threads = tonumber(C.lac_context_threads(ctx)),
    memory_budget = tonumber(memory.budget),
    hdf5 = io and io.hdf5 or nil,
    libpng = io and io.libpng or nil,
    openblas = openblas_version(),
    cuda = cuda(),
  }
end

local function print_table(found)
  local function row(name, value) print(string.format("%-14s %s", name, value)) end
  row("version", found.version .. " (ABI " .. found.abi .. ")")
  row("LuaJIT", found.luajit .. ", " .. found.system)
  row("package", found.package)
  row("libraries", found.libraries)
  row("kernels", found.isa .. " (LACUNA_ISA names a narrower set)")
  row("threads", found.threads)
  row("memory budget", common.bytes(found.memory_budget))
  row("HDF5", found.hdf5 or "not found: liblacuna_io cannot be opened")
  row("libpng", found.libpng or "not found: liblacuna_io cannot be opened")
  row("OpenBLAS", found.openblas or "not found: bench cannot measure the sgemm rate")
  if not found.cuda.available then
    row("CUDA", "not available: " .. found.cuda.reason)
    return
  end
  local first = found.cuda.devices[1]
  row("CUDA", string.format("runtime %d.%d, driver for %d.%d", math.floor(first.runtime / 1000),
    first.runtime % 1000 / 10, math.floor(first.driver / 1000), first.driver % 1000 / 10))
  for i, gpu in ipairs(found.cuda.devices) do print_gpu(row, i - 1, gpu) end
end

function info.main(args)
  local parser = common.parser("info", "What this build and this machine have.")
  parser:flag("--json", "as one JSON object")
  local options = common.parse(parser, args)
  if not options then return 2 end
  local found = collect()
  if options.json then print(require("cjson").encode(found)) else print_table(found) end
  return 0
end

return info
