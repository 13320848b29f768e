-- shortcuts.lua: the globals `lacuna`, `nn` and `F` of the REPL and of `lacuna -e`.
--
-- The package is loaded when one of them is first named, so that `lacuna -e ''` loads nothing.
-- Scripts do not get them: they say `local lacuna = require "lacuna"`.

local shortcuts = {}

local find = {
  lacuna = function() return require "lacuna" end,
  nn = function() return require("lacuna").nn end,
  F = function() return require("lacuna").nn.functional end,
}

--- Makes the three names globals of the running state.
function shortcuts.install()
  setmetatable(_G, {
    __index = function(globals, name)
      local finder = find[name]
      if not finder then return nil end
      local value = finder()
      rawset(globals, name, value)
      return value
    end,
  })
end

return shortcuts
