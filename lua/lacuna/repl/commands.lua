-- commands.lua: the functions that are at hand in the REPL alone, each loaded when it is named.
-- name -> a function that gives it, as for shortcuts.install.

local commands = {}

-- Globals of Lua itself: not listed by who().
local own = { _ = true }
for name in pairs(_G) do own[name] = true end

local list_meta = {
  __tostring = function(list)
    if #list == 0 then return "no globals of yours yet" end
    local width, lines = 0, {}
    for _, row in ipairs(list) do width = math.max(width, #row.name) end
    for i, row in ipairs(list) do
      lines[i] = string.format("%-" .. width .. "s  %s", row.name, row.text)
    end
    return table.concat(lines, "\n")
  end,
}

--- Your globals and what each is, in short.
---@usage who()
local function who()
  local printer = require "lacuna.repl.printer"
  local known, list = {}, {}
  for _, name in ipairs(require("lacuna.shortcuts").names()) do known[name] = true end
  for name, value in next, _G do
    if type(name) == "string" and not own[name] and not known[name] then
      local text = printer.line(value)
      list[#list + 1] = { name = name, text = #text > 60 and text:sub(1, 60) .. "..." or text }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return setmetatable(list, list_meta)
end

local memory_meta = {
  __tostring = function(devices)
    local text_of = require("lacuna.cli.common").bytes
    local lines = {}
    for _, m in ipairs(devices) do
      local format = "%-6s %s in use in %d blocks, peak %s, reserved %s, budget %s"
      lines[#lines + 1] = format:format(m.device, text_of(m.live), m.blocks, text_of(m.peak),
        text_of(m.reserved), text_of(m.budget))
    end
    lines[#lines + 1] = string.format("%-6s %s", "Lua", text_of(collectgarbage("count") * 1024))
    return table.concat(lines, "\n")
  end,
}

--- The memory that tensors take on every device, and that of Lua.
---@usage memory()[1].peak / 2^20
local function memory()
  local lacuna = require "lacuna"
  local devices = {}
  local names = { "cpu" }
  for i = 1, lacuna.cuda.is_available() and lacuna.device_count() or 0 do
    names[#names + 1] = "cuda:" .. (i - 1)
  end
  for i, name in ipairs(names) do
    devices[i] = lacuna.memory(name)
    devices[i].device = name
  end
  return setmetatable(devices, memory_meta)
end

function commands.who() return who end
function commands.memory() return memory end
function commands.time() return require("lacuna").time end
function commands.profile() return require("lacuna").profile end
function commands.help() return require "lacuna.repl.help" end
function commands.show() return require "lacuna.repl.show" end

return commands
