-- wrapper.lua: which of the dicts in a file holds the weights.
--
-- A checkpoint of a training has them beside the optimizer, the epoch and more, under `state_dict`,
-- `model`, `model_state` or another name; nn.DataParallel puts "module." before every name.

local format = require "lacuna.weights_format"
local metadata = require "lacuna.convert.metadata"
local tree = require "lacuna.convert.tree"

local wrapper = {}

-- The usual names, best first.
local usual = {
  "state_dict", "model_state", "model_state_dict", "model", "net", "network", "module", "weights",
  "params",
}
local rank = {}
for i, name in ipairs(usual) do rank[name] = i end

local MAX_DEPTH = 4
local MAX_NAME = 256 -- characters of a dict's path

-- Tensors of the optimizer are no weights.
local function is_training_state(name)
  local lower = tostring(name):lower()
  return lower:find("optim") or lower:find("sched") or lower:find("scaler")
end

local function holds_tensors(node)
  for _, value in node do
    if tree.is_tensor(value) then return true end
  end
  return false
end

-- Every dict that has tensors as members, not those inside such a dict.
local function find_dicts(node, path, depth, found, seen)
  if not tree.is_map(node) or depth > MAX_DEPTH or seen[node] or #path > MAX_NAME then return end
  seen[node] = true
  if holds_tensors(node) then
    found[#found + 1] = { path = path, node = node, depth = depth }
    return
  end
  for key, value in node do
    if not is_training_state(key) then
      find_dicts(value, path == "" and tostring(key) or path .. "." .. tostring(key), depth + 1,
        found, seen)
    end
  end
end

local function rank_of(choice)
  local last = choice.path:match("[^.]*$")
  return rank[last] or #usual + 1
end

-- In HDF5 a dict and a dot of a name are one and the same, so that the root is always a choice.
local function hdf5_choices(source)
  local root = { path = "", node = source.value, depth = 0 }
  local inner = {}
  for _, name in ipairs { "state_dict", "model", "model_state" } do
    local node = source.value[name]
    if tree.is_map(node) then inner[#inner + 1] = { path = name, node = node, depth = 1 } end
  end
  if source.format ~= format.NAME and #inner > 0 and not holds_tensors(source.value) then
    inner[#inner + 1] = root
    return inner
  end
  table.insert(inner, 1, root)
  return inner
end

--- The dicts that may hold the weights, the likeliest first: { path=, node= }. The second result is
--- true where nothing but the file's order speaks for the first.
function wrapper.choices(source)
  if source.kind == "hdf5" then return hdf5_choices(source), false end
  local found = {}
  find_dicts(source.value, "", 0, found, {})
  if #found == 0 then return { { path = "", node = source.value, depth = 0 } }, false end
  for i, choice in ipairs(found) do choice.position = i end
  table.sort(found, function(a, b)
    local x, y = rank_of(a), rank_of(b)
    if x ~= y then return x < y end
    if a.depth ~= b.depth then return a.depth < b.depth end
    return a.position < b.position
  end)
  return found, #found > 1 and rank_of(found[1]) > #usual
end

--- The tensors of a choice: a list of { name=, key=, stored= }, where `key` is the name in the file
--- and `name` has lost "module.", if all had it. `others` counts members that are no tensors.
function wrapper.entries(choice)
  if choice.entries then return choice.entries, choice.others end
  local entries, others, all_wrapped = {}, 0, true
  local cut = tree.walk(choice.node, function(name, value)
    entries[#entries + 1] = {
      name = name, key = name, label = tree.shown(name), stored = value,
    }
    all_wrapped = all_wrapped and name:sub(1, 7) == "module." and #name > 7
  end, function() others = others + 1 end)
  choice.cut = cut
  choice.module = all_wrapped and #entries > 0
  if choice.module then
    for _, entry in ipairs(entries) do entry.name = entry.name:sub(8) end
  end
  choice.entries, choice.others = entries, others
  return entries, others
end

--- `prefix` as it is compared: with dots, without one at its end.
function wrapper.prefix(prefix)
  return (prefix:gsub("/", "."):gsub("%.+$", ""))
end

-- Those entries whose field `field` begins with the prefix, without it; and the rest.
local function below(entries, field, prefix)
  local inside, outside, start = {}, {}, prefix .. "."
  for _, entry in ipairs(entries) do
    if entry[field]:sub(1, #start) == start then
      inside[#inside + 1] = {
        name = entry[field]:sub(#start + 1), key = entry.key, label = entry.label,
        stored = entry.stored,
      }
    else
      outside[#outside + 1] = entry
    end
  end
  return inside, outside
end

--- The entries under a prefix, with names without it, and those outside. The prefix is one of the
--- names in the dict, with or without "module.", or else of the whole file.
function wrapper.below(entries, prefix, whole)
  if prefix == "" then return entries, {} end
  for _, field in ipairs { "name", "key" } do
    local inside, outside = below(entries, field, prefix)
    if #inside > 0 then return inside, outside end
  end
  if whole then return below(wrapper.entries { path = "", node = whole }, "key", prefix) end
  return {}, entries
end

--- Versions of modules that PyTorch keeps beside a dict: module path -> version, or nil.
function wrapper.versions(choice)
  local map = type(choice.node) == "table" and metadata.get(choice.node)
  if not tree.is_map(map) then return nil end
  local versions = {}
  for path, about in map do
    if type(about) == "table" then versions[tostring(path)] = about.version end
  end
  return versions
end

return wrapper
