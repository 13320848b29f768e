-- docs.lua: what the sources say of a function or class: the LuaCATS comment above it, its
-- signature, the keys of its options, and examples: `---@usage LINE`, as typed at the prompt.

local docs = {}

local cache = {}

local function lines_of(path)
  if cache[path] == nil then
    local file = io.open(path, "rb")
    local lines = {}
    for line in file and file:lines() or function() end do lines[#lines + 1] = line end
    if file then file:close() end
    cache[path] = lines
  end
  return cache[path]
end

--- The text of a line of a file, or nil.
function docs.line(path, number)
  return lines_of(path)[number]
end

-- The lines of the comment that ends above line `number`, without their dashes.
local function comment_above(lines, number)
  local found = {}
  for i = number - 1, 1, -1 do
    local text = lines[i]:match("^%s*%-%-%-(.*)$")
    if not text then break end
    table.insert(found, 1, text)
  end
  return found
end

-- "{ a: x, b: y }|nil  text" -> type, text
local type_patterns = {
  "^%b{}[^%s]*", "^%b()[^%s]*", "^fun%b():%s*[^%s]+", "^fun%b()", "^table%b<>[^%s]*", "^%S+",
}

local function split_type(text)
  local kind = ""
  for _, pattern in ipairs(type_patterns) do
    kind = text:match(pattern) or ""
    if kind ~= "" then break end
  end
  return kind, text:sub(#kind + 1):match("^%s*(.-)%s*$")
end

--- A comment taken apart: text, params {name, kind, text}, returns {kind, text}, usage: lines of
--- Lua.
function docs.parse(comment)
  local parsed = { text = {}, params = {}, returns = {}, usage = {} }
  local last
  for _, line in ipairs(comment) do
    local tag, rest = line:match("^@(%w+)%s*(.*)$")
    if tag == "param" then
      local name, more = rest:match("^(%S+)%s*(.*)$")
      local kind, text = split_type(more or "")
      last = { name = name, kind = kind, text = text }
      table.insert(parsed.params, last)
    elseif tag == "return" then
      local kind, text = split_type(rest)
      last = { kind = kind, text = text }
      table.insert(parsed.returns, last)
    elseif tag == "usage" then
      last = {}
      table.insert(parsed.usage, rest)
    elseif tag then
      last = {}
    elseif last then -- goes on with a tag
      last.text = ((last.text or "") .. " " .. line:match("^%s*(.-)%s*$")):match("^%s*(.-)$")
    else
      table.insert(parsed.text, (line:gsub("^ ", "")))
    end
  end
  return parsed
end

local function heading(line)
  local name, arguments = line:match("function%s+([%w_.:]+)%s*(%b())")
  if name then return name, arguments end
  name, arguments = line:match("([%w_.]+)%s*=%s*function%s*(%b())")
  if name then return name, arguments end
  return nil, line:match("function%s*(%b())")
end

-- The line where a field of this name is defined below a comment: `methods.abs = unary(...)`.
local function definition(lines, name)
  local pattern = "^%s*[%w_]+%." .. name .. "%s*="
  for number, line in ipairs(lines) do
    if line:find(pattern) and lines[number - 1]:find("^%s*%-%-%-") then return number end
  end
  return nil
end

--- { name=, arguments=, comment=, path=, line= } of a Lua function, as far as its source tells;
--- nil for one without a source file. One that another function made has its comment where it got
--- its name, the last part of `public`.
---@param fn function
---@param public string|nil  see names.of
function docs.of_function(fn, public)
  local info = debug.getinfo(fn, "S")
  local path = info.source:match("^@(.*)$")
  if not path then return nil end
  local lines = lines_of(path)
  local first = lines[info.linedefined]
  if not first then return nil end
  local after = first
  if not first:find("%)") then after = first .. (lines[info.linedefined + 1] or "") end
  local name, arguments = heading(after)
  local at, comment = info.linedefined, comment_above(lines, info.linedefined)
  if #comment == 0 and public then
    at = definition(lines, public:match("[%w_]+$")) or at
    comment = comment_above(lines, at)
  end
  return { name = name, arguments = arguments, path = path, line = at, comment = comment }
end

--- The comment at the head of a file: the lines up to the first that is none.
function docs.head(path)
  local found = {}
  for _, line in ipairs(lines_of(path)) do
    local text = line:match("^%-%-%s?(.*)$")
    if not text then break end
    found[#found + 1] = text
  end
  return found
end

--- The comment at the head of a model's file, and the examples in it: lines "Usage: ...".
---@return string[] text
---@return string[] usage
function docs.of_model(path)
  local text, usage = {}, {}
  for _, line in ipairs(docs.head(path)) do
    local example = line:match("^Usage: (.*)$")
    if example then usage[#usage + 1] = example else text[#text + 1] = line end
  end
  if text[#text] == "" then text[#text] = nil end
  return text, usage
end

--- The same as of_function for a class of lacuna.nn.class: the comment above the line that makes
--- it.
function docs.of_class(c)
  local class = require "lacuna.nn.class"
  local name = class.name(c)
  for _, member in ipairs { "__init", unpack(class.member_names(c)) } do
    local fn = c[member]
    local info = type(fn) == "function" and debug.getinfo(fn, "S")
    local path = info and info.source:match("^@(.*)$")
    for number, line in ipairs(path and lines_of(path) or {}) do
      if line:find('class[%w_.]*%(%s*"' .. name .. '"') then
        return { name = name, comment = comment_above(lines_of(path), number), path = path,
          line = number }
      end
    end
    local made = path and definition(lines_of(path), name) -- `layers.MaxPool3d = windows(...)`
    if made then
      return { name = name, comment = comment_above(lines_of(path), made), path = path,
        line = made }
    end
  end
  return { name = name, comment = {} }
end

-- Tables {name = true, ...} that a function refers to: the options that it lets through.
local function upvalue_keys(fn, set)
  for i = 1, 60 do
    local name, value = debug.getupvalue(fn, i)
    if not name then return end
    if type(value) == "table" and getmetatable(value) == nil and next(value) ~= nil then
      local is_set = true
      for key, item in pairs(value) do
        is_set = is_set and type(key) == "string" and (item == true or name == "defaults")
      end
      if is_set then
        for key in pairs(value) do set[key] = true end
      end
    end
  end
end

-- The keys of tables that the function writes out where it checks its options:
-- errors.options("time", opts, { n = true }), nn.config("minkunet", config, { cr = 1.0 }).
local function written_keys(fn, set)
  local info = debug.getinfo(fn, "S")
  local path = info.source:match("^@(.*)$")
  local body = path and table.concat(lines_of(path), "\n", info.linedefined,
    math.min(info.lastlinedefined, #lines_of(path))) or ""
  for _, check in ipairs { "errors%.options(%b())", "nn%.config(%b())" } do
    for arguments in body:gmatch(check) do
      local keys = arguments:match(",%s*(%b{})%s*%)$") or ""
      keys = keys:sub(2, -2):gsub("%b{}", "")
      for key in keys:gmatch("([%a_][%w_]*)%s*=") do set[key] = true end
    end
  end
end

local function comment_keys(comment, set)
  local parsed = docs.parse(comment)
  for _, param in ipairs(parsed.params) do
    for key in (param.kind:match("^%b{}") or ""):gmatch("([%a_][%w_]*)%??%s*:") do
      set[key] = true
    end
  end
  for options in table.concat(parsed.text, " "):gmatch("%b{}") do
    for key in options:gmatch("[{,]%s*([%a_][%w_]*)%s*=") do set[key] = true end
  end
end

--- The names of the options that a function or class takes, in order; empty when unknown.
---@return string[]
function docs.option_keys(value)
  local set, fn = {}, value
  local models = package.loaded["lacuna.models"]
  if models and models.origin(value) then value = models.origin(value) end
  local class = package.loaded["lacuna.nn.class"]
  if class and class.is_class(value) then
    comment_keys(docs.of_class(value).comment, set)
    fn = value.__init
  elseif type(value) == "function" then
    fn = value
  end
  if type(fn) == "function" then
    upvalue_keys(fn, set)
    written_keys(fn, set)
    local doc = docs.of_function(fn)
    if doc then comment_keys(doc.comment, set) end
  end
  local keys = {}
  for key in pairs(set) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

return docs
