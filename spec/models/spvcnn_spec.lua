local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local model_vectors = require "spec.support.model_vectors"
local support = require "spec.support.init"

local function sample(seed, channels)
  local rows = support.voxels(500, 0, 14, 1, seed)
  return lacuna.SparseTensor(lacuna.randn(#rows, channels or 4), rows)
end

describe("models/spvcnn.lua", function()
  it("has MinkUNet's parameters and names", function()
    local net = lacuna.models.spvcnn {}
    assert.equal(21778003, net:num_parameters())
    assert.equal(8793617, lacuna.models.spvcnn({ cr = 0.64 }):num_parameters())
    assert.equal(5449267, lacuna.models.spvcnn({ cr = 0.5 }):num_parameters())
    local names = {}
    for name in lacuna.models.minkunet({ cr = 0.125 }):state_dict() do names[#names + 1] = name end
    local own = {}
    for name in lacuna.models.spvcnn({ cr = 0.125 }):state_dict() do own[#own + 1] = name end
    assert.are.same(names, own)
    checks.shapes(net, {
      ["point_transforms.0.0.weight"] = { 256, 32 }, ["classifier.0.weight"] = { 19, 96 },
      ["up1.1.0.downsample.0.kernel"] = { 384, 256 },
    })
    assert.equal(19, #net.classes)
    assert.equal("traffic-sign", net.classes[19].name)
  end)

  it("gives the same for a batch and its samples, for threads, fused or not", function()
    lacuna.manual_seed(1)
    local net = lacuna.models.spvcnn { cr = 0.25, num_classes = 5 }
    local a, b = sample(3), sample(4)
    local batch = lacuna.sparse_collate { a, b }
    local want = checks.threads(function() return net(batch) end)
    assert.are.same({ 1000, 5 }, want:size())
    support.same(net(a), want:narrow(1, 1, 500), "the first sample alone")
    support.same(net(b), want:narrow(1, 501, 500), "the second sample alone")
    support.same(lacuna.with_modes({ eager = true }, net, batch), want, "eager")
    support.same(net.classifier(net:features(batch).z3.feats), want, "features")
  end)

  it("takes points, several in a voxel, and leaves them as they are", function()
    local net = lacuna.models.spvcnn { cr = 0.125, num_classes = 5, pres = 0.05, vres = 0.1 }
    local at = lacuna.rand(600, 4) * 12
    at:narrow(2, 1, 1):zero_()
    local z = lacuna.PointTensor(lacuna.randn(600, 4), at)
    local before = at:clone()
    local want = checks.threads(function() return net(z) end)
    assert.are.same({ 600, 5 }, want:size())
    support.same(z.coords, before)
    -- vres is twice pres: the voxels are those of half the coordinates.
    local voxels = net:features(z).voxels.coords:tensor()
    assert.is_true(voxels:max():item() <= 6)
    -- A voxel is a point at its corner.
    local x = sample(3)
    net = lacuna.models.spvcnn { cr = 0.125, num_classes = 5 }
    support.same(net(x), net(lacuna.PointTensor(x.feats, x.coords:tensor():float())))
  end)

  it("takes no voxels at all", function()
    local net = lacuna.models.spvcnn { cr = 0.125, num_classes = 5 }
    assert.are.same({ 0, 5 }, net(lacuna.SparseTensor(lacuna.zeros(0, 4), {})):size())
    support.raises(function() net(lacuna.zeros(3, 4)) end,
      "a Tensor, expected a SparseTensor or a PointTensor")
  end)
end)

for _, name in ipairs { "spvcnn", "spvcnn_voxels" } do
  local vectors = model_vectors.open(name)
  describe("SPVCNN's outputs on " .. name, function()
    if not vectors then
      pending("the folder of test data is not there")
      return
    end

    it("are those of the reference, part by part", function()
      local net = lacuna.models.spvcnn(vectors:config()):load(vectors.path)
      assert.equal(vectors.file:attr("/", "parameters"), net:num_parameters())
      local x = vectors:input()
      local parts = net:features(x)
      for _, part in ipairs {
        "voxels", "x0", "x1", "x2", "x3", "x4", "y1", "y2", "y3", "y4", "z0", "z1", "z2", "z3",
      } do
        vectors:check(part, parts[part])
      end
      vectors:check("logits", checks.threads(function() return net(x) end))
      assert.equal(vectors.file:attr("/", "macs"), model_vectors.macs(function() return net(x) end))
      vectors:check_half("logits", net:half()(x:half()))
    end)
  end)
end
