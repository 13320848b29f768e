local lacuna = require "lacuna"
local support = require "spec.support.init"

local path = support.shared("vectors/models/minkunet.h5")

local function shape(net, name)
  return net:state_dict()[name] and net:state_dict()[name]:size()
end

describe("models/minkunet.lua", function()
  it("has the parameters and names of the published checkpoints", function()
    local net = lacuna.models.minkunet {}
    assert.equal(21778003, net:num_parameters())
    local without = 0
    for name, p in net:named_parameters() do
      if not name:find("^point_transforms") then without = without + p:numel() end
    end
    assert.equal(21723315, without)
    local shapes = {
      ["stem.0.kernel"] = { 27, 4, 32 }, ["stem.3.kernel"] = { 27, 32, 32 },
      ["stem.4.running_var"] = { 32 },
      ["stage1.0.net.0.kernel"] = { 8, 32, 32 }, ["stage2.1.downsample.0.kernel"] = { 32, 64 },
      ["stage4.2.net.3.kernel"] = { 27, 256, 256 }, ["up1.0.net.0.kernel"] = { 8, 256, 256 },
      ["up1.1.0.net.0.kernel"] = { 27, 384, 256 }, ["up4.1.0.net.0.kernel"] = { 27, 128, 96 },
      ["up4.1.1.net.4.num_batches_tracked"] = {}, ["classifier.0.weight"] = { 19, 96 },
      ["classifier.0.bias"] = { 19 }, ["point_transforms.0.0.weight"] = { 256, 32 },
      ["point_transforms.2.1.running_mean"] = { 96 },
    }
    for name, sizes in pairs(shapes) do assert.are.same(sizes, shape(net, name), name) end
    assert.is_nil(shape(net, "stage1.1.downsample.0.kernel"))
    assert.is_nil(shape(net, "up1.1.1.downsample.0.kernel"))
  end)

  it("follows cr, num_classes and in_channels", function()
    local net = lacuna.models.minkunet { cr = 0.64, num_classes = 7, in_channels = 2 }
    assert.are.same({ 27, 2, 20 }, shape(net, "stem.0.kernel"))
    assert.are.same({ 27, 163, 163 }, shape(net, "stage4.2.net.0.kernel"))
    assert.are.same({ 7, 61 }, shape(net, "classifier.0.weight"))
    assert.are.same({ cr = 0.64, num_classes = 7, in_channels = 2 }, net.config)
    assert.equal("minkunet", net.arch.model)
    assert.is_nil(rawget(net, "_slots").value.classes)
    support.raises(function() lacuna.models.minkunet { cs = 1 } end, "minkunet",
      "unknown option 'cs'", "'cr'")
    support.raises(function() lacuna.models.minkunet { cr = "1" } end, "cr is a string")
  end)

  it("says what it takes and what its classes are", function()
    local net = lacuna.models.minkunet { cr = 0.125 }
    assert.are.same({ "x", "y", "z", "intensity" }, net.input.columns)
    assert.equal(0.05, net.input.voxel_size)
    assert.equal(19, #net.classes)
    assert.equal("car", net.classes[1].name)
    assert.equal(10, net.classes[1].label)
    local seen = {}
    for _, row in ipairs(net.classes) do
      for _, raw in ipairs { row.label, unpack(row.also or {}) } do
        assert.is_nil(seen[raw])
        seen[raw] = true
      end
    end
  end)

  it("gives the same answer for any thread count, fused or not, and for a sample alone", function()
    lacuna.manual_seed(1)
    local net = lacuna.models.minkunet { cr = 0.25, num_classes = 5 }
    local function sample(seed)
      local rows = support.voxels(700, -10, 12, 1, seed)
      return lacuna.SparseTensor(lacuna.randn(#rows, 4), rows)
    end
    local a, b = sample(3), sample(4)
    local batch = lacuna.sparse_collate { a, b }
    local want = net(batch)
    assert.are.same({ 1400, 5 }, want:size())
    local threads = lacuna.get_num_threads()
    for n = 1, 2 do
      lacuna.set_num_threads(n)
      support.same(net(batch), want, n .. " threads")
    end
    lacuna.set_num_threads(threads)
    support.same(lacuna.with_modes({ eager = true }, net, batch), want, "eager")
    support.same(net(a), want:narrow(1, 1, 700), "the first sample alone")
    support.same(net(b), want:narrow(1, 701, 700), "the second sample alone")
    support.same(net.classifier(net:features(batch).y4.feats), want, "features")
  end)

  it("takes no voxels at all", function()
    local net = lacuna.models.minkunet { cr = 0.125, num_classes = 5 }
    assert.are.same({ 0, 5 }, net(lacuna.SparseTensor(lacuna.zeros(0, 4), {})):size())
  end)
end)

describe("MinkUNet's outputs", function()
  if not path then
    pending("the folder of test data is not there")
    return
  end

  local f = lacuna.hdf5.open(path)
  local net = lacuna.models.minkunet(require("cjson").decode(f:attr("/", "config"))):load(path)
  local x = lacuna.SparseTensor(support.here(f:read "/input/feats"),
    support.here(f:read "/input/coords"))
  local names = f:list("/outputs")

  local function check(name, feats, coords)
    local at = "/outputs/" .. name
    feats = feats:cpu()
    if coords and f:exists(at .. "/coords") then
      support.same(coords:tensor(), f:read(at .. "/coords"), name)
    end
    local tolerance = 1e-4 * f:attr(at, "max_abs")
    if f:exists(at .. "/feats") then
      support.close(feats, f:read(at .. "/feats"), tolerance, name)
      return
    end
    local want, step = f:read(at .. "/feats_rows"), f:attr(at, "row_step")
    local rows = lacuna.arange(0, feats:size(1), step, { dtype = "int64", device = "cpu" })
    support.close(feats:index_select(1, rows), want, tolerance, name)
  end

  it("are those of the reference, stage by stage", function()
    assert.equal(tonumber(f:attr("/", "parameters")), net:num_parameters())
    local stages = net:features(x)
    local checked = 0
    for _, name in ipairs(names) do
      if stages[name] then
        check(name, stages[name].feats, stages[name].coords)
        checked = checked + 1
      end
    end
    assert.equal(9, checked)
  end)

  it("are those of the reference at the end, on 1 and 2 threads, fused and not", function()
    local threads = lacuna.get_num_threads()
    local want
    for n = 1, 2 do
      lacuna.set_num_threads(n)
      local logits = net(x)
      check("logits", logits)
      if want then support.same(logits, want) end
      want = logits
    end
    lacuna.set_num_threads(threads)
    support.same(lacuna.with_modes({ eager = true }, net, x), want)
  end)
end)
