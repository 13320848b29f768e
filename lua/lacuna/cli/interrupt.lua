-- interrupt.lua: gives the program's SIGINT handler the context to interrupt.
--
-- The handler is C and may run at any moment, so it gets plain addresses and never enters Lua.

local ffi = require "ffi"

local function address(pointer)
  return tonumber(ffi.cast("uintptr_t", ffi.cast("void *", pointer)))
end

---@param native table   lacuna.native
---@param watch function host.watch
return function(native, watch)
  local C = native.C
  local set, clear = C.lac_context_interrupt, C.lac_context_clear_interrupt
  watch(address(set), address(clear), address(native.ctx))
end
