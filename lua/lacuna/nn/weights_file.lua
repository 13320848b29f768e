-- weights_file.lua: the tensors of an HDF5 file under the names of a state_dict.
--
-- Names and shapes are compared before any tensor is read.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local hdf5 = require "lacuna.hdf5"
local ordered = require "lacuna.nn.ordered"

local weights = {}

local MAX_DEPTH = 64 -- of groups: a hostile file may contain itself

--- Opens a file for reading.
function weights.open(path)
  return hdf5.open(path, "r")
end

-- Every dataset below `at`: its name with dots -> its path.
local function collect(file, at, prefix, found, depth)
  if depth > MAX_DEPTH then
    errors.raisef("load: %s: more than %d groups inside one another", file.path, MAX_DEPTH)
  end
  for _, member in ipairs(file:list(at == "" and "/" or at)) do
    local path, dotted = at .. "/" .. member, prefix .. member
    local kind = file:kind(path)
    if kind == "dataset" then
      found[dotted] = path
    elseif kind == "group" then
      collect(file, path, dotted .. ".", found, depth + 1)
    end
  end
end

-- Those of the names in `all` that start with `prefix` and a dot, without it.
local function below(all, prefix)
  local found = ordered.map()
  for dotted, path in all do
    if dotted:sub(1, #prefix + 1) == prefix .. "." then found[dotted:sub(#prefix + 2)] = path end
  end
  return found
end

local function any_match(found, own)
  for dotted in found do
    if own[dotted] ~= nil then return true end
  end
  return false
end

--- The tensors that are meant for a module with the names `own`: those under `prefix`, else all,
--- else those of a group state_dict or model when no name matches at the root.
---@return { names: string[], at: table<string, string> }
function weights.select(file, own, prefix)
  local all = ordered.map()
  collect(file, "", "", all, 1)
  local found = all
  if prefix ~= nil then
    found = below(all, (tostring(prefix):gsub("/", "."):gsub("%.$", "")))
    if #ordered.names(found) == 0 then
      errors.raisef("load: %s has no tensors under the prefix '%s'", file.path, tostring(prefix))
    end
  elseif not any_match(all, own) then
    for _, group in ipairs { "state_dict", "model" } do
      local inner = below(all, group)
      if any_match(inner, own) then
        found = inner
        break
      end
    end
  end
  return { names = ordered.names(found), at = found }
end

--- The shape of a dataset.
function weights.shape(file, path)
  return file:describe(path).shape
end

--- Copies what fits into the tensors of `own`. All is read before anything is written, so that a
--- file with a defect changes nothing.
function weights.copy(file, found, own, fits)
  local values = {}
  for dotted in own do
    if fits[dotted] then values[dotted] = file:read(found.at[dotted]) end
  end
  for dotted, tensor in own do
    if values[dotted] then tensor:copy_(values[dotted]) end
  end
end

--- How messages name a module.
function weights.title(module)
  return class.name(class.of(module))
end

return weights
