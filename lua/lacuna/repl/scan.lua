-- scan.lua: where in Lua's grammar a text ends: in code, in a string or in a comment, and inside of
-- which brackets. Just enough of a lexer to complete a line that is being typed.

local scan = {}

local closing = { [")"] = "(", ["]"] = "[", ["}"] = "{" }

-- The end of a short string from its quote at `i`; nil when it is not closed.
local function short_string(text, i, quote)
  local at = i + 1
  while at <= #text do
    local c = text:sub(at, at)
    if c == "\\" then
      at = at + 1
    elseif c == quote then
      return at
    elseif c == "\n" then
      return at
    end
    at = at + 1
  end
  return nil
end

-- The end of a long bracket that opens at `i`: number; false when it is not closed; nil when none
-- opens there.
local function long_bracket(text, i)
  local level = text:match("^%[(=*)%[", i)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", i, true)
  return last or false
end

local function comment(text, i)
  local last = long_bracket(text, i + 2)
  if last ~= nil then return last end
  return text:find("\n", i, true) or false
end

--- Where `text` ends: kind "code", "string" or "comment"; start: of a string's content; quote; and
--- the open brackets, outermost first, as {char=, at=}.
---@param text string
---@return { kind: string, start: integer|nil, quote: string|nil, open: table[] }
function scan.context(text)
  local open, i = {}, 1
  while i <= #text do
    local c = text:sub(i, i)
    local last = i
    if c == '"' or c == "'" then
      last = short_string(text, i, c)
      if not last then return { kind = "string", start = i + 1, quote = c, open = open } end
    elseif c == "-" and text:sub(i + 1, i + 1) == "-" then
      last = comment(text, i)
      if not last then return { kind = "comment", open = open } end
    elseif c == "[" then
      local closed = long_bracket(text, i)
      if closed == false then return { kind = "comment", open = open } end -- nothing to complete
      if closed then last = closed else open[#open + 1] = { char = c, at = i } end
    elseif c == "(" or c == "{" then
      open[#open + 1] = { char = c, at = i }
    elseif closing[c] and open[#open] and open[#open].char == closing[c] then
      open[#open] = nil
    end
    i = last + 1
  end
  return { kind = "code", open = open }
end

-- The parts of a[1].b:c, outermost last; each pattern takes one from the end of the text.
local function last_part(text)
  local rest, separator, name = text:match("^(.-)([.:]?)%s*([%a_][%w_]*)$")
  if rest then return rest, separator, name end
  local index
  rest, index = text:match("^(.*)%[%s*(%-?%d+)%s*%]$")
  if rest then return rest, "[", tonumber(index) end
  rest, separator, index = text:match("^(.*)%[%s*(['\"])([^'\"%]]*)['\"]%s*%]$")
  if rest then return rest, separator and "[", index end
  return nil
end

--- The keys of the chain of names and indices at the end of `text`, `net.stages[2]:forward` as
--- {"net", "stages", 2, "forward"}; nil when there is none or when something is called in it.
---@param text string
---@return table|nil
function scan.chain(text)
  local keys = {}
  text = text:match("^(.-)%s*$")
  while true do
    local rest, separator, key = last_part(text)
    if not rest then return nil end
    table.insert(keys, 1, key)
    if separator == "" then return keys end
    text = rest:match("^(.-)%s*$")
  end
end

--- The value of a chain of keys from the globals on; nil when it is not there.
function scan.value(keys)
  local value = _G
  for _, key in ipairs(keys or { false }) do
    local ok, found = pcall(function() return value[key] end)
    if not ok or found == nil then return nil end
    value = found
  end
  return value
end

return scan
