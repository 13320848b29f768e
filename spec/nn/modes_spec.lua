local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn, F = lacuna.nn, lacuna.nn.functional

describe("mode flags", function()
  after_each(function()
    F.set_conv_mode(1)
    F.set_kmap_mode("hashmap_on_the_fly")
    F.set_downsample_mode("spconv")
    F.set_allow_negative_coordinates(false)
    F.conv_config.clear_global()
  end)

  it("have the documented defaults", function()
    assert.equal(1, F.get_conv_mode())
    assert.equal("hashmap_on_the_fly", F.get_kmap_mode())
    assert.equal("spconv", F.get_downsample_mode())
  end)

  it("take effect in both directions", function()
    for _, mode in ipairs { 0, 2, 1, 0 } do
      F.set_conv_mode(mode)
      assert.equal(mode, F.get_conv_mode())
    end
    F.set_kmap_mode("hashmap")
    assert.equal("hashmap", F.get_kmap_mode())
    F.set_downsample_mode("minkowski")
    assert.equal("minkowski", F.get_downsample_mode())
  end)

  it("list the legal values when they get another", function()
    support.raises(function() F.set_conv_mode(3) end, "conv_mode is 3, expected one of: 0, 1, 2")
    support.raises(function() F.set_kmap_mode("hash") end, '"hashmap_on_the_fly", "hashmap"')
    support.raises(function() F.set_downsample_mode(nil) end, '"spconv", "minkowski"')
    support.raises(function() F.set_allow_negative_coordinates(1) end, "false, true")
    support.raises(function() lacuna.set_eager("yes") end, "false, true")
  end)

  it("hold inside with_modes alone, also after an error", function()
    local inside = lacuna.with_modes({ conv_mode = 2, kmap_mode = "hashmap" }, function(a)
      return a .. F.get_conv_mode() .. F.get_kmap_mode()
    end, "modes ")
    assert.equal("modes 2hashmap", inside)
    assert.equal(1, F.get_conv_mode())
    support.raises(function()
      lacuna.with_modes({ conv_mode = 0 }, function() F.set_conv_mode(7) end)
    end, "conv_mode is 7")
    assert.equal(1, F.get_conv_mode())
    support.raises(function() lacuna.with_modes({ con_mode = 0 }, function() end) end,
      "did you mean 'conv_mode'?")
    support.raises(function() lacuna.with_modes({ conv_mode = 9 }, function() end) end, "0, 1, 2")
  end)

  it("of net.modes hold while the net runs", function()
    local Net = nn.class("Net", nn.Module)
    function Net:forward(fail)
      self.seen = F.get_downsample_mode()
      if fail then error("broken", 0) end
      return 1, 2
    end
    local net = Net()
    net.modes = { downsample_mode = "minkowski" }
    assert.are.same({ 1, 2 }, { net() })
    assert.equal("minkowski", net.seen)
    assert.equal("spconv", F.get_downsample_mode())
    assert.equal("broken", support.message(function() net(true) end))
    assert.equal("spconv", F.get_downsample_mode())
    net.modes = { downsample_mode = "other" }
    support.raises(function() net() end, "downsample_mode", '"spconv", "minkowski"')
  end)
end)

describe("a convolution's config", function()
  -- Voxels at 0 and 3 under a kernel 3 with stride 2 and padding 1: "spconv" has the rows 0, 1 and
  -- 2, "minkowski" has 0 and 1.
  local function rows_of(layer_config, global, flag)
    local x = lacuna.SparseTensor(lacuna.ones(2, 1), { { 0, 0, 0, 0 }, { 0, 3, 0, 0 } })
    local conv = nn.Conv3d(1, 1, { 3, 1, 1 },
      { stride = { 2, 1, 1 }, padding = { 1, 0, 0 }, config = layer_config })
    if global then F.conv_config.set_global(global) end
    local y = lacuna.with_modes({ downsample_mode = flag or "spconv" }, conv, x)
    F.conv_config.clear_global()
    return y:size(1)
  end
  local spconv, minkowski = { downsample_mode = "spconv" }, { downsample_mode = "minkowski" }

  it("goes layer, global, flags", function()
    local one, two = 3, 2
    assert.equal(one, rows_of())
    assert.equal(two, rows_of(nil, nil, "minkowski"))
    assert.equal(two, rows_of(nil, minkowski))
    assert.equal(two, rows_of(minkowski))
    assert.equal(two, rows_of(minkowski, spconv))
    assert.equal(one, rows_of(spconv, minkowski, "minkowski"))
    assert.equal(one, rows_of(nil, spconv, "minkowski"))
    assert.equal(two, rows_of({ epsilon = 0.5 }, minkowski))
  end)

  it("has fresh defaults and copies of the global one", function()
    local a = F.conv_config.get_default()
    assert.equal("hashmap_on_the_fly", a.kmap_mode)
    a.kmap_mode = "hashmap"
    assert.equal("hashmap_on_the_fly", F.conv_config.get_default().kmap_mode)
    assert.is_nil(F.conv_config.get_global())
    F.conv_config.set_global(a)
    F.conv_config.get_global().kmap_mode = "nonsense"
    assert.equal("hashmap", F.conv_config.get_global().kmap_mode)
    F.conv_config.clear_global()
    assert.is_nil(F.conv_config.get_global())
  end)

  it("is checked", function()
    support.raises(function() F.conv_config.set_global { ifsrt = true } end,
      "did you mean 'ifsort'?")
    support.raises(function() F.conv_config.set_global { kmap_mode = "x" } end, '"hashmap"')
    support.raises(function() F.conv_config.set_global { split_mask_num = 0 } end, "whole number")
    support.raises(function() F.conv_config.set_global(3) end, "expected a table")
  end)
end)
