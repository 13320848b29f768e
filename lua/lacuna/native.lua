-- native.lua: the C library behind the package: declarations, the context, calls and their errors.
--
-- Every call goes through `native.call`, so that three things happen in one place: a failure
-- becomes a Lua error of one line (errors.lua), LAC_AGAIN becomes a garbage collection and a second
-- try, and the out-parameters of numbers are reused.

local ffi = require "ffi"
local errors = require "lacuna.errors"

local native = {}

-- <root>/lua/lacuna/native.lua in the source tree and when installed.
local here = debug.getinfo(1, "S").source:sub(2)
native.package_dir = here:match("^(.*)/native%.lua$") or "."
native.root = native.package_dir:match("^(.*)/lua/lacuna$") or (native.package_dir .. "/../..")

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

-- Where the shared libraries are: LACUNA_LIB_DIR, the build folder of a source tree, or the
-- library folder of an installation.
local function find_library()
  local dir = os.getenv("LACUNA_LIB_DIR")
  local candidates = {
    dir and dir .. "/liblacuna.so",
    native.root .. "/build/liblacuna.so",
    native.root .. "/../../lib/liblacuna.so",
  }
  for i = 1, 3 do
    local path = candidates[i]
    if path and exists(path) then return path, path:match("^(.*)/[^/]*$") end
  end
  return "liblacuna.so.0", nil
end

-- A host that embeds Lua (liblacuna_script) gives its context and says where its liblacuna is.
local hosted, host_library = package.preload["lacuna.context"], nil
if hosted then hosted, host_library = hosted() end

local path, lib_dir = find_library()
if host_library then path, lib_dir = host_library, host_library:match("^(.*)/[^/]*$") end
native.library_dir = lib_dir

local function load_cdef()
  local ok, text = pcall(require, "lacuna.cdef") -- installed beside this file
  if ok then return text end
  local file = (lib_dir or native.root .. "/build") .. "/lua/lacuna/cdef.lua"
  local chunk = loadfile(file)
  if not chunk then error("lacuna: " .. file .. " is missing: run make", 0) end
  return chunk()
end

ffi.cdef(load_cdef())
local ok, C = pcall(ffi.load, path)
if not ok then error("lacuna: cannot open " .. path .. " (" .. tostring(C) .. "): run make", 0) end
native.C = C

if C.lac_abi() ~= 3 then
  error("lacuna: " .. path .. " has another ABI than this package: rebuild both", 0)
end

--- Declares the ctype `name`, the owner of one reference to an `of`: its field h, which C writes
--- through its field box. The owner is made before the call, so that no result is lost where Lua
--- runs out of memory after it. Returns a finalizer that takes no memory of Lua either: there may
--- be none, and no second try. (A union of one pointer is passed as that pointer is.)
---@param name string
---@param of string
---@param release ffi.cdata*  lac_..._release
function native.owner(name, of, release)
  ffi.cdef(string.format("typedef union { %s *h; %s *box[1]; } %s;", of, of, name))
  return ffi.cast("void (*)(" .. name .. ")", release)
end

local Context = native.owner("lacuna_Context", "lac_context", C.lac_context_release)
Context = ffi.metatype("lacuna_Context", { __gc = Context })

local function make_context()
  local own = Context()
  if hosted then
    local given = ffi.cast("lac_context *", hosted)
    C.lac_context_retain(given)
    own.h = given
  elseif C.lac_context_create(nil, own.box) ~= 0 then
    error("lacuna: " .. ffi.string(C.lac_last_error()), 0)
  end
  return own
end

native.context = make_context() -- owns it
local ctx = native.context.h
native.ctx = ctx
-- A host's own calls on its context must not be asked to collect: see `hosted_call`.
if not hosted then C.lac_memory_collector(ctx, 1) end

local AGAIN = C.LAC_AGAIN

--- The text of the last failure of this thread.
function native.last_error()
  return ffi.string(C.lac_last_error())
end

--- After LAC_AGAIN: collects, so that memory that only garbage holds goes back to the pool, and
--- repeats the call, which may then take new memory.
local function again(fn, ...)
  collectgarbage()
  collectgarbage() -- finalizers of the first run release what the second finds
  C.lac_memory_collected(ctx, 1)
  local status = fn(...)
  C.lac_memory_collected(ctx, 0)
  return status
end

local function own_call(fn, ...)
  local status = fn(...)
  if status == AGAIN then return again(fn, ...) end
  return status
end

local function hosted_call(fn, ...)
  C.lac_memory_collector(ctx, 1)
  local status = fn(...)
  if status == AGAIN then status = again(fn, ...) end
  C.lac_memory_collector(ctx, 0)
  return status
end

local try = hosted and hosted_call or own_call

--- The status of the last call that failed.
native.status = nil

--- Calls a C function that returns a lac_status; raises its message on failure.
function native.call(fn, ...)
  local status = try(fn, ...)
  if status == 0 then return end
  native.status = tonumber(status)
  local text = native.last_error()
  return errors.raise(text ~= "" and text or ffi.string(C.lac_status_text(status)))
end

-- The reused out-parameters of numbers and addresses, read before the next call. References are
-- never in them: C writes those to their owners.
native.out = {
  pointer = ffi.new("void *[1]"),
  int32 = ffi.new("int32_t[1]"),
  int64 = ffi.new("int64_t[2]"),
  double = ffi.new("double[1]"),
}

return native
