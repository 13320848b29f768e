-- ordered.lua: tables that remember the order of their keys.
--
-- Such a table is a plain one (`t[name]`, `pairs(t)`) that can also be called as an iterator:
-- `for name, value in t do` visits the names in the order in which they were first assigned.
-- Lists can be called too: `for value in list do`.

local ordered = {}

-- table -> { names in order }, table -> { name -> position }
local names_of = setmetatable({}, { __mode = "k" })
local position_of = setmetatable({}, { __mode = "k" })

local function next_name(t, _, name)
  local names, position = names_of[t], 0
  if name ~= nil then position = position_of[t][name] end
  repeat
    position = position + 1
    name = names[position]
  until name == nil or rawget(t, name) ~= nil
  if name == nil then return nil end
  return name, rawget(t, name)
end

local map_meta = {
  __call = next_name,
  __newindex = function(t, name, value)
    local names = names_of[t]
    if position_of[t][name] == nil then
      names[#names + 1] = name
      position_of[t][name] = #names
    end
    rawset(t, name, value)
  end,
}

--- An empty table with ordered keys.
function ordered.map()
  local t = {}
  names_of[t], position_of[t] = {}, {}
  return setmetatable(t, map_meta)
end

--- The names in order: those of an ordered table, or the sorted keys of a plain one.
function ordered.names(t)
  local names = {}
  if names_of[t] then
    for name in t do names[#names + 1] = name end
  else
    for name in pairs(t) do names[#names + 1] = name end
    table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  end
  return names
end

local list_meta = {
  __call = function(list, _, value)
    if value == nil then return list[1] end
    for i = 1, #list do
      if rawequal(list[i], value) then return list[i + 1] end
    end
  end,
}

--- Makes a list of distinct values callable as an iterator.
function ordered.list(list)
  return setmetatable(list, list_meta)
end

return ordered
