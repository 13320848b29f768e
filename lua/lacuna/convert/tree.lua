-- tree.lua: walking what a file holds: tensors by their dotted names.
--
-- The tree may share branches and contain itself (pickles do), so that depth and number of what is
-- visited are bounded.

local hdf5_source = require "lacuna.convert.hdf5_source"
local stored = require "lacuna.convert.stored"

local tree = {}

local MAX_DEPTH = 64
local MAX_VISITS = 1000000
local MAX_NAME = 4096   -- characters of a name, dots included
local MAX_SHOWN = 200

--- Stands `v` for a tensor in the file?
function tree.is_tensor(v)
  return type(v) == "table" and (stored.is(v) or hdf5_source.is(v))
end

--- Is `v` an ordered map, as opposed to a list?
function tree.is_map(v)
  local meta = type(v) == "table" and getmetatable(v)
  return meta and meta.__call ~= nil and not tree.is_tensor(v) or false
end

--- Calls visit(key, value) for the members of a map or list; those of a list count from 0.
function tree.each(node, visit)
  if tree.is_map(node) then
    for key, value in node do visit(key, value) end
  else
    for i = 1, #node do visit(i - 1, node[i]) end
  end
end

local function walk(node, prefix, depth, state)
  if depth > MAX_DEPTH or state.on_path[node] then
    state.cut = state.cut + 1
    return
  end
  state.on_path[node] = true
  tree.each(node, function(key, value)
    state.visits = state.visits + 1
    if state.visits > MAX_VISITS then return end
    local last = tostring(key)
    if #prefix + #last > MAX_NAME then
      state.cut = state.cut + 1
      return
    end
    local name = prefix .. last
    if tree.is_tensor(value) then
      state.tensor(name, value)
    elseif type(value) == "table" then
      walk(value, name .. ".", depth + 1, state)
    elseif state.other then
      state.other(name, value)
    end
  end)
  state.on_path[node] = nil
end

--- Calls tensor(name, stored) for every tensor below `node` and other(name, value) for texts,
--- numbers and booleans. Returns how many branches were left out: too deep, inside themselves, or
--- with names that are too long.
function tree.walk(node, tensor, other)
  local state = { tensor = tensor, other = other, visits = 0, cut = 0, on_path = {} }
  if tree.is_tensor(node) then
    tensor("", node)
  elseif type(node) == "table" then
    walk(node, "", 1, state)
  end
  if state.visits > MAX_VISITS then state.cut = state.cut + 1 end
  return state.cut
end

--- A name for a message: one line, not longer than is bearable.
function tree.shown(name)
  local text = tostring(name):gsub("[%c\127]", "?")
  if #text > MAX_SHOWN then text = text:sub(1, MAX_SHOWN) .. "..." end
  return text
end

--- Bytes that all tensors of a file together may take: tied weights are there twice, or more often.
function tree.most_bytes(source)
  return 16 * source.size + 2^24
end

return tree
