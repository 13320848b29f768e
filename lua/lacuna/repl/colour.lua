-- colour.lua: colours of a terminal, where it has them and NO_COLOR is not set.

local host = require "lacuna.host"

local colour = {}

local function wanted()
  local no, terminal = os.getenv("NO_COLOR"), os.getenv("TERM")
  return host.tty.stdin and host.tty.stdout and not (no and no ~= "")
    and terminal ~= nil and terminal ~= "" and terminal ~= "dumb"
end

local on = wanted()

local function painter(code)
  return function(text)
    return on and "\27[" .. code .. "m" .. text .. "\27[0m" or text
  end
end

colour.red, colour.dim, colour.bold = painter "31", painter "2", painter "1"

return colour
