local lacuna = require "lacuna"
local cjson = require "cjson"
local checks = require "spec.support.encoder_checks"
local model_vectors = require "spec.support.model_vectors"
local net_config = require "lacuna.spvnas.net_config"
local small = require "spec.support.small_net_config"
local support = require "spec.support.init"

local function sample(seed)
  local rows = support.voxels(500, 0, 14, 1, seed)
  return lacuna.SparseTensor(lacuna.randn(#rows, 4), rows)
end

describe("models/spvnas.lua", function()
  it("builds the network that a net.config names", function()
    local net = lacuna.models.spvnas { net_config = small() }
    checks.shapes(net, {
      ["stem.0.kernel"] = { 27, 4, 32 },
      ["downsample.0.transition.net.conv.kernel"] = { 8, 32, 8 },
      ["downsample.0.transition.net.bn.running_mean"] = { 8 },
      ["downsample.0.feature.0.net.0.net.conv.kernel"] = { 27, 8, 12 },
      ["downsample.0.feature.0.net.1.net.conv.kernel"] = { 27, 12, 12 },
      ["downsample.0.feature.0.downsample.net.conv.kernel"] = { 8, 12 },
      ["downsample.0.feature.1.net.0.net.conv.kernel"] = { 27, 12, 13 },
      ["upsample.0.transition.net.conv.kernel"] = { 8, 36, 24 },
      ["upsample.0.feature.0.net.0.net.conv.kernel"] = { 27, 24 + 28, 28 },
      ["upsample.3.feature.0.downsample.net.conv.kernel"] = { 36 + 32, 16 },
      ["point_transforms.1.net.conv.weight"] = { 24, 36 },
      ["point_transforms.2.net.bn.weight"] = { 16 },
      ["classifier.linear.weight"] = { 5, 128 },
    })
    local dict = net:state_dict()
    assert.is_nil(dict["downsample.2.feature.1.net.0.net.conv.kernel"])
    assert.is_nil(dict["downsample.0.feature.1.downsample.net.conv.kernel"])
  end)

  it("is the widest network without a net.config", function()
    local net = lacuna.models.spvnas {}
    checks.shapes(net, {
      ["upsample.0.feature.0.net.0.net.conv.kernel"] = { 27, 576, 384 },
      ["downsample.3.feature.1.net.1.net.conv.kernel"] = { 27, 384, 384 },
      ["classifier.linear.weight"] = { 19, 128 },
    })
    assert.equal(19, #net.classes)
  end)

  it("gives the same for a batch and its samples, for threads, fused or not", function()
    local net = lacuna.models.spvnas { net_config = small() }
    local a, b = sample(3), sample(4)
    local batch = lacuna.sparse_collate { a, b }
    local want = checks.threads(function() return net(batch) end)
    assert.are.same({ 1000, 5 }, want:size())
    support.same(net(a), want:narrow(1, 1, 500), "the first sample alone")
    support.same(net(b), want:narrow(1, 501, 500), "the second sample alone")
    support.same(lacuna.with_modes({ eager = true }, net, batch), want, "eager")
    support.same(net.classifier(net:features(batch).z3.feats), want, "features")
    assert.are.same({ 0, 5 }, net(lacuna.SparseTensor(lacuna.zeros(0, 4), {})):size())
  end)

  it("takes points", function()
    local net = lacuna.models.spvnas { net_config = small() }
    local at = lacuna.rand(300, 4) * 12
    at:narrow(2, 1, 1):zero_()
    assert.are.same({ 300, 5 }, net(lacuna.PointTensor(lacuna.randn(300, 4), at)):size())
    support.raises(function() net(lacuna.zeros(3, 4)) end,
      "a Tensor, expected a SparseTensor or a PointTensor")
  end)

  it("keeps its net.config in saved weights", function()
    local path = support.tmp(".h5")
    local net = lacuna.models.spvnas { net_config = small() }
    net:save(path)
    local f = lacuna.hdf5.open(path)
    local arch = cjson.decode(f:attr("/", "arch"))
    f:close()
    assert.equal("spvnas", arch.model)
    local again = lacuna.models.spvnas(arch.config):load(path)
    local x = sample(5)
    support.same(again(x), net(x))
    support.clean()
  end)

  it("reads a net.config from a JSON file, and says what is wrong with one", function()
    local path = support.write_file(support.tmp(".json"), cjson.encode(small()))
    assert.equal(lacuna.models.spvnas({ net_config = small() }):num_parameters(),
      lacuna.models.spvnas({ net_config = path }):num_parameters())
    support.write_file(path, "{ not JSON")
    support.raises(function() lacuna.models.spvnas { net_config = path } end, path, "JSON")
    support.raises(function() lacuna.models.spvnas { net_config = "/nosuch.json" } end, "nosuch")
    support.clean()
  end)

  it("names the entry that is missing or impossible", function()
    local function refuses(change, ...)
      local config = small()
      change(config)
      support.raises(function() lacuna.models.spvnas { net_config = config } end,
        "spvnas: net_config: ", ...)
    end
    for _, name in ipairs {
      "output_channels", "downsample.0.transition", "upsample.3.feature",
      "downsample.1.feature.layers.0.net.layers.0", "point_transforms.1", "pres", "num_classes",
      "upsample.0.feature.layers.1.net.layers.1",
    } do
      refuses(function(c) c[name] = nil end, "'" .. name .. "' is missing")
      refuses(function(c) c[name] = cjson.null end, "'" .. name .. "'")
    end
    refuses(function(c) c["downsample.2.transition"] = 0 end, "'downsample.2.transition' is 0")
    refuses(function(c) c["downsample.2.transition"] = 3.5 end, "is 3.5")
    refuses(function(c) c["downsample.2.transition"] = "8" end, "is a string, expected a number")
    refuses(function(c) c["upsample.1.feature"] = 3 end, "'upsample.1.feature' is 3", "1 to 2")
    refuses(function(c) c["upsample.0.feature.layers.0.net"] = 3 end, "is 3, expected 2")
    refuses(function(c) c["upsample.0.feature.layers.0.net.layers.1"] = 7 end,
      "is 7, expected 32")
    refuses(function(c) c["point_transforms.2"] = 7 end, "'point_transforms.2' is 7, expected 16")
    refuses(function(c) c["downsample.0.transitions"] = 7 end,
      "unknown entry 'downsample.0.transitions'", "'downsample.0.transition'")
    refuses(function(c) c.output_channels[9] = nil end, "'output_channels'", "9 widths")
    refuses(function(c) c.output_channels[2] = -1 end, "'output_channels' has -1 at place 2")
    refuses(function(c) c.vres = 0 end, "'vres' is 0")
    refuses(function(c)
      c.output_channels[9] = 160
      c["point_transforms.2"] = 160
      for j = 0, 1 do c["upsample.3.feature.layers." .. j .. ".net.layers.1"] = 160 end
      c["upsample.3.feature.layers.0.downsample"] = 160
    end, "at most 128")
    support.raises(function() lacuna.models.spvnas { net_conf = {} } end,
      "unknown option 'net_conf'", "'net_config'")
    -- A block that the stage does without says nothing.
    local config = small()
    config["downsample.2.feature.layers.1.net.layers.1"] = 999
    assert.is_not_nil(lacuna.models.spvnas { net_config = config })
  end)
end)

describe("A supernet's checkpoint", function()
  -- The names that the supernet's own layers give.
  local function supernet_name(name)
    return (name:gsub("%.net%.bn%.", ".net.bn.bn.")
      :gsub("%.net%.conv%.weight", ".net.conv.linear.weight")
      :gsub("%.net%.conv%.bias", ".net.conv.linear.bias"))
  end

  local function supernet_dict(prefix)
    local config = net_config.widest()
    config.num_classes = 5
    local dict = {}
    for name, tensor in lacuna.models.spvnas({ net_config = config }):state_dict() do
      dict[prefix .. supernet_name(name)] = tensor
    end
    return dict
  end

  it("gives the first channels of every layer, and both parts of a concatenation", function()
    local dict = supernet_dict("module.")
    local net = lacuna.models.spvnas { net_config = small() }
    net:load_state_dict(dict)
    local own = net:state_dict()
    support.same(own["downsample.0.transition.net.conv.kernel"],
      dict["module.downsample.0.transition.net.conv.kernel"]:narrow(3, 1, 8):contiguous())
    support.same(own["downsample.0.feature.0.downsample.net.conv.kernel"],
      dict["module.downsample.0.feature.0.downsample.net.conv.kernel"]
        :narrow(1, 1, 8):narrow(2, 1, 12):contiguous())
    support.same(own["point_transforms.1.net.conv.weight"],
      dict["module.point_transforms.1.net.conv.linear.weight"]
        :narrow(1, 1, 24):narrow(2, 1, 36):contiguous())
    support.same(own["classifier.linear.weight"], dict["module.classifier.linear.weight"])
    -- 24 upsampled channels of 384, then 28 of the level that is joined.
    local full = dict["module.upsample.0.feature.0.net.0.net.conv.kernel"]
    local part = own["upsample.0.feature.0.net.0.net.conv.kernel"]
    support.same(part:narrow(2, 1, 24):contiguous(),
      full:narrow(2, 1, 24):narrow(3, 1, 28):contiguous())
    support.same(part:narrow(2, 25, 28):contiguous(),
      full:narrow(2, 385, 28):narrow(3, 1, 28):contiguous())
    full = dict["module.upsample.3.feature.0.downsample.net.conv.kernel"]
    part = own["upsample.3.feature.0.downsample.net.conv.kernel"]
    support.same(part:narrow(1, 37, 32):contiguous(),
      full:narrow(1, 129, 32):narrow(2, 1, 16):contiguous())
  end)

  it("loads from a file, also one that was wrapped twice, to the same network", function()
    local dict = supernet_dict("model.module.")
    local path = support.tmp(".h5")
    local f = lacuna.hdf5.open(path, "w")
    for name, tensor in pairs(dict) do f:write("/" .. name:gsub("%.", "/"), tensor) end
    f:close()
    local a = lacuna.models.spvnas { net_config = small() }
    a:load_state_dict(dict)
    local b = lacuna.models.spvnas({ net_config = small() }):load(path)
    local x = sample(6)
    support.same(b(x), a(x))
    support.raises(function() b:load(path, { strictly = true }) end, "unknown option 'strictly'")
    f = lacuna.hdf5.open(path, "w")
    for name, tensor in pairs(dict) do
      if not name:find("stem") then f:write("/" .. name:gsub("%.", "/"), tensor) end
    end
    f:close()
    support.raises(function() b:load(path) end, path .. " does not fit SPVNAS: ",
      "missing: stem.0.kernel")
    support.same(b(x), a(x))
    support.clean()
  end)

  it("names what does not fit", function()
    local dict = supernet_dict("")
    dict["stem.0.kernel"] = nil
    local net = lacuna.models.spvnas { net_config = small() }
    support.raises(function() net:load_state_dict(dict) end, "1 missing: stem.0.kernel")
    dict = supernet_dict("")
    dict["upsample.2.transition.net.conv.kernel"] = lacuna.zeros(8, 4, 4)
    support.raises(function() net:load_state_dict(dict) end,
      "upsample.2.transition.net.conv.kernel is [8, 4, 4]")
    dict = supernet_dict("")
    dict.head = lacuna.zeros(1)
    support.raises(function() net:load_state_dict(dict) end, "1 unexpected: head")
  end)

  it("that was cut already loads with a wrapper's names", function()
    local net, dict = lacuna.models.spvnas { net_config = small() }, {}
    for name, tensor in net:state_dict() do dict["module." .. name] = tensor end
    local other = lacuna.models.spvnas { net_config = small() }
    other:load_state_dict(dict)
    local x = sample(7)
    support.same(other(x), net(x))
  end)
end)

describe("SPVNAS", function()
  local published = support.shared "data/spvnas_65GMACs_net.config.json"
  local vectors = model_vectors.open "spvnas"

  it("has the published number of parameters", function()
    if not published then return pending("the folder of test data is not there") end
    assert.equal(10789879, lacuna.models.spvnas({ net_config = published }):num_parameters())
  end)

  it("has the names and shapes of the published network", function()
    if not (vectors and published) then return pending("the folder of test data is not there") end
    local f, at = vectors.file, "/published_config"
    local text = f:attr(at, "net_config")
    local net = lacuna.models.spvnas { net_config = text and cjson.decode(text) or published }
    local keys, dims, shapes = f:read(at .. "/keys"), f:read(at .. "/ndim"), f:read(at .. "/shape")
    local width, bytes = keys:size(2), keys:totable()
    local dict = net:state_dict()
    dims, shapes = dims:totable(), shapes:totable()
    local own = 0
    for _ in dict do own = own + 1 end
    assert.equal(own, #bytes)
    for i, row in ipairs(bytes) do
      local letters = {}
      for j = 1, width do
        if row[j] ~= 0 then letters[#letters + 1] = string.char(row[j]) end
      end
      local name, want = table.concat(letters), {}
      for d = 1, dims[i] do want[d] = shapes[i][d] end
      assert.is_not_nil(dict[name], name)
      assert.are.same(want, dict[name]:size(), name)
    end
  end)

  it("gives the outputs of the reference, part by part", function()
    if not vectors then return pending("the folder of test data is not there") end
    local net = lacuna.models.spvnas {
      net_config = cjson.decode(vectors.file:attr("/", "net_config")),
    }
    net:load(vectors.path)
    assert.equal(vectors.file:attr("/", "parameters"), net:num_parameters())
    local x = vectors:input()
    local parts = net:features(x)
    for _, part in ipairs {
      "x0", "x1", "x2", "x3", "x4", "y1", "y2", "y3", "y4", "z0", "z1", "z2", "z3",
    } do
      vectors:check(part, parts[part])
    end
    vectors:check("logits", checks.threads(function() return net(x) end))
    assert.equal(vectors.file:attr("/", "macs"), model_vectors.macs(function() return net(x) end))
    vectors:check_half("logits", net:half()(x:half()))
  end)
end)
