-- config_spec.lua: configs of any JSON, as a file's `arch` may hold: a network or one line saying
-- what is wrong. And mode and conv configs of any table, which afterwards are as they were.

local cjson = require "cjson"
local lacuna = require "lacuna"
local prop = require "spec.support.prop"

local F = lacuna.nn.functional

local SMALL = {
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
  spvnas = { net_config = {}, in_channels = 4 },
}
local NAMES = {
  "minkunet", "spvcnn", "sparseresnet21d", "sparseresunet42", "second", "centerpoint",
  "voxel_backbone8x", "spvnas",
}
-- What a size, a name or a list is when it goes wrong. Large numbers are too large to be tried.
local VALUES = {
  0, 1, 2, 5, -1, 0.5, 1e-9, 1e15, 1e300, "", "a", "zyx", "xyz", "second", "nuscenes", true, false,
  cjson.null, {}, { 1 }, { 1, 2, 3 }, { 0, 1, 1 }, { { 4 }, { 4 } }, { { "a" } }, { a = 1 },
  { {}, {} }, { { 0 } }, { { -1 } }, { { { 1, 1, 1 } } }, { cjson.null },
}

local function keys_of(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  return keys
end

-- The config with one to three values or pieces of its text changed; as a text, which a case shows.
local config = prop.generator(function(random)
  local name = NAMES[1 + random(#NAMES)]
  local text = cjson.encode(SMALL[name])
  local value, keys = cjson.decode(text), keys_of(SMALL[name])
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
    if inside then inside[1 + random(3)] = new else value[key] = new end
    if random(20) == 0 then
      value = new
      break
    end
  end
  local ok, new = pcall(cjson.encode, value) -- a list with holes is none
  return { name, ok and new or text }
end)

local function check_message(message)
  message = tostring(message)
  assert(not message:find("\n"), "more than one line: " .. message)
  for _, sign in ipairs { "attempt to", "bad argument", "overflow", "lacuna/[%w_/]+%.lua:" } do
    assert(not message:find(sign), "inside the package: " .. message)
  end
end

-- JSON's null as the readers of configs take it: not given.
local function plain(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then copy[key] = plain(item) end
  end
  return copy
end

describe("any config", function()
  it("makes a network or one line that says what is wrong", function()
    prop.check("config", { arch = config }, function(case)
      local value = plain(cjson.decode(case.arch[2]))
      local ok, net = pcall(lacuna.models[case.arch[1]], value)
      if not ok then return check_message(net) end
      assert(type(tostring(net)) == "string" and type(net.config) == "table")
      local again, message = pcall(lacuna.models[case.arch[1]], net.config)
      assert(again, message) -- what a network says of itself makes it again
    end, 200)
  end)

  it("of modes and convolutions holds or is refused as a whole", function()
    local names = {
      "dataflow", "ifsort", "kmap_mode", "downsample_mode", "split_mask_num", "epsilon",
      "mm_thresh", "FOD_fusion", "conv_mode", "allow_negative_coordinates", "dataflows", "",
    }
    local values = {
      true, false, 0, 1, 2, 5, -1, 0.5, 1e300, 0 / 0, "auto", "ImplicitGEMM", "GatherScatter",
      "FetchOnDemand", "hashmap", "hashmap_on_the_fly", "spconv", "minkowski", "", {}, { 1 },
    }
    local any = prop.generator(function(random)
      local t = {}
      for _ = 1, random(4) do t[names[1 + random(#names)]] = values[1 + random(#values)] end
      return t
    end, function(t)
      local smaller = {}
      for _, key in ipairs(keys_of(t)) do
        local copy = {}
        for k, v in pairs(t) do copy[k] = k ~= key and v or nil end
        smaller[#smaller + 1] = copy
      end
      return smaller
    end)
    local x = lacuna.SparseTensor(lacuna.ones(2, 3), { { 0, 0, 0, 0 }, { 0, 1, 0, 0 } })
    local w = lacuna.ones(8, 3, 4)
    local function conv(given)
      return F.conv3d(x, w, { kernel_size = 2, stride = 2, config = given }).feats:size(1)
    end
    local before = F.conv_config.get_default()
    prop.check("modes", { table = any }, function(case)
      for _, call in ipairs {
        function() F.conv_config.set_global(case.table) return conv() end,
        function() return conv(case.table) end,
        function() return lacuna.with_modes(case.table, conv) end,
      } do
        local ok, message = pcall(call)
        F.conv_config.clear_global()
        if ok then assert.equal(1, message) else check_message(message) end
        assert.are.same(before, F.conv_config.get_default())
      end
    end, 400)
  end)
end)

