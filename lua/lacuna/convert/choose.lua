-- choose.lua: which tensors of a file are meant: the dict, the prefix, and whose names they have.

local errors = require "lacuna.errors"
local names = require "lacuna.convert.names"
local target = require "lacuna.convert.target"
local tree = require "lacuna.convert.tree"
local wrapper = require "lacuna.convert.wrapper"

local MAX_CHOICES = 16 -- dicts that are compared with a model's names

-- How many names of the entries, mapped, the model has.
local function matches(entries, model, map)
  local count = 0
  for _, entry in ipairs(entries) do
    local name = map and map(entry.name) or entry.name
    if target.find(model, name) then count = count + 1 end
  end
  return count
end

-- The dict, prefix and name map under which most of the names are the model's; the likeliest dict
-- and no prefix where none is better.
local function choose_for_model(choices, model)
  local best = { count = -1 }
  local function try(choice, prefix, inside, outside, map)
    local count = matches(inside, model, map and map[2])
    if count > best.count then
      best = {
        choice = choice, prefix = prefix, entries = inside, outside = outside, map = map,
        count = count,
      }
    end
  end
  for i = 1, math.min(#choices, MAX_CHOICES) do
    local choice = choices[i]
    local entries = wrapper.entries(choice)
    try(choice, "", entries, {})
    for _, prefix in ipairs(names.prefixes) do
      local inside, outside = wrapper.below(entries, prefix)
      if #inside > 0 then
        try(choice, prefix, inside, outside)
        for _, map in ipairs(names.maps) do try(choice, prefix, inside, outside, map) end
      end
    end
    for _, map in ipairs(names.maps) do try(choice, "", entries, {}, map) end
  end
  return best
end

local function choose_by_prefix(source, choices, opts)
  local prefix = wrapper.prefix(opts.prefix)
  for i, choice in ipairs(choices) do
    local whole = i == #choices and source.value or nil
    local inside, outside = wrapper.below(wrapper.entries(choice), prefix, whole)
    if #inside > 0 then
      local best = { choice = choice, prefix = prefix, entries = inside, outside = outside }
      if not opts.model then return best end
      local count = matches(inside, opts.model)
      for _, map in ipairs(names.maps) do
        local n = matches(inside, opts.model, map[2])
        if n > count then best.map, count = map, n end
      end
      return best
    end
  end
  return errors.raisef("%s: %s has no tensors under the prefix '%s'", opts.op, source.path,
    opts.prefix)
end

--- What a plan is made of: { choice, prefix, entries, outside, map }. `choice` is a dict of the
--- file (see wrapper.lua), `entries` its tensors under the prefix, `outside` the others, `map` one
--- of names.maps or nil.
return function(source, opts)
  local choices, unsure = wrapper.choices(source)
  if opts.prefix ~= nil then return choose_by_prefix(source, choices, opts) end
  if opts.model then
    local best = choose_for_model(choices, opts.model)
    if best.count > 0 or not unsure then return best end
  end
  if unsure then
    local list = {}
    for i = 1, math.min(#choices, 8) do list[i] = "'" .. tree.shown(choices[i].path) .. "'" end
    errors.raisef("%s: %s has several groups of tensors, %s%s: name one with --prefix "
      .. "(in Lua: prefix =)", opts.op, source.path, table.concat(list, ", "),
      #choices > 8 and " and more" or "")
  end
  return { choice = choices[1], prefix = "", entries = wrapper.entries(choices[1]), outside = {} }
end
