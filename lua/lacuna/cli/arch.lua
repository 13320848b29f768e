-- arch.lua: what a weights file says about the model that its weights are of.
--
-- The root attribute `arch` is JSON, {"model": NAME, "config": {...}}. A file may come from
-- anywhere: its word chooses among the models that are installed and their options, but runs no
-- script, opens no other file, and cannot ask for a model of more parameters than the file has
-- values for.

local common = require "lacuna.cli.common"
local container = require "lacuna.convert.container"
local tree = require "lacuna.convert.tree"

local arch = {}

local MAX_DEPTH = 32 -- of the JSON
local MAX_RATIO = 1032 -- by which deflate can shrink: 258 bytes to two bits

-- Elements of all datasets, none counted for more than the bytes behind it can hold. Those that are
-- no tensors cannot be described, and do not count.
local function count_elements(source)
  local count = 0
  tree.walk(source.value, function(_, dataset)
    local ok, elements = pcall(dataset.numel, dataset)
    if ok then count = count + math.min(elements, dataset.stored_bytes * MAX_RATIO) end
  end)
  return count
end

-- A text of the file's in a message: one line, and nothing that a terminal would obey.
local function shown(text)
  return "'" .. text:sub(1, 100):gsub("[%c\127]", "?") .. "'"
end

-- The tables of decoded JSON without null, which means: not given.
local function without_null(path, value)
  if type(value) == "string" and value:find("/", 1, true) then
    common.fail("%s: the attribute 'arch': config: %s is a path, which is not opened on a file's "
      .. "word", path, shown(value))
  end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do
    if type(inner) ~= "userdata" then copy[key] = without_null(path, inner) end
  end
  return copy
end

local function decode(path, text)
  local json = require("cjson").new()
  json.decode_max_depth(MAX_DEPTH)
  local ok, value = pcall(json.decode, text)
  if ok and type(value) == "table" then return value end
  return common.fail("%s: the attribute 'arch' is %s, expected JSON: {\"model\": ..., "
    .. "\"config\": ...}", path, ok and "a " .. type(value) or tostring(value))
end

-- The attribute, and the number of elements where it is there.
local function read_text(source)
  local text = source.kind == "hdf5" and source.file:attr("/", "arch") or nil
  return text, text ~= nil and count_elements(source)
end

--- {model=, config=, elements=} as the file says, elements being the number of values that it
--- holds; nil where it says nothing: files other than HDF5 never do. The model is a name, or the
--- path of a script that must not be run because the file says so.
---@param path string
function arch.read(path)
  local source = container.open(path)
  local ok, text, elements = pcall(read_text, source)
  source.close()
  if not ok then error(text, 0) end
  if text == nil then return nil end
  if type(text) ~= "string" then
    common.fail("%s: the attribute 'arch' is a %s, expected JSON as a text", path, type(text))
  end
  local given = decode(path, text)
  if type(given.model) ~= "string" or given.model:find("[%c\127]") or given.model == "" then
    common.fail("%s: the attribute 'arch': model is %s, expected the name of a model", path,
      type(given.model) == "string" and shown(given.model) or "a " .. type(given.model))
  end
  local config = given.config
  if type(config) == "userdata" then config = nil end
  if config ~= nil and type(config) ~= "table" then
    common.fail("%s: the attribute 'arch': config is a %s, expected an object", path, type(config))
  end
  return { model = given.model, config = without_null(path, config or {}), elements = elements }
end

return arch
