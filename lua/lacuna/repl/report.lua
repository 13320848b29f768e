-- report.lua: errors: the message, the source line that it names, and the callers outside of this
-- package.

local colour = require "lacuna.repl.colour"
local docs = require "lacuna.repl.docs"
local host = require "lacuna.host"

local report = {}

local package_source = "@" .. host.root .. "/lua/lacuna/"

-- name of a chunk typed here -> its text
local typed = {}

--- Keeps the text of a chunk, for the lines that errors name.
function report.remember(name, text)
  typed[name] = text
end

local function wants_all()
  return os.getenv("LACUNA_TRACE") == "1"
end

local function is_hidden(info)
  return info.what == "C" or info.currentline < 1
    or info.source:sub(1, #package_source) == package_source
end

-- The callers from the innermost on, without C functions and files of this package.
local function callers()
  local found, level = {}, 3
  while true do
    local info = debug.getinfo(level, "Sln")
    if not info then return found end
    if not is_hidden(info) then
      found[#found + 1] = {
        place = info.short_src .. ":" .. info.currentline, name = info.name,
        main = info.what == "main",
      }
    end
    level = level + 1
  end
end

--- For xpcall: { message=, callers= }, or with LACUNA_TRACE=1 Lua's own traceback in the message.
function report.describe(err)
  if type(err) ~= "string" then err = "error value is " .. tostring(err) end
  if wants_all() then return { message = debug.traceback(err, 2), callers = {} } end
  return { message = err, callers = callers() }
end

local function nth_line(text, number)
  local n = 0
  for line in (text .. "\n"):gmatch("(.-)\n") do
    n = n + 1
    if n == number then return line end
  end
end

local function source_line(place, number)
  local text = typed[place]
  if text then return nth_line(text, number) end
  return docs.line(place, number)
end

local function show_source(message)
  local place, number = message:match("^([^\n]-):(%d+): ")
  local line = place and source_line(place, tonumber(number))
  if not line then return nil end
  return place .. ":" .. number, string.format("  %s | %s", number, line:match("^%s*(.-)%s*$"))
end

-- Callers, unless the line that was typed or that the message names is all there is.
local function show_callers(list, named)
  local lines = {}
  for _, caller in ipairs(list) do
    lines[#lines + 1] = string.format("  at %s%s", caller.place,
      caller.name and not caller.main and " in " .. caller.name or "")
  end
  if #list == 1 and (list[1].main or list[1].place == named) then return {} end
  return lines
end

--- Shows an error: { message=, callers= }, or a message alone.
function report.show(err, interactive)
  if type(err) ~= "table" then err = { message = tostring(err), callers = {} } end
  io.stdout:flush()
  if interactive and err.message:match("interrupted$") then
    io.stderr:write(colour.red("interrupted"), "\n")
    return
  end
  local message = (err.message:match("^lacuna: ") and "" or "lacuna: ") .. err.message
  io.stderr:write(interactive and colour.red(message) or message, "\n")
  if not interactive or wants_all() then return end
  local named, line = show_source(err.message)
  if line then io.stderr:write(line, "\n") end
  for _, caller in ipairs(show_callers(err.callers, named)) do
    io.stderr:write(colour.dim(caller), "\n")
  end
end

return report
