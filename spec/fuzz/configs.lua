-- configs.lua: configs of small networks, damaged in their values, for the specs that hand them to
-- constructors and loaders.

local cjson = require "cjson"
local prop = require "spec.support.prop"
local small_net_config = require "spec.support.small_net_config"

local configs = {}

configs.SMALL = {
  minkunet = { cr = 0.1, num_classes = 2, in_channels = 4 },
  spvcnn = { cr = 0.1, num_classes = 2, in_channels = 4, pres = 0.05, vres = 0.05, dropout = 0.3 },
  sparseresnet21d = { width_multiplier = 0.1, in_channels = 4 },
  sparseresunet42 = { width_multiplier = 0.1, in_channels = 4 },
  second = {
    dataset = "kitti", axis_order = "zyx", base_channels = 4, output_channels = 4,
    encoder_channels = { { 4 }, { 4, 4 } }, encoder_paddings = { { 1 }, { 1, 1 } },
    block_type = "conv_module", order = { "conv", "norm", "act" }, in_channels = 4,
  },
  centerpoint = { dataset = "nuscenes", axis_order = "zyx", in_channels = 5 },
  voxel_backbone8x = { dataset = "kitti", axis_order = "zyx", last_pad = 0 },
  spvnas = { net_config = small_net_config(), in_channels = 4 },
}
configs.NAMES = {
  "minkunet", "spvcnn", "sparseresnet21d", "sparseresunet42", "second", "centerpoint",
  "voxel_backbone8x", "spvnas",
}
-- What a size, a name or a list is when it goes wrong. Large numbers are too large to be tried.
local VALUES = {
  0, 1, 2, 5, -1, 0.5, 1e-9, 1e15, 1e300, "", "a", "zyx", "xyz", "second", "nuscenes", true, false,
  cjson.null, {}, { 1 }, { 1, 2, 3 }, { 0, 1, 1 }, { { 4 }, { 4 } }, { { "a" } }, { a = 1 },
  { {}, {} }, { { 0 } }, { { -1 } }, { { { 1, 1, 1 } } }, { cjson.null },
}

--- The keys of a table in an order.
function configs.keys_of(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  return keys
end

-- The config with one to three values or pieces of its text changed; as a text, which a case shows.
configs.any = prop.generator(function(random)
  local name = configs.NAMES[1 + random(#configs.NAMES)]
  local text = cjson.encode(configs.SMALL[name])
  local value, keys = cjson.decode(text), configs.keys_of(configs.SMALL[name])
  for _ = 1, 1 + random(random(3) == 0 and 3 or 1) do
    local new = VALUES[1 + random(#VALUES)]
    local key = random(10) == 0 and "unknown" or keys[1 + random(#keys)]
    for _ = 1, 20 * random(4) do -- mostly of the type that it should have
      if type(new) == type(value[key]) then break end
      new = VALUES[1 + random(#VALUES)]
    end
    local inside = type(value[key]) == "table" and random(2) == 0 and value[key]
    if (key == "cr" or key == "width_multiplier") and type(new) == "number" and new < 10 then
      new = new / 40 -- these multiply all channels
    end
    local names = inside and #inside == 0 and configs.keys_of(inside) or {}
    if #names > 0 then
      inside[names[1 + random(#names)]] = new
    elseif inside then
      inside[1 + random(3)] = new
    else
      value[key] = new
    end
    if random(20) == 0 then
      value = new
      break
    end
  end
  local ok, new = pcall(cjson.encode, value) -- a list with holes is none
  return { name, ok and new or text }
end)

--- A message is one line about the config.
function configs.check_message(message)
  message = tostring(message)
  assert(not message:find("\n"), "more than one line: " .. message)
  for _, sign in ipairs { "attempt to", "bad argument", "overflow", "lacuna/[%w_/]+%.lua:" } do
    assert(not message:find(sign), "inside the package: " .. message)
  end
end

--- JSON's null as the readers of configs take it: not given.
function configs.plain(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then copy[key] = configs.plain(item) end
  end
  return copy
end

return configs
