-- reader.lua: reads lines until they make a chunk.

local complete = require "lacuna.repl.complete"
local host = require "lacuna.host"

local reader = {}

local function incomplete(message)
  return message:sub(-7) == "'<eof>'"
end

-- An expression as an argument of the chunk's first argument, reader.keep: a call that is returned
-- straight away would leave no frame, and the traceback no line of what was typed.
local function kept(expression, name)
  return loadstring("return (...)(" .. expression:gsub(";%s*$", "") .. "\n)", name)
end

--- What chunks get as their argument.
function reader.keep(...) return ... end

-- The chunk for `text`, and whether its values are to be printed. nil, message: it does not
-- compile; nil: it is not complete.
local function compile(text, name)
  local expression = text:match("^%s*=(.*)$")
  local chunk, message = loadstring("return " .. (expression or text), name)
  if chunk then return kept(expression or text, name) or chunk, not text:match(";%s*$") end
  if not expression then
    local unfinished = incomplete(message)
    chunk, message = loadstring(text, name)
    if chunk then return chunk, false end
    if unfinished then return nil end
  end
  if incomplete(message) then return nil end
  return nil, message
end

--- Returns chunk, printing, text; nil, message, text when the lines cannot become one; false after
--- Ctrl-C; nothing at the end of the input.
---@param prompts { first: string, more: string }
---@param name string  of the chunk, as for loadstring
function reader.read(prompts, name)
  local text
  local function tab(line)
    return complete.tab(text and text .. "\n" .. line or line)
  end
  while true do
    local line = host.read_line(text and prompts.more or prompts.first, tab)
    if line == false then return false end
    if line == nil then
      if text == nil then return end
      local _, message = loadstring(text, name)
      return nil, message, text
    end
    text = text and text .. "\n" .. line or line
    local chunk, info = compile(text, name)
    if chunk or info then return chunk, info, text end
  end
end

--- A chunk of several lines as one, to be edited as a whole; nil where a line break means
--- something.
---@param text string
---@return string|nil
function reader.one_line(text)
  if not text:find("\n", 1, true) then return text end
  if text:find("--", 1, true) or text:find("%[=*%[") or text:find("\\\n", 1, true) then
    return nil
  end
  local joined = text:gsub("%s*\n%s*", " ")
  return (loadstring("return " .. joined) or loadstring(joined)) and joined or nil
end

return reader
