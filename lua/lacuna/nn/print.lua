-- print.lua: the tree of a module as text, with the parameters of every layer.

local class = require "lacuna.nn.class"
local Module = require "lacuna.nn.module"
local shape = require "lacuna.shape"
require "lacuna.nn.traverse"

local NUMBER_WIDTH = 13 -- of a column for 9,999,999,999

--- What a class shows in the parentheses after its name.
---@usage Scale = nn.class("Scale", nn.Module)
---@usage function Scale:extra_repr() return "by 2" end
function Module:extra_repr()
  return ""
end

local function numel(t)
  local n = 1
  for _, size in ipairs(shape.of(t)) do n = n * size end
  return n
end

local function count(list)
  local n = 0
  for _, tensor in ipairs(list) do n = n + numel(tensor) end
  return n
end

-- The parameters that lie in the module itself, not in its children.
local function own_parameters(module)
  local slots, list = rawget(module, "_slots"), {}
  for i = 1, #slots.order do
    local name = slots.order[i]
    if slots.kind[name] == "parameter" and type(slots.value[name]) == "cdata" then
      list[#list + 1] = slots.value[name]
    end
  end
  return list
end

local function title(module)
  local extra = module:extra_repr()
  return class.name(class.of(module)) .. (extra ~= "" and "(" .. extra .. ")" or "")
end

-- lines: { text, parameters or nil }
local function draw(module, prefix, indent, lines)
  local names, children = module:each_child()
  local own = count(own_parameters(module))
  local text = indent .. prefix .. title(module)
  if #names == 0 then
    lines[#lines + 1] = { text, own }
    return
  end
  lines[#lines + 1] = { text .. " {", own }
  for i = 1, #names do
    draw(children[i], "(" .. names[i] .. "): ", indent .. "  ", lines)
  end
  lines[#lines + 1] = { indent .. "}", 0 }
end

-- "float32", or all dtypes where a module mixes them.
local function dtypes(parameters)
  local seen, list = {}, {}
  for _, p in ipairs(parameters) do
    local name = p:dtype()
    if not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
  end
  return #list > 0 and table.concat(list, "+") or nil
end

local function summary(module)
  local parameters = module:parameters()
  local parts = { shape.thousands(count(parameters)) .. " params" }
  parts[#parts + 1] = dtypes(parameters)
  parts[#parts + 1] = parameters[1] and parameters[1]:device() or nil
  return table.concat(parts, ", ")
end

function Module.__tostring(self)
  local lines, width = {}, 0
  draw(self, "", "", lines)
  if #lines == 1 then return lines[1][1] .. "  " .. summary(self) end
  for _, line in ipairs(lines) do width = math.max(width, #line[1]) end
  local text = {}
  for i, line in ipairs(lines) do
    text[i] = line[1]
    if line[2] > 0 then
      local number = shape.thousands(line[2])
      local pad = width + 2 + NUMBER_WIDTH - #line[1] - #number
      text[i] = line[1] .. (" "):rep(pad) .. number .. " params"
    end
  end
  text[#text] = text[#text] .. "  " .. summary(self)
  return table.concat(text, "\n")
end

--- The number of parameters, those of the children included.
---@return integer
---@usage net:num_parameters()
function Module:num_parameters()
  return count(self:parameters())
end
