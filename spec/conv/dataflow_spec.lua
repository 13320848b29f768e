-- The dataflows of a convolution agree; configs, global configs and modes choose between them.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn = lacuna.nn
local F = nn.functional

local function input(count, high, channels, seed)
  lacuna.manual_seed(seed)
  local rows = support.voxels(count, 0, high, 2, seed)
  return lacuna.SparseTensor(lacuna.randn(#rows, channels), rows)
end

local exact = { -- one chain an element: equal to the bit
  { dataflow = "ImplicitGEMM", ifsort = false },
  { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 },
  { dataflow = "auto" },
}
local rounded = {
  { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 2 },
  { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 3 },
  { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 4 },
  { dataflow = "GatherScatter" },
  { dataflow = "GatherScatter", epsilon = 1 },
  { dataflow = "GatherScatter", epsilon = 0.3, mm_thresh = 100 },
}

-- The dataflow that fn's first layer ran.
local function ran(fn)
  return lacuna.profile(fn)[1].dataflow
end

describe("dataflows", function()
  local geometries = {
    { name = "3x3x3", kernel_size = 3 },
    { name = "2x3x1", kernel_size = { 2, 3, 1 } },
    { name = "5x5x5", kernel_size = 5 }, -- masks of two words
    { name = "7x7x7", kernel_size = 7 }, -- and of six
    { name = "3x3x3 dilated", kernel_size = 3, dilation = 2 },
    { name = "2x2x2 by 2", kernel_size = 2, stride = 2 },
    { name = "3x3x3 by 2", kernel_size = 3, stride = 2, padding = 1 },
    { name = "1x1x1 by 2", kernel_size = 1, stride = 2 },
    { name = "generative", kernel_size = 3, stride = 2, transposed = true, generative = true },
  }
  for _, geometry in ipairs(geometries) do
    it("agree on " .. geometry.name, function()
      local opts = {}
      for key, value in pairs(geometry) do if key ~= "name" then opts[key] = value end end
      local x = input(600, 10, 5, 3)
      if opts.generative then
        x = lacuna.SparseTensor(x.feats, x.coords, 2)
      end
      local size = type(opts.kernel_size) == "table" and opts.kernel_size
        or { opts.kernel_size, opts.kernel_size, opts.kernel_size }
      local weight = lacuna.randn(size[1] * size[2] * size[3], 5, 37)
      opts.bias = lacuna.randn(37)
      local function conv(config)
        opts.config = config
        return F.relu(F.conv3d(x, weight, opts))
      end
      local want = conv { dataflow = "FetchOnDemand" }
      for _, config in ipairs(exact) do
        support.same(conv(config).feats, want.feats, config.dataflow)
      end
      local scale = want.feats:max():item()
      for _, config in ipairs(rounded) do
        support.close(conv(config).feats, want.feats, 2e-5 * scale, config.dataflow)
      end
      local threads = lacuna.get_num_threads()
      lacuna.set_num_threads(1)
      for _, config in ipairs(rounded) do
        local one = conv(config).feats
        lacuna.set_num_threads(2)
        support.same(conv(config).feats, one, config.dataflow .. " on 1 and 2 threads")
        lacuna.set_num_threads(1)
      end
      lacuna.set_num_threads(threads)
    end)
  end

  it("agree backwards and on rows in any order", function()
    local x = input(500, 9, 4, 5)
    local down, up = lacuna.randn(8, 4, 6), lacuna.randn(8, 6, 3)
    local coarse = F.conv3d(x, down, { kernel_size = 2, stride = 2 })
    local function back(config)
      return F.conv3d(coarse, up, { kernel_size = 2, transposed = true, config = config }).feats
    end
    local want = back { dataflow = "FetchOnDemand" }
    for _, config in ipairs(exact) do support.same(back(config), want) end
    for _, config in ipairs(rounded) do support.close(back(config), want, 1e-4) end
  end)

  it("keep zero times infinity out of rows without a neighbour", function()
    local x = lacuna.SparseTensor(lacuna.ones(2, 1), { { 0, 0, 0, 0 }, { 0, 9, 9, 9 } })
    local weight = lacuna.ones(27, 1, 1)
    weight[1] = lacuna.full({ 1, 1 }, math.huge)
    for _, config in ipairs { exact[1], exact[2], rounded[2], rounded[4] } do
      local y = F.conv3d(x, weight, { kernel_size = 3, config = config }).feats
      assert.are.same({ { 1 }, { 1 } }, y:totable())
    end
  end)

  it("run on no rows", function()
    local x = lacuna.SparseTensor(lacuna.zeros(0, 3), {})
    for _, config in ipairs(rounded) do
      local y = F.conv3d(x, lacuna.randn(27, 3, 4), { kernel_size = 3, config = config })
      assert.are.same({ 0, 4 }, y:size())
    end
  end)

  it("compute halves with the same result as FetchOnDemand", function()
    local x = input(400, 8, 16, 6):half()
    local weight = lacuna.randn(27, 16, 8):half()
    local function conv(config)
      return F.conv3d(x, weight, { kernel_size = 3, config = config }).feats
    end
    local want = conv { dataflow = "FetchOnDemand" }
    assert.equal("float16", want:dtype())
    support.same(conv(exact[1]), want)
    support.close(conv(rounded[2]):float(), want:float(), 0.1)
    support.close(conv(rounded[4]):float(), want:float(), 0.1)
  end)
end)

describe("the choice of a dataflow #host", function()
  after_each(function()
    F.conv_config.clear_global()
    F.set_conv_mode(1)
  end)

  local x = input(800, 30, 8, 7)
  local dense_rows = {}
  for i = 0, 22 ^ 3 - 1 do
    dense_rows[i + 1] = { 0, math.floor(i / 484), math.floor(i / 22) % 22, i % 22 }
  end
  local dense = lacuna.SparseTensor(lacuna.randn(#dense_rows, 8), dense_rows)

  it("by itself is FetchOnDemand, and ImplicitGEMM on dense maps of few channels", function()
    local layer = nn.Conv3d(8, 8, 3)
    assert.equal("FetchOnDemand", ran(function() return layer(x) end))
    assert.equal("ImplicitGEMM", ran(function() return layer(dense) end))
  end)

  it("goes to the layer's config, then the global one", function()
    local layer = nn.Conv3d(8, 8, 3, { config = { dataflow = "GatherScatter" } })
    local plain = nn.Conv3d(8, 8, 3)
    F.conv_config.set_global { dataflow = "ImplicitGEMM" }
    assert.equal("GatherScatter", ran(function() return layer(x) end))
    assert.equal("ImplicitGEMM", ran(function() return plain(x) end))
    F.conv_config.clear_global()
    assert.equal("FetchOnDemand", ran(function() return plain(x) end))
  end)

  it("merges key by key: the mode's splits hold where a config only names the dataflow", function()
    local layer = nn.Conv3d(8, 8, 3, { config = { dataflow = "ImplicitGEMM" } })
    local want = nn.Conv3d(8, 8, 3, { config = { dataflow = "FetchOnDemand" } })
    want.kernel:copy_(layer.kernel)
    for _, mode in ipairs { 0, 1, 2, 1, 0, 2 } do -- both directions
      F.set_conv_mode(mode)
      local equal = layer(x).feats:eq(want(x).feats):min():item()
      assert.equal(mode == 2 and 0 or 1, tonumber(equal), "mode " .. mode)
    end
  end)

  it("refuses what is none", function()
    local function conv(config)
      return function()
        F.conv3d(x, lacuna.randn(27, 8, 8), { kernel_size = 3, config = config })
      end
    end
    support.raises(conv { dataflow = "CodedCSR" }, "dataflow is CodedCSR, expected")
    support.raises(conv { split_mask_num = 5 }, "split_mask_num is 5, expected a whole number")
    support.raises(conv { epsilon = -1 }, "epsilon is -1, expected a number from 0")
    support.raises(conv { datflow = "auto" }, "did you mean 'dataflow'")
  end)

  it("is a net's own: two nets with different modes do not disturb each other", function()
    local a, b = nn.Sequential(nn.Conv3d(8, 8, 4)), nn.Sequential(nn.Conv3d(8, 8, 4))
    a.modes, b.modes = { kmap_mode = "hashmap" }, { kmap_mode = "hashmap_on_the_fly" }
    b[1].kernel:copy_(a[1].kernel)
    local ya, yb = a(x).feats, b(x).feats
    assert.is_false(ya:allclose(yb))
    support.same(a(x).feats, ya)
    support.same(b(x).feats, yb)
    assert.equal("hashmap_on_the_fly", F.get_kmap_mode())
  end)
end)
