-- net_config.lua: which network of the SPVNAS supernet is meant: the published net.config format.
--
-- A flat table: module path in the supernet -> width or depth. Entries of residual blocks beyond
-- the depth of their stage may be there and say nothing.

local errors = require "lacuna.errors"

local net_config = {}

local STAGES, MAX_BLOCKS, CONVS = 4, 2, 2
-- The supernet's own widths: of the stem, of four levels down and of four up.
local WIDEST = { 32, 48, 96, 192, 384, 384, 192, 128, 128 }

local function fail(format, ...)
  return errors.raisef("spvnas: net_config: " .. format, ...)
end

-- Every entry that may be there.
local function entries()
  local known = { output_channels = true, pres = true, vres = true, num_classes = true }
  for i = 0, 2 do known["point_transforms." .. i] = true end
  for _, way in ipairs { "downsample", "upsample" } do
    for i = 0, STAGES - 1 do
      local stage = way .. "." .. i .. "."
      known[stage .. "transition"], known[stage .. "feature"] = true, true
      known[stage .. "feature.layers.0.downsample"] = true
      for j = 0, MAX_BLOCKS - 1 do
        local net = stage .. "feature.layers." .. j .. ".net"
        known[net], known[net .. ".layers.0"], known[net .. ".layers.1"] = true, true, true
      end
    end
  end
  return known
end

local function check_names(given)
  local known = entries()
  for name in pairs(given) do
    if not known[name] then
      local names = {}
      for key in pairs(known) do names[#names + 1] = key end
      fail("unknown entry '%s'%s", tostring(name),
        type(name) == "string" and errors.nearest(name, names):match("^, did.*$") or "")
    end
  end
end

local function number(given, name)
  local value = given[name]
  if value == nil or type(value) == "userdata" then fail("'%s' is missing", name) end
  if type(value) ~= "number" then
    fail("'%s' is a %s, expected a number", name, type(value))
  end
  return value
end

local function whole(given, name, most)
  local value = number(given, name)
  if value < 1 or value % 1 ~= 0 or value > (most or math.huge) then
    fail("'%s' is %s, expected a whole number from 1%s", name, tostring(value),
      most and " to " .. most or "")
  end
  return value
end

local function exactly(given, name, wanted, why)
  local value = number(given, name)
  if value ~= wanted then
    fail("'%s' is %s, expected %d, %s", name, tostring(value), wanted, why)
  end
end

local function output_channels(given)
  local list = given.output_channels
  if list == nil then fail("'output_channels' is missing") end
  if type(list) ~= "table" or #list ~= #WIDEST then
    fail("'output_channels', expected %d widths: of the stem, of 4 levels down and of 4 up",
      #WIDEST)
  end
  for i, width in ipairs(list) do
    if type(width) ~= "number" or width < 1 or width % 1 ~= 0 then
      fail("'output_channels' has %s at place %d, expected a whole number from 1",
        tostring(width), i)
    end
  end
  return list
end

-- The widths of one stage: { transition=, middle = {a block's inner width, ...}, output= }.
local function stage_plan(given, stage, output)
  local plan = { transition = whole(given, stage .. ".transition"), middle = {}, output = output }
  local why = "the stage's entry of output_channels"
  for j = 0, whole(given, stage .. ".feature", MAX_BLOCKS) - 1 do
    local block = stage .. ".feature.layers." .. j
    exactly(given, block .. ".net", CONVS, "the convolutions of a block")
    plan.middle[j + 1] = whole(given, block .. ".net.layers.0")
    exactly(given, block .. ".net.layers.1", output, why)
    if j == 0 then exactly(given, block .. ".downsample", output, why) end
  end
  return plan
end

local function resolution(given, name)
  local value = number(given, name)
  if not (value > 0 and value < math.huge) then
    fail("'%s' is %s, expected a number above 0", name, tostring(value))
  end
  return value
end

--- What a net.config says, checked, as a table:
--- output_channels, downsample and upsample (lists of 4 stages), pres, vres, num_classes.
---@param given table
function net_config.plan(given)
  check_names(given)
  local c = output_channels(given)
  local plan = {
    output_channels = c, downsample = {}, upsample = {}, num_classes = whole(given, "num_classes"),
    pres = resolution(given, "pres"), vres = resolution(given, "vres"),
  }
  for i = 1, STAGES do
    plan.downsample[i] = stage_plan(given, "downsample." .. i - 1, c[1 + i])
    plan.upsample[i] = stage_plan(given, "upsample." .. i - 1, c[1 + STAGES + i])
  end
  for k = 0, 2 do
    exactly(given, "point_transforms." .. k, c[5 + 2 * k], "the width of the level that it joins")
  end
  return plan
end

--- The net.config of the supernet itself: every part as wide and deep as it goes.
function net_config.widest()
  local c = WIDEST
  local made = { output_channels = { unpack(c) }, pres = 0.05, vres = 0.05, num_classes = 19 }
  for k = 0, 2 do made["point_transforms." .. k] = c[5 + 2 * k] end
  for level = 1, 2 * STAGES do
    local down = level <= STAGES
    local stage = (down and "downsample." or "upsample.") .. (level - 1) % STAGES
    made[stage .. ".transition"] = down and c[level] or c[level + 1]
    made[stage .. ".feature"] = MAX_BLOCKS
    for j = 0, MAX_BLOCKS - 1 do
      local net = stage .. ".feature.layers." .. j .. ".net"
      made[net] = CONVS
      made[net .. ".layers.0"], made[net .. ".layers.1"] = c[level + 1], c[level + 1]
    end
    made[stage .. ".feature.layers.0.downsample"] = c[level + 1]
  end
  return made
end

local function read(path)
  local file, reason = io.open(path, "rb")
  if not file then fail("%s", reason) end
  local text = file:read("*a")
  file:close()
  local ok, value = pcall(require("cjson").decode, text or "")
  if not ok or type(value) ~= "table" then fail("%s: is not a JSON object", path) end
  return value
end

--- A model's options with their net_config as a table: given as one, as the path of a JSON file, or
--- not at all, which means the widest network.
---@param options table|nil
function net_config.resolve(options)
  if options ~= nil and type(options) ~= "table" then return options end
  local resolved = {}
  for key, value in pairs(options or {}) do resolved[key] = value end
  local given = resolved.net_config
  if given == nil then
    resolved.net_config = net_config.widest()
  elseif type(given) == "string" then
    resolved.net_config = read(given)
  end
  return resolved
end

return net_config
