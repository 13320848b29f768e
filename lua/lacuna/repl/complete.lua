-- complete.lua: what the Tab key inserts: names, fields, methods, option keys, modules, files.

local docs = require "lacuna.repl.docs"
local host = require "lacuna.host"
local members = require "lacuna.repl.members"
local scan = require "lacuna.repl.scan"

local complete = {}

local INDENT = "  "

local keywords = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
  "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}

local function starting_with(names, prefix)
  local found, seen = {}, {}
  for _, name in ipairs(names) do
    local hidden = name:sub(1, 1) == "_" and prefix:sub(1, 1) ~= "_"
    if name:sub(1, #prefix) == prefix and not hidden and not seen[name] then
      seen[name] = true
      found[#found + 1] = name
    end
  end
  table.sort(found)
  return found
end

local function only_identifiers(names)
  local found = {}
  for _, name in ipairs(names) do
    if name:match("^[%a_][%w_]*$") then found[#found + 1] = name end
  end
  return found
end

local function only_methods(value, names)
  local found = {}
  for _, name in ipairs(names) do
    local ok, member = pcall(function() return value[name] end)
    if ok and type(member) == "function" then found[#found + 1] = name end
  end
  return found
end

local function fields(text, separator, prefix)
  local value = scan.value(scan.chain(text))
  if value == nil then return {} end
  local names = only_identifiers(starting_with(members.of(value), prefix))
  return separator == ":" and only_methods(value, names) or names
end

-- The keys that the call around the open brace takes, as `key = `, but those that are given.
local function option_keys(text, open, prefix)
  local brace = open[#open]
  if not brace or brace.char ~= "{" then return {} end
  local before = text:sub(1, brace.at - 1):match("^(.-)%s*$")
  local call = open[#open - 1]
  if call and call.char == "(" and not scan.chain(before) then
    before = text:sub(1, call.at - 1)
  end
  local callee = scan.value(scan.chain(before))
  if callee == nil then return {} end
  local given, keys = text:sub(brace.at), {}
  for _, key in ipairs(docs.option_keys(callee)) do
    if not given:find("[{,;%s]" .. key .. "%s*=") then keys[#keys + 1] = key .. "=" end
  end
  return starting_with(keys, prefix)
end

local function in_code(text, open)
  local before, prefix = text:match("^(.-)([%a_][%w_]*)$")
  if not before then before, prefix = text, "" end
  local base, separator = before:match("^(.-)%s*([.:])%s*$")
  if base and not before:match("%.%.%s*$") then return fields(base, separator, prefix), prefix end
  if before:match("[{,;]%s*$") then
    local keys = option_keys(before, open, prefix)
    if #keys > 0 then return keys, prefix end
  end
  local names = only_identifiers(members.of(_G))
  for _, word in ipairs(keywords) do names[#names + 1] = word end
  return starting_with(names, prefix), prefix
end

local function list_folder(path)
  local names = host.list_folder(path == "" and "." or path)
  table.sort(names)
  return names
end

local function files(content)
  local folder, prefix = content:match("^(.*/)([^/]*)$")
  if not folder then folder, prefix = "", content end
  local place = folder:gsub("^~/", (os.getenv("HOME") or "~"):gsub("%%", "%%%%") .. "/")
  local found = {}
  for _, name in ipairs(list_folder(place)) do
    local hidden = name:sub(1, 1) == "." and prefix:sub(1, 1) ~= "."
    if name:sub(1, #prefix) == prefix and not hidden then found[#found + 1] = name end
  end
  return found, prefix
end

-- Modules under the part of the name that ends in a dot, from every place of package.path.
local function modules(content)
  local parent, prefix = content:match("^(.*%.)([^.]*)$")
  if not parent then parent, prefix = "", content end
  local names = {}
  for template in package.path:gmatch("[^;]+") do
    local root, extension = template:match("^(.-)%?(.*)$")
    for _, file in ipairs(root and list_folder(root .. parent:gsub("%.", "/")) or {}) do
      local name = extension == ".lua" and file:match("^([%w_-]+)%.lua$")
        or file:match("^([%w_-]+)/$")
      if name and name ~= "init" then names[#names + 1] = name end
    end
  end
  for _, known in ipairs { package.loaded, package.preload } do
    for name in pairs(known) do
      local inside = type(name) == "string" and name:sub(1, #parent) == parent
      local rest = inside and name:sub(#parent + 1) or ""
      if rest ~= "" and not rest:find(".", 1, true) then names[#names + 1] = rest end
    end
  end
  return starting_with(names, prefix), prefix
end

local function in_string(text, context)
  local content = text:sub(context.start)
  local before = text:sub(1, context.start - 2)
  local requires = before:match("%f[%w_]require%s*%(?%s*$")
  if requires then return modules(content) end
  return files(content)
end

local function common_prefix(names)
  local first, last = names[1], names[#names]
  local n = 0
  while n < #first and first:byte(n + 1) == last:byte(n + 1) do n = n + 1 end
  return first:sub(1, n)
end

--- What can stand at the end of `text`, and the start of it that is there already.
---@param text string
---@return string[] names
---@return string prefix
---@return table context  of scan.context
function complete.candidates(text)
  local context = scan.context(text)
  local names, prefix = {}, ""
  if context.kind == "string" then
    names, prefix = in_string(text, context)
  elseif context.kind == "code" then
    names, prefix = in_code(text, context.open)
  end
  return names, prefix, context
end

-- The names in as many columns as fit.
local function columns(names, width)
  local longest = 0
  for _, name in ipairs(names) do longest = math.max(longest, #name) end
  local per_line = math.max(1, math.floor(width / (longest + 2)))
  local rows, lines = math.ceil(#names / per_line), {}
  for row = 1, rows do
    local cells = {}
    for i = row, #names, rows do
      cells[#cells + 1] = names[i] .. (" "):rep(longest + 2 - #names[i])
    end
    lines[row] = table.concat(cells):gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

--- For host.read_line: what to insert behind `text`, or nil, and a text to show, or nil.
---@param text string
function complete.tab(text)
  if text:match("^%s*$") or text:match("\n%s*$") then return INDENT end
  local names, prefix, context = complete.candidates(text)
  if #names == 0 then return nil end
  local insert = common_prefix(names):sub(#prefix + 1)
  if #names == 1 then
    local whole = names[1]:sub(-1) ~= "/"
    return insert .. (context.kind == "string" and whole and context.quote or "")
  end
  if insert ~= "" then return insert end
  return nil, columns(names, host.width())
end

return complete
