-- net:load of what is no weights file of Lacuna's own, and files that mean harm.

local checkpoint = require "spec.support.checkpoint"
local lacuna = require "lacuna"
local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

local nn = lacuna.nn
local P = torch_file.P

local function small()
  return nn.Sequential(nn.Conv3d(2, 3, 3), nn.BatchNorm(3), nn.Linear(3, 4))
end

-- The net's tensors as SpConv 1 would have stored them, some replaced: false leaves one out.
local function file(net, replaced)
  local tensors = {}
  for name, t in net:state_dict() do
    local stored = t
    if name:match("kernel$") then
      local sizes = t:size()
      stored = t:view(3, 3, 3, sizes[2], sizes[3]):permute(3, 2, 1, 4, 5):contiguous()
      name = name:gsub("kernel$", "weight")
    end
    local other = (replaced or {})[name]
    if other ~= nil then stored = other end
    if stored then tensors[#tensors + 1] = { name, stored } end
  end
  return support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
end

local function equal_weights(a, b)
  local sd = b:state_dict()
  for name, t in a:state_dict() do support.same(sd[name], t, name) end
end

describe("net:load of a checkpoint", function()
  after_each(support.clean)

  it("takes another engine's kernels, found by the model's shapes or named", function()
    local a = small()
    local path = file(a)
    for _, opts in ipairs { {}, { from = "auto" }, { from = "spconv1" } } do
      local b = small()
      assert.equal(b, b:load(path, opts))
      equal_weights(a, b)
    end
    local wrong = small():load(path, { from = "spconv1", axes = "xyz" })
    assert.is_true(support.difference(wrong[1].kernel, a[1].kernel) > 0)
  end)

  it("lists what does not fit, and changes nothing", function()
    local net = small()
    local before = net[3].bias:clone()
    local path = file(small(), {
      ["2.weight"] = lacuna.ones(4, 2), ["1.bias"] = false, ["1.num_batches_tracked"] = false,
    })
    support.raises(function() net:load(path) end, path, "does not fit Sequential",
      "1 wrong shape: 2.weight is [4, 2], expected [4, 3]", "1 missing: 1.bias")
    support.same(net[3].bias, before)
    local lists = net:load(path, { strict = false })
    assert.are.same({ "1.bias" }, lists.missing)
    assert.equal(1, #lists.wrong)
  end)

  it("takes a prefix, and finds that of a detector", function()
    local a = small()
    local tensors = { { "head.weight", lacuna.ones(2) } }
    for name, t in a:state_dict() do tensors[#tensors + 1] = { "backbone_3d." .. name, t } end
    local path = support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
    equal_weights(a, small():load(path))
    equal_weights(a, small():load(path, { prefix = "backbone_3d" }))
    support.raises(function() small():load(path, { prefix = "head" }) end, path, "missing")
    support.raises(function() small():load(path, { prefix = "neck" }) end, path, "'neck'")
  end)

  it("converts halves to the module's dtype, exactly", function()
    local a = small():half()
    local path = support.tmp(".h5")
    a:save(path)
    local b = small():load(path)
    for name, t in a:state_dict() do support.same(b:get(name), t:to(b:get(name):dtype())) end
  end)

  it("reads 1x1x1 kernels with a stride as TorchSparse up to 2.0 stored them", function()
    local net = nn.Sequential(nn.Conv3d(2, 3, 1, { stride = 2 }), nn.BatchNorm(3))
    local kernel = lacuna.randn(2, 3)
    local tensors = { { "0.kernel", kernel } }
    for name, t in net:state_dict() do
      if name ~= "0.kernel" then tensors[#tensors + 1] = { name, t } end
    end
    net:load(support.write_file(support.tmp(".pth"), checkpoint.pth(tensors)))
    support.same(net[1].kernel, kernel:view(1, 2, 3))
  end)
end)

describe("a checkpoint that means harm", function()
  after_each(support.clean)

  local function write(root, storages)
    return support.write_file(support.tmp(".pth"),
      torch_file.save(P.pickle(root), storages or { { "0", ("\0"):rep(4) } }))
  end
  local tensor = P.tensor(P.storage("FloatStorage", "0", 1), { 1 }, { 1 })

  it("contains itself", function()
    -- A dict in the memo's slot 9 that is its own member "a".
    local root = "}q\9(" .. P.text "a" .. "h\9" .. P.text "t" .. tensor .. "u"
    local path = write(root)
    support.raises(function() lacuna.convert.load(path) end, path, "contains itself")
    support.raises(function() lacuna.convert.read(path) end, path, "contains itself")
  end)

  it("has dicts of the same dicts, over and over", function()
    local inner = P.dict { { P.text "t", tensor } } .. "q\9"
    for _ = 1, 5 do
      local items = {}
      for i = 1, 60 do items[i] = { P.text("k" .. i), i == 1 and inner or "h\9" } end
      inner = P.dict(items) .. "q\9"
    end
    local path = write(inner)
    support.raises(function() lacuna.convert.load(path) end, path)
    support.raises(function() lacuna.convert.read(path) end, path)
  end)

  it("has names with line feeds and names without end", function()
    local path = write(P.dict { { P.text "a\nb.weight", P.tensor(
      P.storage("FloatStorage", "0", 1), { 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1 }) } })
    support.raises(function() lacuna.convert.load(path) end, "a?b.weight", "ambiguous")
    path = write(P.dict { { P.text(("x."):rep(5000)), tensor } })
    support.raises(function() lacuna.convert.load(path) end, path, "names")
  end)

  it("shares one storage among more tensors than memory holds", function()
    local bytes, items = 2 ^ 20, {}
    for i = 1, 40 do
      items[i] = {
        P.text("t" .. i), P.tensor(P.storage("FloatStorage", "0", bytes / 4), { bytes / 4 }, { 1 }),
      }
    end
    local path = write(P.dict(items), { { "0", ("\0"):rep(bytes) } })
    support.raises(function() lacuna.convert.load(path) end, path, "share")
    support.raises(function() lacuna.convert.read(path) end, path, "share")
  end)
end)
