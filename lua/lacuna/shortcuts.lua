-- shortcuts.lua: the globals `lacuna`, `nn` and `F` of the REPL and of `lacuna -e`.
--
-- The package is loaded when one of them is first named, so that `lacuna -e ''` loads nothing.
-- Scripts do not get them: they say `local lacuna = require "lacuna"`.

local shortcuts = {}

-- name -> a function that gives the value
local find = {
  lacuna = function() return require "lacuna" end,
  nn = function() return require("lacuna").nn end,
  F = function() return require("lacuna").nn.functional end,
}

--- Makes the names globals of the running state, and those of `more`, which are found alike.
---@param more? table<string, function>
function shortcuts.install(more)
  for name, finder in pairs(more or {}) do find[name] = finder end
  setmetatable(_G, {
    __index = function(globals, name)
      local finder = find[name]
      if not finder then return nil end
      local value = finder()
      rawset(globals, name, value)
      return value
    end,
    __names = shortcuts.names,
  })
end

--- All names that are found so.
---@return string[]
function shortcuts.names()
  local names = {}
  for name in pairs(find) do names[#names + 1] = name end
  return names
end

return shortcuts
