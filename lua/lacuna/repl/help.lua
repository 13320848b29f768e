-- help.lua: help(x): what the sources say of a function, class, module or value.

local colour = require "lacuna.repl.colour"
local docs = require "lacuna.repl.docs"
local errors = require "lacuna.errors"
local members = require "lacuna.repl.members"
local names = require "lacuna.repl.names"
local scan = require "lacuna.repl.scan"

local WIDTH = 100

local overview = [[
lacuna, nn, F     the package, its layers, its functions: help(nn), help(F), help(lacuna.io)
help(x)           of a function, layer, table or value; help("net.forward") of a name
show(x)           draws points, voxels or a bird's-eye view
time(f), profile(f)   milliseconds of f(); a row for every layer that it runs
who(), memory()   your globals; memory in use
_                 the last value

An expression prints itself, a semicolon at the end silences it. Tab completes names, options
inside of a call's braces, modules after require and files in strings. Ctrl-C stops what runs or
clears the line, Ctrl-R searches the history, Ctrl-D ends.

  points = lacuna.io.synthetic_scan()
  x = lacuna.quantize(points, { voxel_size = 0.05 })
  net = lacuna.models.minkunet{ num_classes = 19, cr = 0.5 }
  logits = net(x)]]

local function place(doc)
  if not doc.path then return nil end
  local file = doc.path:match("lua/(lacuna/.*)$") or doc.path
  return colour.dim(string.format("%s:%d", file, doc.line))
end

local function add(lines, indent, text)
  if text and text ~= "" then lines[#lines + 1] = indent .. text end
end

local function add_arguments(lines, parsed)
  local width = 0
  for _, param in ipairs(parsed.params) do width = math.max(width, #param.name) end
  for _, param in ipairs(parsed.params) do
    local kind = param.kind .. (param.text ~= "" and "  " .. param.text or "")
    add(lines, "  ", string.format("%-" .. width .. "s  %s", param.name, kind))
  end
  for _, value in ipairs(parsed.returns) do
    add(lines, "  ", "-> " .. value.kind .. (value.text ~= "" and "  " .. value.text or ""))
  end
end

local function add_options(lines, value)
  local keys = docs.option_keys(value)
  if #keys > 0 then add(lines, "  ", "options: " .. table.concat(keys, ", ")) end
end

-- Examples, as they are typed at the prompt.
local function add_usage(lines, usage)
  for _, text in ipairs(usage) do add(lines, "  > ", text) end
end

-- The first sentence of a comment, in one line.
local function summary(comment)
  local text = table.concat(docs.parse(comment).text, " ")
  return text:match("^(.-[^.])%.%s") or text:match("^(.-)%.?$")
end

local function is_class(value)
  local class = package.loaded["lacuna.nn.class"]
  return class and class.is_class(value)
end

-- The name of a class, and the arguments of its constructor unless the comment has them already.
local function class_heading(c, name, parsed, init)
  local public = names.of(c) or name
  if not init or (parsed.text[1] or ""):find("^" .. public .. "[({]") then return public end
  return public .. (init.arguments or "")
end

local function of_class(c)
  local doc = docs.of_class(c)
  local parsed = docs.parse(doc.comment)
  local init = c.__init and docs.of_function(c.__init)
  local lines = { colour.bold(class_heading(c, doc.name, parsed, init)) }
  for _, text in ipairs(parsed.text) do add(lines, "", text) end
  if init then
    add_arguments(lines, docs.parse(init.comment))
    add_options(lines, c)
  end
  add_usage(lines, parsed.usage)
  add(lines, "", place(doc))
  return lines
end

local function of_function(fn)
  local public = names.of(fn)
  local doc = docs.of_function(fn, public)
  if not doc then return { "a function of Lua or C, without a source to read" } end
  local lines = { colour.bold(names.call(public, doc)) }
  local parsed = docs.parse(doc.comment)
  for _, text in ipairs(parsed.text) do add(lines, "", text) end
  add_arguments(lines, parsed)
  add_options(lines, fn)
  add_usage(lines, parsed.usage)
  add(lines, "", place(doc))
  return lines
end

-- A model that comes with the package is called by its name, another one by its path.
local function model_heading(value, path)
  local models = require "lacuna.models"
  local name = path:match("([^/]*)%.lua$")
  local ok, known = pcall(models.constructor, name or "")
  if ok and rawequal(known, value) then return "lacuna.models." .. name .. "(config)" end
  return string.format("lacuna.models(%q)(config)", path)
end

local function of_model(value)
  local constructor, path = require("lacuna.models").origin(value)
  local lines = { colour.bold(model_heading(value, path)) }
  local text, usage = docs.of_model(path)
  for _, line in ipairs(text) do add(lines, "", line) end
  add_options(lines, constructor)
  add_usage(lines, usage)
  add(lines, "", colour.dim(path))
  return lines
end

local function member_line(value, name)
  local ok, member = pcall(function() return value[name] end)
  if not ok then return name, "" end
  if type(member) == "function" then
    local public = names.of(member)
    local doc = docs.of_function(member, public)
    if not doc then return name .. "()", "" end
    local call = names.call(public, doc):match("%b()$")
    return name .. (call or "()"), summary(doc.comment)
  end
  if is_class(member) then return name, summary(docs.of_class(member).comment) end
  return name, ""
end

local function of_members(value, title)
  local lines, rows, width = { colour.bold(title) }, {}, 0
  for _, name in ipairs(members.of(value)) do
    if name:sub(1, 1) ~= "_" then
      local head, text = member_line(value, name)
      rows[#rows + 1] = { head, text }
      width = math.max(width, math.min(#head, 36))
    end
  end
  for _, row in ipairs(rows) do
    local line = string.format("  %-" .. width .. "s  %s", row[1], row[2]):gsub("%s+$", "")
    lines[#lines + 1] = #line > WIDTH and line:sub(1, WIDTH - 3) .. "..." or line
  end
  return lines
end

local function title_of(value)
  for name, module in pairs(package.loaded) do
    if rawequal(module, value) then return name end
  end
  return package.loaded["lacuna.tensor"] and require("lacuna.kinds").of(value) or type(value)
end

local function lines_of(value)
  local models, class = package.loaded["lacuna.models"], package.loaded["lacuna.nn.class"]
  if models and models.origin(value) then return of_model(value) end
  if is_class(value) then return of_class(value) end
  if type(value) == "function" then return of_function(value) end
  if class and class.of(value) then return of_class(class.of(value)) end
  if type(value) == "table" or type(value) == "cdata" then
    return of_members(value, title_of(value))
  end
  return { type(value) .. " " .. tostring(value) }
end

--- What the sources say of a value: of a function its arguments, options and an example, of a class
--- its constructor, of a table or tensor what it has. A string names what it is about, "nn.Conv3d".
--- Without an argument: an overview.
---@param x any
---@usage help(F.conv3d)
local function help(...)
  local x = ...
  if select("#", ...) == 0 then
    print(overview)
    return
  end
  if type(x) == "string" then
    local value = scan.value(scan.chain(x))
    if value == nil then
      errors.raisef("help: there is no '%s', expected a name that is known here; help() lists the "
        .. "main ones", x)
    end
    x = value
  elseif x == nil then
    errors.raise("help: the value is nil: is its name spelled right? help() without one lists "
      .. "what there is")
  end
  print(table.concat(lines_of(x), "\n"))
end

return help
