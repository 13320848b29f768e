-- palette.lua: a model's class table as look-ups: class id to name, raw label id, colour, and back.

local palette = {}

local UNLABELLED = 0 -- the raw id of points without a class

-- Distinct colours for models without a class table: steps of the golden angle around the hues.
local function generated_colour(class)
  local hue = class * 0.6180339887 % 1 * 6
  local x = 1 - math.abs(hue % 2 - 1)
  local sector = math.floor(hue)
  local sectors = {
    [0] = { 1, x, 0 }, { x, 1, 0 }, { 0, 1, x }, { 0, x, 1 }, { x, 0, 1 }, { 1, 0, x },
  }
  local rgb = sectors[sector]
  for i = 1, 3 do rgb[i] = 55 + math.floor(200 * rgb[i]) end
  return rgb
end

--- The tables for `net`, whose logits have `count` columns; indexed by the 0-based class.
---@return table {count, names, raw, colours, class_of}
function palette.new(net, count)
  local classes = require("lacuna.cli.facts").of(net, "classes")
  local made = { count = count, names = {}, raw = {}, colours = {}, class_of = {} }
  for class = 0, count - 1 do
    local row = classes and classes[class + 1] or {}
    made.names[class] = row.name or ("class " .. class)
    made.raw[class] = row.label or class + 1
    made.colours[class] = row.colour or generated_colour(class)
    made.class_of[made.raw[class]] = class
    for _, raw in ipairs(row.also or {}) do made.class_of[raw] = class end
  end
  made.raw[-1], made.colours[-1] = UNLABELLED, { 40, 40, 40 }
  return made
end

--- Raw label ids int64 [N] and colours uint8 [N,3] of points.
---@param made table    of palette.new
---@param classes any   Tensor int64 [M], class of each voxel
---@param inverse any   Tensor int64 [N], voxel of each point, -1 for a dropped one
function palette.paint(made, classes, inverse)
  local lacuna = require "lacuna"
  local n = inverse:size(1)
  local labels = lacuna.zeros({ n }, { dtype = "int64" })
  local colours = lacuna.zeros({ n, 3 }, { dtype = "uint8" })
  local of_voxel, voxel_of = classes:data(), inverse:data()
  local l, c = labels:data(), colours:data()
  for i = 0, n - 1 do
    local voxel = tonumber(voxel_of[i])
    local class = voxel < 0 and -1 or tonumber(of_voxel[voxel])
    local rgb = made.colours[class]
    l[i] = made.raw[class]
    c[3 * i], c[3 * i + 1], c[3 * i + 2] = rgb[1], rgb[2], rgb[3]
  end
  labels:modified()
  colours:modified()
  return labels, colours
end

return palette
