-- repl.lua: the plain read-eval-print loop of `lacuna` without arguments.
--
-- A line that is an expression is printed; a statement that is not complete asks for more lines.
-- Piped input runs through the same loop without prompt or greeting.

local host = require "lacuna.host"
local shortcuts = require "lacuna.shortcuts"

local repl = {}

local function incomplete(message)
  return message:sub(-7) == "'<eof>'"
end

-- The chunk for `text`, and whether its values are to be printed. nil, message: it does not
-- compile; nil: it is not complete.
local function compile(text)
  local expression = text:match("^%s*=(.*)$")
  local chunk, message = loadstring("return " .. (expression or text), "=stdin")
  if chunk then return chunk, not text:match(";%s*$") end
  if not expression then
    local unfinished = incomplete(message)
    chunk, message = loadstring(text, "=stdin")
    if chunk then return chunk, false end
    if unfinished then return nil end
  end
  if incomplete(message) then return nil end
  return nil, message
end

-- Reads lines until they make a chunk. Returns chunk, printing; nil, message when they cannot;
-- false after Ctrl-C; nothing at the end of the input.
local function read(prompts)
  local text
  while true do
    local line = host.read_line(text and prompts.more or prompts.first)
    if line == false then return false end
    if line == nil then
      if text == nil then return end
      local _, message = loadstring(text, "=stdin")
      return nil, message
    end
    text = text and text .. "\n" .. line or line
    local chunk, info = compile(text)
    if chunk or info then return chunk, info end
  end
end

local function show(count, ...)
  if count == 0 then return end
  rawset(_G, "_", (...))
  print(...)
end

local function describe(err)
  if type(err) ~= "string" then err = "error value is " .. tostring(err) end
  if os.getenv("LACUNA_TRACE") == "1" then return debug.traceback(err, 2) end
  return err
end

-- The results of xpcall with their number, so that trailing nils are shown.
local function pack(...)
  return select("#", ...), ...
end

local function run_chunk(chunk, printing)
  local results = { pack(xpcall(chunk, describe)) }
  local count = results[1]
  local ok, message = results[2], results[3]
  if ok and printing then
    -- print itself may fail: tostring of a value computes it
    ok, message = xpcall(function() show(count - 1, unpack(results, 3, count + 1)) end, describe)
  end
  if not ok then io.stderr:write("lacuna: ", tostring(message), "\n") end
  return ok
end

--- Reads and runs until the end of the input. Returns the exit status: errors end nothing, but
--- piped input that had one ends with 1.
function repl.run()
  shortcuts.install()
  local interactive = host.tty.stdin
  local prompts = { first = "", more = "" }
  if interactive then
    prompts = { first = "> ", more = ">> " }
    print("Lacuna. `lacuna`, `nn` and `F` are loaded on first use; Ctrl-D ends.")
  end
  local failed = false
  while true do
    local ok, chunk, info = pcall(read, prompts)
    if not ok then
      if chunk ~= "interrupted" then error(chunk, 0) end
      chunk = false -- Ctrl-C came between two lines
    end
    if chunk then
      failed = not run_chunk(chunk, info) or failed
    elseif chunk == false then
      io.write("\n")
    elseif info then
      io.stderr:write("lacuna: ", info, "\n")
      failed = true
    else
      break
    end
    host.rearm()
  end
  if interactive then io.write("\n") end
  return (failed and not interactive) and 1 or 0
end

return repl
