-- sparse_crop.lua: the layer that keeps the rows inside of a box.

local class = require "lacuna.nn.class"
local crop = require "lacuna.crop"
local Module = require "lacuna.nn.module"

--- nn.SparseCrop(min, max): the rows with min <= (x,y,z) < max, in their order; either may be nil.
---@usage crop = nn.SparseCrop({ 8, 8, 0 }, { 24, 24, 8 }); near = crop(x)
local SparseCrop = class.new("SparseCrop", Module)

---@param min number[]|nil
---@param max number[]|nil
function SparseCrop:__init(min, max)
  self.coords_min = crop.bounds("SparseCrop", "min", min)
  self.coords_max = crop.bounds("SparseCrop", "max", max)
end

function SparseCrop:forward(x)
  return crop.run(x, self.coords_min, self.coords_max)
end

local function text(list)
  return list and "{" .. table.concat(list, ", ") .. "}" or "nil"
end

function SparseCrop:extra_repr()
  return text(self.coords_min) .. ", " .. text(self.coords_max)
end

return SparseCrop
