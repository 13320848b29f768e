-- restricted.lua: the globals of a script that is kept from mistakes: no files, no memory, no code
-- but its own text.
--
-- The package runs with Lua's own globals; the script never sees those tables, only copies of what
-- computes. What opens files or hands out pointers is taken out of the package as the script
-- reaches it. This is a railing and no wall.

local errors = require "lacuna.errors"

local restricted = {}

local plain = {
  "assert", "error", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawset",
  "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
}
local libraries = { "bit", "math", "string", "table" }
local denied = { io = true, hdf5 = true, convert = true, tune = true }
local modules = { "lacuna", "lacuna.nn", "lacuna.nn.functional", "lacuna.errors",
  "lacuna.semantickitti" }

local function refuse(name)
  return function()
    errors.raisef("%s: is not there in a restricted script", name)
  end
end

local function copy(t)
  local result = {}
  for key, value in pairs(t) do result[key] = value end
  return result
end

local function proxy_of(lacuna)
  return setmetatable({}, {
    __index = function(_, name)
      if denied[name] then refuse("lacuna." .. name)() end
      return lacuna[name]
    end,
    __newindex = refuse "assignment to lacuna",
    __metatable = false,
  })
end

-- Text only; its globals are the script's.
local function loader(environment)
  return function(text, name)
    if type(text) ~= "string" then
      errors.raisef("loadstring: a %s, expected a string", type(text))
    end
    if text:byte() == 27 then return nil, "bytecode is not loaded in a restricted script" end
    local chunk, message = loadstring(text, name)
    return chunk and setfenv(chunk, environment), message
  end
end

local function collector(what)
  if what == nil or what == "collect" or what == "count" or what == "step" then
    return collectgarbage(what or "collect")
  end
  return refuse("collectgarbage '" .. tostring(what) .. "'")()
end

-- Takes out of the package what a script could reach through its objects.
local function harden()
  local T = require "lacuna.tensor"
  local Module = require "lacuna.nn.module"
  require "lacuna.nn.load_save"
  require "lacuna.create"
  T.methods.data = nil
  T.from_memory = refuse "a tensor over a pointer"
  Module.save, Module.load = refuse "save", refuse "load"
  string.dump = nil -- luacheck: ignore
  getmetatable("").__metatable = "string"
end

--- The globals of a restricted script.
---@param lacuna table  the package
---@return table
function restricted.environment(lacuna)
  local environment = {}
  for _, name in ipairs(plain) do environment[name] = _G[name] end
  local proxy, known = proxy_of(lacuna), {}
  for _, name in ipairs(modules) do known[name] = true end
  require "lacuna.nn" -- before anything is taken away
  harden()
  for _, name in ipairs(libraries) do environment[name] = copy(require(name)) end
  environment._G = environment
  environment._VERSION = _VERSION
  environment.loadstring = loader(environment)
  environment.collectgarbage = collector
  function environment.require(name)
    if name == "lacuna" then return proxy end
    if known[name] then return require(name) end
    return errors.raisef("require: '%s' is not there in a restricted script", tostring(name))
  end
  require("lacuna.models").environment = environment
  return environment
end

return restricted
