-- weights_file.lua: the tensors of a file of weights under the names of a state_dict.
--
-- Names and shapes are compared before any tensor is read. What kinds of files there are, and what
-- other engines call and store differently, is lacuna.convert's.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local ordered = require "lacuna.nn.ordered"

local weights = {}

--- Opens a file for reading.
function weights.open(path)
  return require("lacuna.convert.container").open(path)
end

local function any_match(entries, own)
  for _, entry in ipairs(entries) do
    if own[entry.name] ~= nil then return true end
  end
  return false
end

-- The dict that is meant for a module with the names `own`: the first with one of them, else the
-- likeliest.
local function choose(choices, own)
  local wrapper = require "lacuna.convert.wrapper"
  for _, choice in ipairs(choices) do
    local entries = wrapper.entries(choice)
    if any_match(entries, own) then return entries end
  end
  return wrapper.entries(choices[1])
end

--- The tensors of a file, as they are called there, that are meant for a module with the names
--- `own`: those under `prefix`, else those of the dict where names match.
---@return { names: string[], at: table<string, table> }
function weights.select(file, own, prefix)
  local wrapper = require "lacuna.convert.wrapper"
  local entries = choose(wrapper.choices(file), own)
  if prefix ~= nil then
    entries = wrapper.below(entries, wrapper.prefix(tostring(prefix)), file.value)
    if #entries == 0 then
      errors.raisef("load: %s has no tensors under the prefix '%s'", file.path, tostring(prefix))
    end
  end
  local found = ordered.map()
  for _, entry in ipairs(entries) do found[entry.name] = entry.stored end
  return { names = ordered.names(found), at = found }
end

--- How messages name a module.
function weights.title(module)
  return class.name(class.of(module))
end

return weights
