-- lacuna.tune: what it chooses, that results stay, and what it refuses.

local lacuna = require "lacuna"
local cache = require "lacuna.tune.cache"
local choices = require "lacuna.tune.choices"
local measure = require "lacuna.tune.measure"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

local function input(count, high, channels, seed)
  lacuna.manual_seed(seed)
  local rows = support.voxels(count, 0, high, 1, seed)
  return lacuna.SparseTensor(lacuna.randn(#rows, channels), rows)
end

-- The same voxels without maps.
local function again(x)
  return lacuna.SparseTensor(x.feats, x.coords:tensor(), x.stride)
end

local function network()
  lacuna.manual_seed(2)
  return nn.Sequential(nn.Conv3d(6, 20, 3), nn.BatchNorm(20), nn.ReLU(),
    nn.Conv3d(20, 24, 2, { stride = 2 }), nn.Conv3d(24, 24, 3), nn.Conv3d(24, 24, 3),
    nn.Conv3d(24, 20, 2, { stride = 2, transposed = true }), nn.Conv3d(20, 4, 1))
end

local function key_of(x, layer)
  return choices.key(x, layer.options, layer.out_channels)
end

describe("the tuner's table", function()
  after_each(choices.clear)

  it("gives back what was set, and nothing else", function()
    local layer, x = nn.Conv3d(6, 20, 3), input(300, 9, 6, 1)
    local key = key_of(x, layer)
    assert.same({ "cpu", "float32", 27, 1, 2, 8 },
      { key.device, key.dtype, key.taps, key.cin, key.cout, key.rows })
    assert.is_nil(choices.get(key))
    for _, choice in ipairs(choices.list) do
      choices.set(key, choice)
      assert.equal(choice, choices.get(key))
    end
    assert.equal(1, choices.count())
    choices.clear()
    assert.is_nil(choices.get(key))
    assert.is_nil(key_of(x, nn.Conv3d(6, 20, 1))) -- no map, nothing to choose
  end)

  it("is followed by auto, and not by a layer that says what it wants", function()
    local layer, x = nn.Conv3d(6, 20, 3), input(300, 9, 6, 1)
    local told = nn.Conv3d(6, 20, 3, { config = { dataflow = "FetchOnDemand" } })
    local want = layer(x).feats
    choices.set(key_of(x, layer), choices.by_name("ImplicitGEMM/sorted"))
    local rows = lacuna.profile(function() return layer(x), told(x) end)
    assert.equal("ImplicitGEMM", rows[1].dataflow)
    assert.equal("FetchOnDemand", rows[2].dataflow)
    support.same(layer(x).feats, want)
  end)

  it("is not followed where a weight is infinite", function()
    local x = lacuna.SparseTensor(lacuna.ones(2, 1), { { 0, 0, 0, 0 }, { 0, 9, 9, 9 } })
    local layer = nn.Conv3d(1, 1, 3)
    layer.kernel[1] = lacuna.full({ 1, 1 }, math.huge)
    choices.set(key_of(x, layer), choices.by_name("ImplicitGEMM"))
    assert.equal("FetchOnDemand", lacuna.profile(function() return layer(x) end)[1].dataflow)
  end)
end)

describe("lacuna.tune", function()
  local path
  before_each(function() path = support.tmp(".txt") end)
  after_each(function()
    choices.clear()
    F.conv_config.clear_global()
    support.clean()
  end)

  it("keeps results to the bit and chooses for every kind of convolution", function()
    local net, x = network(), input(900, 12, 6, 3)
    local want = net(again(x)).feats
    local found = lacuna.tune(net, x, { file = path, repeats = 2 })
    support.same(net(again(x)).feats, want, "tuned")
    assert.equal(4, #found)
    assert.equal(4, found.measured)
    assert.equal(4, choices.count())
    assert.same({ "0" }, found[1].layers)
    assert.same({ "4", "5" }, found[3].layers)
    for _, row in ipairs(found) do
      assert.is_true(choices.by_name(row.dataflow).equal, row.dataflow)
      assert.is_true(row.chosen_ms > 0 and row.default_ms > 0)
      assert.is_nil(row.ms.GatherScatter)
    end
    assert.matches("\n4 kinds of convolution, 4 measured, %d not as by default", tostring(found))
  end)

  it("keeps results to the bit whatever equal kernel each key gets", function()
    local net, x = network(), input(900, 12, 6, 3)
    local want = net(again(x)).feats
    local keys = {}
    lacuna.tune(net, x, { file = path, repeats = 1 })
    for _, entry in ipairs(cache.read(path)) do keys[#keys + 1] = entry.key end
    assert.equal(4, #keys)
    for _, choice in ipairs(choices.list) do
      if choice.equal then
        for _, key in ipairs(keys) do choices.set(key, choice) end
        support.same(net(again(x)).feats, want, choice.name)
      end
    end
  end)

  it("tries kernels that round differently when it may", function()
    local x = input(700, 12, 32, 4)
    local layer = nn.Conv3d(32, 32, 3)
    local want = layer(again(x)).feats
    local found = lacuna.tune(layer, x, { file = false, repeats = 1, allow_rounding = true,
      explain = true })
    assert.is_number(found[1].ms["ImplicitGEMM/split2"])
    assert.is_number(found[1].ms["ImplicitGEMM/split4"])
    assert.is_true(measure.error(layer(again(x)).feats, want) < 1e-5)
    assert.matches("ImplicitGEMM/split3 [%d.]+ ms", tostring(found))
  end)

  it("refuses a kernel whose error is above the bound, and says so", function()
    -- Two large values cancel in the middle voxel; the small ones between them are lost or kept as
    -- the order of the sum has it.
    local x = lacuna.SparseTensor(lacuna.tensor { { 1e8 }, { 1 }, { -1e8 }, { 3 }, { 3 } },
      { { 0, 0, 0, 0 }, { 0, 1, 1, 1 }, { 0, 2, 2, 2 }, { 0, 1, 1, 2 }, { 0, 2, 1, 1 } })
    local layer = nn.Conv3d(1, 1, 3)
    layer.kernel:zero_()
    for _, tap in ipairs { 0, 14, 22, 26 } do layer.kernel[tap + 1] = lacuna.ones(1, 1) end
    local found = lacuna.tune(layer, x, { file = false, repeats = 1, allow_rounding = true })
    assert.matches("relative error .*, the bound is 1e%-05",
      found[1].rejected["ImplicitGEMM/split2"])
    assert.is_nil(found[1].rejected[found[1].dataflow])
  end)

  it("refuses an equal kernel that does not give the same bits", function()
    local wrong = choices.by_name("ImplicitGEMM")
    wrong.alter = function(y) return y * (1 + 1e-6) end
    finally(function() wrong.alter = nil end)
    local found = lacuna.tune(nn.Conv3d(6, 20, 3), input(300, 9, 6, 1), { file = false,
      repeats = 1 })
    assert.matches("differs from the default by .*, expected the same bits",
      found[1].rejected.ImplicitGEMM)
    assert.is_nil(found[1].ms.ImplicitGEMM)
    assert.is_number(found[1].ms["ImplicitGEMM/sorted"])
  end)

  it("takes from the cache what it knows, and measures it again when told to", function()
    local net, x = network(), input(900, 12, 6, 3)
    lacuna.tune(net, x, { file = path, repeats = 1 })
    choices.clear()
    local found = lacuna.tune(net, x, { file = path, repeats = 1 })
    assert.equal(0, found.measured)
    assert.equal(4, choices.count())
    assert.equal(4, lacuna.tune(net, x, { file = path, repeats = 1, again = true }).measured)
  end)

  it("leaves a layer that says what it wants, and the choices of other networks", function()
    local x = input(300, 9, 6, 1)
    local other = nn.Conv3d(6, 40, 3)
    lacuna.tune(other, x, { file = false, repeats = 1 })
    local told = nn.Conv3d(6, 20, 3, { config = { dataflow = "FetchOnDemand" } })
    assert.equal(0, #lacuna.tune(told, x, { file = false, repeats = 1 }))
    assert.equal(1, choices.count())
    assert.is_not_nil(choices.get(key_of(x, other)))
  end)

  it("tunes halves by their own key", function()
    local x = input(300, 9, 16, 1):half()
    local layer = nn.Conv3d(16, 16, 3):half()
    local want = layer(again(x)).feats
    lacuna.tune(layer, x, { file = path, repeats = 1 })
    assert.equal("float16", cache.read(path)[1].key.dtype)
    support.same(layer(again(x)).feats, want)
  end)

  it("puts things back after an error in the network", function()
    local net = nn.class("Broken", nn.Module)()
    net.conv = nn.Conv3d(6, 20, 3)
    net.forward = function(self, x)
      self.conv(x)
      error("broken", 0)
    end
    local x = input(300, 9, 6, 1)
    choices.set(key_of(x, net.conv), choices.by_name("ImplicitGEMM"))
    support.raises(function() lacuna.tune(net, x, { file = false }) end, "broken")
    assert.equal("ImplicitGEMM", choices.get(key_of(x, net.conv)).name)
    assert.is_nil(require("lacuna.nn.module").hooks.around)
  end)

  it("refuses wrong arguments", function()
    local x = input(10, 9, 6, 1)
    support.raises(function() lacuna.tune(3, x) end, "tune: a number, expected a network")
    support.raises(function() lacuna.tune(network(), x, { repeat_ = 3 }) end, "unknown option")
    support.raises(function() lacuna.tune(network(), x, { repeats = 0 }) end, "repeats is 0")
    support.raises(function() lacuna.tune(network(), x, { file = 3 }) end, "file is a number")
    support.raises(function() lacuna.tune.load("/no/such/file") end, "there is no file")
  end)
end)
