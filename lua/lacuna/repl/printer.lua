-- printer.lua: how the REPL shows values: tables short and in order, the rest as it prints itself.

local docs = require "lacuna.repl.docs"
local members = require "lacuna.repl.members"
local public_names = require "lacuna.repl.names"

local printer = {}

local WIDTH, DEPTH, ITEMS, TEXT = 80, 4, 20, 60

local function is_identifier(key)
  return type(key) == "string" and key:match("^[%a_][%w_]*$") ~= nil
end

local function function_text(fn)
  local public = public_names.of(fn)
  local doc = docs.of_function(fn, public)
  if not doc or not doc.arguments then return tostring(fn) end
  local file = doc.path:match("lua/(lacuna/.*)$") or doc.path
  local call = (public or doc.name) and public_names.call(public, doc) or doc.arguments
  return string.format("function %s  %s:%d", call, file, doc.line)
end

-- An object that prints itself, as one line: of a tensor the last, which tells what it is.
local function object_line(value)
  local text = tostring(value)
  local lines = {}
  for line in text:gmatch("[^\n]+") do lines[#lines + 1] = line end
  if #lines <= 1 then return text end
  if type(value) == "cdata" then return lines[#lines] end
  return lines[1] .. " ... " .. lines[#lines]
end

local function string_text(value)
  local text = value:sub(1, TEXT):gsub('[%c"\\]', function(c)
    local short = { ["\n"] = "\\n", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }
    return short[c] or string.format("\\%03d", c:byte())
  end)
  return '"' .. text .. '"' .. (#value > TEXT and string.format("... %d bytes", #value) or "")
end

local function prints_itself(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__tostring") ~= nil
end

-- Names before other keys, each in order.
local function sorted_keys(t, length)
  local keys = {}
  for key in next, t do
    local item = type(key) == "number" and key % 1 == 0 and key >= 1 and key <= length
    if not item then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    local ka, kb = type(a), type(b)
    if ka ~= kb then return ka == "string" or (kb ~= "string" and ka < kb) end
    if ka == "string" or ka == "number" then return a < b end
    return tostring(a) < tostring(b)
  end)
  return keys
end

local short -- forward

local function key_text(key, seen)
  if is_identifier(key) then return key .. " = " end
  return "[" .. short(key, DEPTH, seen) .. "] = "
end

local function table_parts(t, depth, seen)
  local length, parts = #t, {}
  for i = 1, math.min(length, ITEMS) do parts[i] = short(rawget(t, i), depth + 1, seen) end
  if length > ITEMS then parts[#parts + 1] = string.format("... %d more", length - ITEMS) end
  local keys = sorted_keys(t, length)
  for i = 1, math.min(#keys, ITEMS) do
    parts[#parts + 1] = key_text(keys[i], seen) .. short(rawget(t, keys[i]), depth + 1, seen)
  end
  if #keys > ITEMS then parts[#parts + 1] = string.format("... %d more", #keys - ITEMS) end
  return parts
end

local function table_text(t, depth, seen)
  if seen[t] then return "{...}" end
  if next(t) == nil then return "{}" end
  if depth >= DEPTH then return "{...}" end
  seen[t] = true
  local parts = table_parts(t, depth, seen)
  seen[t] = nil
  local line = "{ " .. table.concat(parts, ", ") .. " }"
  if #line + 2 * depth <= WIDTH and not line:find("\n", 1, true) then return line end
  local indent = ("  "):rep(depth + 1)
  return "{\n" .. indent .. table.concat(parts, ",\n" .. indent) .. "\n" .. ("  "):rep(depth) .. "}"
end

function short(value, depth, seen)
  local kind = type(value)
  if kind == "string" then return string_text(value) end
  if kind == "table" and not prints_itself(value) then return table_text(value, depth, seen) end
  if kind == "function" then return function_text(value) end
  if kind == "table" or kind == "cdata" then return object_line(value) end
  return tostring(value)
end

--- A value in one line, as inside of a table.
function printer.line(value)
  return (short(value, DEPTH - 1, {}):gsub("\n%s*", " "))
end

-- The names behind a table that keeps them elsewhere.
local function names_text(names)
  local lines, line = {}, "{"
  for i, name in ipairs(names) do
    local item = " " .. name .. (i < #names and "," or "")
    if #line + #item > WIDTH then
      lines[#lines + 1] = line
      line = " "
    end
    line = line .. item
  end
  lines[#lines + 1] = line .. " }"
  return table.concat(lines, "\n")
end

--- A value as the REPL prints it.
function printer.text(value)
  local kind = type(value)
  if kind == "function" then return function_text(value) end
  if kind ~= "table" or prints_itself(value) then return tostring(value) end
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__names") then return names_text(members.of(value)) end
  return table_text(value, 0, {})
end

return printer
