-- config_spec.lua: configs of any JSON, as a file's `arch` may hold: a network or one line saying
-- what is wrong. And mode and conv configs of any table, which afterwards are as they were.

local cjson = require "cjson"
local configs = require "spec.fuzz.configs"
local lacuna = require "lacuna"
local prop = require "spec.support.prop"

local F, check_message = lacuna.nn.functional, configs.check_message

describe("any config", function()
  it("makes a network or one line that says what is wrong", function()
    prop.check("config", { arch = configs.any }, function(case)
      local value = configs.plain(cjson.decode(case.arch[2]))
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
      for _, key in ipairs(configs.keys_of(t)) do
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

