local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local function small()
  return nn.Sequential(nn.Conv3d(2, 3, 3), nn.BatchNorm(3), nn.Linear(3, 4))
end

local function equal_weights(a, b)
  local sd = b:state_dict()
  for name, t in a:state_dict() do support.same(sd[name], t, name) end
end

describe("state_dict", function()
  it("is ordered, and holds the tensors themselves", function()
    local net = small()
    local list = {}
    for name, t in net:state_dict() do
      list[#list + 1] = name
      assert.is_true(t == net:get(name))
    end
    assert.are.same({ "0.kernel", "1.weight", "1.bias", "1.running_mean", "1.running_var",
      "1.num_batches_tracked", "2.weight", "2.bias" }, list)
    local count = 0
    for _ in pairs(net:state_dict()) do count = count + 1 end
    assert.equal(8, count)
  end)

  it("loads into another network, converted to its dtypes", function()
    local a, b = small(), small():half()
    assert.equal(b, b:load_state_dict(a:state_dict()))
    assert.equal("float16", b[1].kernel:dtype())
    support.close(b[1].kernel, a[1].kernel, 1e-3)
    local c = small()
    c:load_state_dict(a:state_dict())
    equal_weights(a, c)
  end)

  it("lists every mismatch in one error, and changes nothing", function()
    local net, sd = small(), small():state_dict()
    local before = net[3].bias:clone()
    local plain = { ["0.kernel"] = sd["0.kernel"], ["1.weight"] = lacuna.ones(7),
      ["2.weight"] = lacuna.ones(4, 2), ["2.bias"] = sd["2.bias"], other = lacuna.ones(1) }
    local message = support.raises(function() net:load_state_dict(plain) end,
      "2 wrong shape: 1.weight is [7], expected [3], 2.weight is [4, 2], expected [4, 3]",
      "3 missing: 1.bias, 1.running_mean, 1.running_var", "1 unexpected: other")
    assert.is_nil(message:find("num_batches_tracked"))
    support.same(net[3].bias, before)
  end)

  it("returns the lists where strict is false, and loads what fits", function()
    local net = small()
    local lists = net:load_state_dict({ ["2.bias"] = lacuna.full({ 4 }, 3), x = lacuna.ones(1) },
      { strict = false })
    assert.are.same({ "x" }, lists.unexpected)
    assert.equal(6, #lists.missing)
    assert.are.same({}, lists.wrong)
    assert.are.same({ 3, 3, 3, 3 }, net[3].bias:totable())
  end)

  it("does without num_batches_tracked", function()
    local net, sd = small(), small():state_dict()
    sd["1.num_batches_tracked"] = nil
    assert.equal(net, net:load_state_dict(sd))
  end)

  it("refuses what is no table of tensors", function()
    support.raises(function() small():load_state_dict(3) end, "load_state_dict", "number")
    support.raises(function() small():load_state_dict { a = 3 } end, "load_state_dict", "'a'")
    support.raises(function() small():load_state_dict({}, { strct = false }) end,
      "did you mean 'strict'?")
  end)
end)

describe("net:save and net:load", function()
  after_each(support.clean)

  it("carry every tensor over, to the bit", function()
    local path = support.tmp(".h5")
    local a, b = small(), small()
    a[2].num_batches_tracked:copy_(lacuna.tensor(7))
    assert.equal(a, a:save(path))
    assert.equal(b, b:load(path))
    equal_weights(a, b)
    assert.equal(7, tonumber(b[2].num_batches_tracked:item()))
  end)

  it("use a dataset a tensor in nested groups, and name the format", function()
    local path = support.tmp(".h5")
    small():save(path)
    local f = lacuna.hdf5.open(path)
    assert.equal("lacuna-weights", f:attr("/", "format"))
    assert.equal(1, tonumber(f:attr("/", "version")))
    assert.is_nil(f:attr("/", "arch"))
    assert.are.same({ 27, 2, 3 }, f:read("/0/kernel"):size())
    assert.are.same({ "0", "1", "2" }, f:list("/"))
    f:close()
  end)

  it("refuse a file of a later version, and take what names none", function()
    local path, net = support.tmp(".h5"), small()
    local kept = net:state_dict()
    local function write(version)
      local f = lacuna.hdf5.open(path, "w")
      f:attr("/", "format", "lacuna-weights")
      if version then f:attr("/", "version", version) end
      for name, tensor in kept do f:write("/" .. name:gsub("%.", "/"), tensor) end
      f:close()
    end
    for _, version in ipairs { 2, 1e300 } do
      write(version)
      support.raises(function() small():load(path) end, path, "later Lacuna", "expected at most 1")
    end
    write(nil)
    equal_weights(net, small():load(path))
    write("a word")
    equal_weights(net, small():load(path))
  end)

  it("keep half precision", function()
    local path = support.tmp(".h5")
    for _, dtype in ipairs { "float16", "bfloat16", "float64" } do
      local a, b = small():to(dtype), small():to(dtype)
      a:save(path)
      equal_weights(a, b:load(path))
    end
    local wide = small():load(path)
    assert.equal("float32", wide[1].kernel:dtype())
  end)

  it("compress", function()
    local zeros, plain, packed = nn.Linear(300, 300), support.tmp(".h5"), support.tmp(".h5")
    zeros.weight:zero_()
    zeros:save(plain)
    zeros:save(packed, { compress = 9 })
    local function size(path)
      local f = assert(io.open(path, "rb"))
      local n = f:seek("end")
      f:close()
      return n
    end
    assert.is_true(size(plain) > 300 * 300 * 4)
    assert.is_true(size(packed) < 20000)
    equal_weights(zeros, nn.Linear(300, 300):load(packed))
    support.raises(function() zeros:save(packed, { compress = 11 }) end, "compress = 11")
    support.raises(function() zeros:save(packed, { compres = 1 }) end, "did you mean 'compress'")
    equal_weights(zeros, nn.Linear(300, 300):load(packed))
  end)

  it("read flat names, and tensors in a group state_dict or model", function()
    local a = small()
    for _, place in ipairs { "/", "/state_dict/", "/model/" } do
      for _, separator in ipairs { ".", "/" } do
        local path = support.tmp(".h5")
        local f = lacuna.hdf5.open(path, "w")
        for name, t in a:state_dict() do f:write(place .. name:gsub("%.", separator), t) end
        f:close()
        equal_weights(a, small():load(path))
      end
    end
  end)

  it("read tensors under a prefix", function()
    local path = support.tmp(".h5")
    nn.Sequential(nn.ReLU(), small()):save(path)
    local b = small():load(path, { prefix = "1" })
    assert.are.same({ 27, 2, 3 }, b[1].kernel:size())
    support.raises(function() small():load(path, { prefix = "7" }) end, path, "'7'")
  end)

  it("list what does not fit, with the file's name", function()
    local path = support.tmp(".h5")
    nn.Sequential(nn.Conv3d(2, 5, 3), nn.BatchNorm(3)):save(path)
    local net = small()
    support.raises(function() net:load(path) end, path, "1 wrong shape: 0.kernel",
      "[27, 2, 5]", "[27, 2, 3]", "2 missing: 2.weight, 2.bias")
    local lists = net:load(path, { strict = false })
    assert.are.same({ "2.weight", "2.bias" }, lists.missing)
    assert.equal(1, #lists.wrong)
  end)

  it("name files that are no HDF5, or are not there", function()
    local path = support.write_file(support.tmp(".h5"), "this is no HDF5 file")
    support.raises(function() small():load(path) end, path)
    support.raises(function() small():load("/nowhere/weights.h5") end, "/nowhere/weights.h5")
    support.raises(function() small():save("/nowhere/weights.h5") end, "/nowhere/weights.h5")
    support.raises(function() small():load(5) end, "load", "number")
  end)

  it("save how a model from models/ was made", function()
    local path = support.tmp(".h5")
    lacuna.models.minkunet { cr = 0.125, num_classes = 3 }:save(path)
    local f = lacuna.hdf5.open(path)
    local arch = require("cjson").decode(f:attr("/", "arch"))
    f:close()
    assert.equal("minkunet", arch.model)
    assert.are.same({ cr = 0.125, num_classes = 3, in_channels = 4 }, arch.config)
    local net = lacuna.models[arch.model](arch.config):load(path)
    assert.equal("MinkUNet", lacuna.type(net))
  end)
end)
