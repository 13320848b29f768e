-- models.lua: lacuna.models.NAME(config), constructors of networks from files.
--
-- A model is a Lua script that returns a constructor: a function or class that takes a table of
-- options. NAME is looked for as NAME.lua in the folders of LACUNA_MODELS_PATH (separated by ":"),
-- then in models/ beside lua/ and, for a rock, inside the package. What contains a "/" or ends in
-- ".lua" is a path.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local native = require "lacuna.native"
local Module = require "lacuna.nn.module"

local models = {}

local function folders()
  local list = {}
  for dir in (os.getenv("LACUNA_MODELS_PATH") or ""):gmatch("[^:]+") do list[#list + 1] = dir end
  list[#list + 1] = native.root .. "/models"
  list[#list + 1] = native.package_dir .. "/models"
  return list
end

local function is_path(name)
  return name:find("/", 1, true) ~= nil or name:match("%.lua$") ~= nil
end

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

-- The names of all models, for a message: the file names are asked of the shell.
local function available()
  local seen, names = {}, {}
  for _, dir in ipairs(folders()) do
    local listing = io.popen("ls '" .. dir:gsub("'", "'\\''") .. "' 2>/dev/null")
    for file in listing and listing:lines() or function() end do
      local name = file:match("^(.*)%.lua$")
      if name and not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
    if listing then listing:close() end
  end
  table.sort(names)
  return names
end

local function find(name)
  if is_path(name) then
    if not exists(name) then errors.raisef("models: there is no file %s", name) end
    return name
  end
  for _, dir in ipairs(folders()) do
    local path = dir .. "/" .. name .. ".lua"
    if exists(path) then return path end
  end
  local names = available()
  return errors.raisef("models: unknown model '%s', there %s: %s", name,
    #names == 1 and "is" or "are", #names > 0 and table.concat(names, ", ") or "none")
end

local function is_callable(value)
  if type(value) == "function" then return true end
  local meta = type(value) == "table" and getmetatable(value)
  return meta and meta.__call ~= nil
end

--- nil, or the globals of scripts that are named by path (restricted.lua).
models.environment = nil

local function read(path, trusted)
  local environment = not trusted and models.environment or nil
  local chunk, message = loadfile(path, environment and "t" or "bt", environment)
  if not chunk then errors.raisef("models: %s", message) end
  local constructor = chunk(path)
  if not is_callable(constructor) then
    errors.raisef("models: %s returns a %s, expected a constructor: a function or a class", path,
      type(constructor))
  end
  return constructor
end

-- function that models.constructor gave -> { constructor, path }
local origins = setmetatable({}, { __mode = "k" })

-- Calls the constructor and notes how the net was made, for save().
local function wrap(name, path, trusted)
  local constructor = read(path, trusted)
  local function make(config)
    local net = constructor(config or {})
    if not class.is(net, Module) then
      errors.raisef("models: the constructor of %s made a %s, expected a module", path, type(net))
    end
    local plain = rawget(net, "_slots").value
    if plain.arch == nil and type(plain.config) == "table" then
      net.arch = { model = name, config = plain.config }
    end
    return net
  end
  origins[make] = { constructor, path }
  return make
end

--- The class or function of a model's script, and its path, from what models.constructor gave; nil
--- for anything else.
function models.origin(constructor)
  local origin = origins[constructor]
  if origin then return origin[1], origin[2] end
end

--- The names of the models that are there.
models.names = available

local cache = {}

--- The constructor of a model by name or path.
---@param name string
function models.constructor(name)
  if type(name) ~= "string" then
    errors.raisef("models: the model is a %s, expected a name or the path of a script", type(name))
  end
  if is_path(name) then return wrap(name, find(name)) end
  cache[name] = cache[name] or wrap(name, find(name), true)
  return cache[name]
end

--- The table behind lacuna.models: any key is a model's name or path.
models.table = setmetatable({}, {
  __index = function(_, name) return models.constructor(name) end,
  __call = function(_, name) return models.constructor(name) end,
  __names = available,
  __newindex = function() errors.raise("models: write a file, models/NAME.lua") end,
})

return models
