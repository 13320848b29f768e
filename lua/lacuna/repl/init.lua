-- repl/init.lua: the read-eval-print loop of `lacuna` without arguments.
--
-- A line that is an expression is printed; a statement that is not complete asks for more lines.
-- Piped input runs through the same loop without prompt, greeting, history or colour.

local ffi = require "ffi"
local colour = require "lacuna.repl.colour"
local commands = require "lacuna.repl.commands"
local history = require "lacuna.repl.history"
local host = require "lacuna.host"
local interpreted = require "lacuna.repl.interpreted"
local printer = require "lacuna.repl.printer"
local reader = require "lacuna.repl.reader"
local report = require "lacuna.repl.report"
local shortcuts = require "lacuna.shortcuts"

local repl = {}

local NOTEWORTHY = 0.05 -- seconds: the time of a chunk that took longer is shown

ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } lacuna_timespec;
  int clock_gettime(int clock, lacuna_timespec *time);
]]
local MONOTONIC = 1
local timespec = ffi.new("lacuna_timespec")

local function now()
  ffi.C.clock_gettime(MONOTONIC, timespec)
  return tonumber(timespec.seconds) + tonumber(timespec.nanoseconds) * 1e-9
end

local function show(count, ...)
  if count == 0 then return end
  rawset(_G, "_", (...))
  local texts = {}
  for i = 1, count do texts[i] = printer.text((select(i, ...))) end
  print(table.concat(texts, "\t"))
end

-- The results of xpcall with their number, so that trailing nils are shown.
local function pack(...)
  return select("#", ...), ...
end

local function run_chunk(chunk, printing, interactive)
  local start = now()
  local results = { pack(xpcall(chunk, report.describe, reader.keep)) }
  local count = results[1]
  local ok, err = results[2], results[3]
  if ok and printing then
    -- to print may fail too: the text of a value computes it
    ok, err = xpcall(function() show(count - 1, unpack(results, 3, count + 1)) end, report.describe)
  end
  local seconds = now() - start
  if not ok then
    report.show(err, interactive)
  elseif interactive and seconds > NOTEWORTHY then
    print(colour.dim(seconds < 1 and string.format("(%.0f ms)", seconds * 1000)
      or string.format("(%.2f s)", seconds)))
  end
  return ok
end

local hinted = false

-- Lua's locals end with their chunk: said once.
local function hint_at_locals(text)
  local name = text:match("^%s*local%s+([%a_][%w_]*)%s*=")
  if not name or hinted then return end
  hinted = true
  print(colour.dim("(a local ends with its line: leave `local` out to keep " .. name .. ")"))
end

-- One chunk. Returns false when it failed, nil at the end of the input.
local function step(session)
  session.count = session.count + 1
  local name = session.interactive and "input " .. session.count or "stdin"
  local ok, chunk, info, text = pcall(reader.read, session.prompts, "=" .. name)
  if not ok then
    if chunk ~= "interrupted" then error(chunk, 0) end
    chunk = false -- Ctrl-C came between two lines
  end
  if chunk == false then
    io.write("\n")
    return true
  elseif not chunk and not info then
    return nil
  end
  if session.interactive then
    if host.edits then history.add(text) end
    report.remember(name, text)
  end
  if not chunk then
    report.show(info, session.interactive)
    return false
  end
  local done = run_chunk(interpreted.mark(chunk), info, session.interactive)
  if done and session.interactive then hint_at_locals(text) end
  return done
end

--- Reads and runs until the end of the input. Returns the exit status: errors end nothing, but
--- piped input that had one ends with 1.
function repl.run()
  shortcuts.install(commands)
  local session = { count = 0, interactive = host.tty.stdin, prompts = { first = "", more = "" } }
  if session.interactive then
    session.prompts = { first = "> ", more = ">> " }
    interpreted.install()
    if host.edits then history.load() end
    print("Lacuna. help() tells what there is, Tab completes, Ctrl-C stops, Ctrl-D ends.")
  end
  local failed = false
  while true do
    local ok, done = pcall(step, session)
    if not ok then
      if done ~= "interrupted" then error(done, 0) end
      io.write("\n") -- Ctrl-C came when the chunk was done
    elseif done == nil then
      break
    end
    failed = failed or not done
    host.rearm()
  end
  if session.interactive then io.write("\n") end
  return (failed and not session.interactive) and 1 or 0
end

return repl
