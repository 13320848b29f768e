-- module_list.lua: a list of modules that are saved and converted with their parent.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local Container = require "lacuna.nn.containers"

--- nn.ModuleList{a, b, ...}: `#list`, `list[i]`, ipairs.
---@usage levels = nn.ModuleList{ nn.Conv3d(4, 8, 3), nn.Conv3d(8, 16, 3, { stride = 2 }) }
---@usage y = x; for _, level in ipairs(levels) do y = level(y) end
local ModuleList = class.new("ModuleList", Container)

function ModuleList:forward()
  return errors.raise("ModuleList: a list cannot be called, call its items: list[1](x)")
end

return ModuleList
