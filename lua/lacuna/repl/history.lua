-- history.lua: the lines of earlier sessions: $XDG_STATE_HOME/lacuna/history, one a line.
--
-- A line is appended by one write, so that sessions side by side do not tear each other's lines.
-- Copies stay in the file until a session starts and finds too many; in memory a line is there
-- once. Without a place to write, the history is that of the session.

local host = require "lacuna.host"
local reader = require "lacuna.repl.reader"

local history = {}

local KEPT = 2000 -- lines
local last

local function folder()
  local state, home = os.getenv("XDG_STATE_HOME"), os.getenv("HOME")
  if state and state:sub(1, 1) == "/" then return state .. "/lacuna" end
  return home and home ~= "" and home .. "/.local/state/lacuna" or nil
end

local function path()
  local place = folder()
  return place and place .. "/history"
end

-- The last KEPT different lines, each where it stands last; and the number of all.
local function read(file)
  local lines, kept, seen = {}, {}, {}
  for line in file:lines() do lines[#lines + 1] = line end
  for i = #lines, 1, -1 do
    if #kept == KEPT then break end
    if lines[i] ~= "" and not seen[lines[i]] then
      seen[lines[i]] = true
      table.insert(kept, lines[i])
    end
  end
  for i = 1, math.floor(#kept / 2) do
    kept[i], kept[#kept + 1 - i] = kept[#kept + 1 - i], kept[i]
  end
  return kept, #lines
end

-- Writes the file anew under another name and puts it in place.
local function replace(where, lines)
  local new = where .. ".new"
  local file = io.open(new, "wb")
  if not file then return end
  local written = file:write(table.concat(lines, "\n"), "\n")
  if file:close() and written then os.rename(new, where) else os.remove(new) end
end

--- Gives the lines of the file to the line editor.
function history.load()
  local where = path()
  local file = where and io.open(where, "rb")
  if not file then return end
  local kept, count = read(file)
  file:close()
  for _, line in ipairs(kept) do host.remember(line) end
  last = kept[#kept]
  if count > 2 * KEPT then replace(where, kept) end
end

local function append(line)
  local place = folder()
  if not place or not host.make_folder(place) then return end
  local file = io.open(path(), "ab")
  if not file then return end
  file:setvbuf("full", #line + 1)
  file:write(line, "\n")
  file:close()
end

--- Adds what was typed: a chunk of several lines as one where that means the same. A line that
--- starts with a space is not kept.
---@param text string
function history.add(text)
  local whole = reader.one_line(text)
  for line in (whole or text):gmatch("[^\n]+") do
    if line:match("^%S") and line ~= last then
      last = line
      host.remember(line)
      append(line)
    end
  end
end

return history
