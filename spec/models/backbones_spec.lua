-- TorchSparse's two backbones: models/sparseresunet42.lua and models/sparseresnet21d.lua.

local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local model_vectors = require "spec.support.model_vectors"
local support = require "spec.support.init"

-- Every level of a batch on 1 and 2 threads, and of its samples alone, is the same to the bit.
local function check_levels(net, count, low)
  local function sample(seed)
    local rows = support.voxels(500, low, low + 15, 1, seed)
    return lacuna.SparseTensor(lacuna.randn(#rows, net.config.in_channels), rows)
  end
  local a, b = sample(3), sample(4)
  local batch = lacuna.sparse_collate { a, b }
  local whole, first, second = net(batch), net(a), net(b)
  assert.equal(count, #whole)
  for i = 1, count do
    checks.threads(function() return net(batch)[i].feats end)
    support.same(whole[i]:sample(0).feats, first[i].feats, "level " .. i)
    support.same(whole[i]:sample(1).feats, second[i].feats, "level " .. i)
    support.same(whole[i]:sample(1).coords:tensor(), second[i].coords:tensor(), "level " .. i)
  end
  local channels = net.config.in_channels
  for i, level in ipairs(net(lacuna.SparseTensor(lacuna.zeros(0, channels), {}))) do
    assert.are.same({ 0, whole[i].feats:size(2) }, level.feats:size())
  end
end

local function check_vectors(name, levels)
  local vectors = model_vectors.open(name)
  if not vectors then return pending("the folder of test data is not there") end
  local net = lacuna.models[name](vectors:config()):load(vectors.path)
  assert.equal(vectors.file:attr("/", "parameters"), net:num_parameters())
  local x = vectors:input()
  local got = net(x)
  assert.equal(#levels, #got)
  for i, level in ipairs(levels) do vectors:check(level, got[i]) end
  for i = 1, #levels do checks.threads(function() return net(x)[i].feats end) end
  assert.equal(vectors.file:attr("/", "macs"), model_vectors.macs(function() return net(x) end))
  vectors:check_half(levels[#levels], net:half()(x:half())[#levels])
end

describe("models/sparseresunet42.lua", function()
  it("has TorchSparse's names and number of parameters", function()
    local net = lacuna.models.sparseresunet42 {}
    assert.equal(21721472, net:num_parameters())
    checks.shapes(net, {
      ["stem.0.kernel"] = { 27, 4, 32 }, ["stem.4.running_var"] = { 32 },
      ["encoders.0.0.0.kernel"] = { 8, 32, 32 }, ["encoders.0.0.1.weight"] = { 32 },
      ["encoders.1.1.shortcut.0.kernel"] = { 32, 64 },
      ["encoders.3.2.main.3.kernel"] = { 27, 256, 256 },
      ["decoders.0.upsample.0.kernel"] = { 8, 256, 256 },
      ["decoders.0.fuse.0.main.0.kernel"] = { 27, 384, 256 },
      ["decoders.3.fuse.0.shortcut.1.bias"] = { 96 },
      ["decoders.3.fuse.1.main.4.weight"] = { 96 },
    })
    assert.is_nil(net:state_dict()["encoders.0.1.shortcut.0.kernel"])
  end)

  it("gives nine levels, the same for a batch and for its samples", function()
    check_levels(lacuna.models.sparseresunet42 { width_multiplier = 0.25 }, 9, -6)
  end)

  it("gives the outputs of the reference", function()
    check_vectors("sparseresunet42", {
      "stem", "encoder0", "encoder1", "encoder2", "encoder3", "decoder0", "decoder1", "decoder2",
      "decoder3",
    })
  end)

  it("says what it does not know", function()
    support.raises(function() lacuna.models.sparseresunet42 { width = 1 } end,
      "sparseresunet42: unknown option 'width'")
  end)
end)

describe("models/sparseresnet21d.lua", function()
  it("has TorchSparse's names and number of parameters", function()
    local net = lacuna.models.sparseresnet21d {}
    assert.equal(2693920, net:num_parameters())
    checks.shapes(net, {
      ["0.0.0.kernel"] = { 27, 4, 16 }, ["0.1.main.0.kernel"] = { 27, 16, 16 },
      ["1.0.0.kernel"] = { 27, 16, 32 }, ["3.2.main.4.running_mean"] = { 128 },
      ["4.0.0.kernel"] = { 3, 128, 128 }, ["4.0.1.weight"] = { 128 },
    })
    assert.are.same({ 0, 0, 0 }, net[2][1][1].padding)
    assert.equal("sparseresnet21d", net.arch.model)
  end)

  it("gives five levels, the same for a batch and for its samples", function()
    check_levels(lacuna.models.sparseresnet21d { width_multiplier = 0.25 }, 5, 0)
  end)

  it("gives the outputs of the reference", function()
    check_vectors("sparseresnet21d", { "stage0", "stage1", "stage2", "stage3", "stage4" })
  end)
end)
