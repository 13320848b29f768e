-- interpreted.lua: code of the user runs without the JIT, so that Ctrl-C stops it.
--
-- The hook that the signal sets is not called in compiled traces. Functions that are typed here or
-- loaded from files outside of this package are never compiled, not even as part of a trace that
-- starts in the package; the package itself is, and its loops end or call operations, which look
-- at the signal themselves.

local host = require "lacuna.host"

local interpreted = {}

local package_source = "@" .. host.root .. "/"

--- Turns the JIT off for a function and those inside of it.
function interpreted.mark(fn)
  if type(fn) == "function" then jit.off(fn, true) end
  return fn
end

local function is_ours(fn)
  return debug.getinfo(fn, "S").source:sub(1, #package_source + 4) == package_source .. "lua/"
end

-- A function that loads a chunk, with what it gives marked.
local function marking(load)
  local function mark(fn, ...)
    if type(fn) == "function" and not is_ours(fn) then interpreted.mark(fn) end
    return fn, ...
  end
  return function(...)
    return mark(load(...))
  end
end

--- Marks what the functions of this state that load code will load.
function interpreted.install()
  for _, name in ipairs { "load", "loadstring", "loadfile" } do _G[name] = marking(_G[name]) end
  function _G.dofile(path)
    local chunk, message = loadfile(path)
    if not chunk then error(message, 0) end
    return chunk()
  end
  local lua_files = 2 -- the searcher of package.path
  package.loaders[lua_files] = marking(package.loaders[lua_files])
end

return interpreted
