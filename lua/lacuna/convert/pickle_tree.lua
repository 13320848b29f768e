-- pickle_tree.lua: what a pickle built becomes a tree that others can walk.
--
-- In memory it is a graph: a pickle may mention one object many times, or put it inside itself.
-- The walk here goes over every object once, with a stack of its own, and refuses a graph that has
-- no end (a cycle), is nested deeper than MAX_DEPTH (walkers recurse), or would unfold to more than
-- MAX_ITEMS when it is walked as a tree (lists of the same list of the same list, ...: a few bytes
-- each, doubling each time). Shared objects stay shared; walkers need no care.

local metadata = require "lacuna.convert.metadata"
local ordered = require "lacuna.nn.ordered"

local tree = {}

local MAX_DEPTH = 100
local MAX_ITEMS = 4000000

local CONTAINERS = { dict = true, object = true, list = true, tuple = true }

-- What stands for `v` in the finished tree: None is false here (and absent in a dict), a class or
-- function is its name, a storage by itself is a tensor.
local function plain(m, v)
  local kind = m:kind_of(v)
  if kind == "None" then return false end
  if kind == "global" or kind == "numpy dtype" then return v.name end
  if kind == "storage" then return m:make_tensor { storage = v } end
  if kind == "numpy array" then m:fail("a NumPy array without elements in the pickle") end
  return v
end

-- Replaces what is not plain in `node`; returns the containers inside and the number of items.
local function children_of(m, node)
  local children, items = {}, 0
  local function visit(v)
    items = items + 1
    local new = plain(m, v)
    if CONTAINERS[m:kind_of(new)] then children[#children + 1] = new end
    return new
  end
  local kind = m:kind_of(node)
  if kind == "dict" or kind == "object" then
    local names = ordered.names(node)
    for i = 1, #names do
      local name = names[i]
      local v = node[name]
      if m:kind_of(v) == "None" then
        rawset(node, name, nil)
      else
        rawset(node, name, visit(v))
      end
    end
    local map = metadata.get(node)
    if map then visit(map) end
  else
    for i = 1, #node do node[i] = visit(node[i]) end
  end
  return children, items
end

--- The finished tree of `root`; raises through the machine `m`.
function tree.finish(m, root)
  root = plain(m, root)
  if not CONTAINERS[m:kind_of(root)] then return root end
  local height, size = {}, {} -- of what was walked; a height of 0: still in progress
  local stack, depth = {}, 0

  local function enter(node)
    if depth == MAX_DEPTH then
      m:fail("data nested deeper than %d levels", MAX_DEPTH)
    end
    local children, items = children_of(m, node)
    height[node], size[node] = 0, items + 1
    depth = depth + 1
    stack[depth] = { node = node, children = children, next = 1, height = 1 }
  end

  enter(root)
  while depth > 0 do
    local frame = stack[depth]
    local child = frame.children[frame.next]
    if not child then
      height[frame.node] = frame.height
      if frame.height > MAX_DEPTH then
        m:fail("data nested deeper than %d levels", MAX_DEPTH)
      end
      stack[depth] = nil
      depth = depth - 1
    elseif height[child] == nil then
      enter(child)
    elseif height[child] == 0 then
      m:fail("data that contains itself, expected a tree")
    else
      frame.height = math.max(frame.height, height[child] + 1)
      size[frame.node] = size[frame.node] + size[child]
      if size[frame.node] > MAX_ITEMS then
        m:fail("data that unfolds to more than %d items", MAX_ITEMS)
      end
      frame.next = frame.next + 1
    end
  end
  return root
end

return tree
