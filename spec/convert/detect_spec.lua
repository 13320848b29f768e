-- What `from = "auto"` takes a file for, and why.

local checkpoint = require "spec.support.checkpoint"
local lacuna = require "lacuna"
local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

-- The path of a checkpoint with zeros of these shapes: a list of { name, shape }.
local function file(list)
  local tensors = {}
  for i, pair in ipairs(list) do tensors[i] = { pair[1], lacuna.zeros(pair[2]) } end
  return support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
end

local function load(list, opts)
  return lacuna.convert.load(file(list), opts)
end

local function layout_of(list, opts)
  local _, report = load(list, opts)
  return report.layout, table.concat(report.reasons, "; ")
end

local function norm(name, c)
  return { name .. ".weight", { c } }, { name .. ".bias", { c } },
    { name .. ".running_mean", { c } }
end

describe("from = auto", function()
  after_each(support.clean)

  it("goes by the channels of a bias", function()
    local name, why = layout_of { { "a.weight", { 3, 3, 3, 4, 8 } }, { "a.bias", { 8 } } }
    assert.equal("spconv1", name)
    assert.is_not_nil(why:find("a.weight [3, 3, 3, 4, 8]", 1, true), why)
    assert.equal("spconv2.0", (layout_of {
      { "a.weight", { 3, 3, 3, 8, 4 } }, { "a.bias", { 8 } },
    }))
    assert.equal("spconv2", (layout_of {
      { "a.weight", { 8, 3, 3, 3, 4 } }, { "a.bias", { 8 } },
    }))
    assert.equal("dense", (layout_of {
      { "a.weight", { 16, 8, 3, 3, 3 } }, { "a.bias", { 16 } },
    }))
  end)

  it("goes by the norm that follows, also by its number", function()
    local name, why = layout_of { { "0.weight", { 3, 3, 3, 4, 8 } }, norm("1", 8) }
    assert.equal("spconv1", name)
    assert.is_not_nil(why:find("8 output channels in 1", 1, true), why)
    assert.equal("spconv2.0", (layout_of {
      { "b.bn1.weight", { 8 } }, { "b.bn1.bias", { 8 } }, { "b.bn2.weight", { 4 } },
      { "b.bn2.bias", { 4 } }, { "b.conv1.weight", { 3, 3, 3, 8, 4 } },
      { "b.conv2.weight", { 3, 3, 3, 4, 8 } },
    }))
  end)

  it("lets the kernels that tell decide for those that do not", function()
    local list = {
      { "a.weight", { 3, 3, 3, 3, 3 } }, { "b.weight", { 3, 3, 3, 4, 8 } }, { "b.bias", { 8 } },
    }
    assert.equal("spconv1", (layout_of(list)))
  end)

  it("asks where several layouts fit, and does not guess", function()
    local path = file { { "a.weight", { 3, 3, 3, 3, 3 } }, { "a.bias", { 3 } } }
    support.raises(function() lacuna.convert.load(path) end, path, "ambiguous", "a.weight",
      "[3, 3, 3, 3, 3]", "spconv1", "spconv2", "--from")
    for _, from in ipairs { "spconv1", "spconv2.0", "spconv2", "dense" } do
      local dict = lacuna.convert.load(path, { from = from })
      assert.are.same({ 27, 3, 3 }, dict["a.kernel"]:size())
    end
    local function load_one(sizes, width)
      return function() load { { "a.weight", sizes }, { "a.bias", { width } } } end
    end
    support.raises(load_one({ 3, 3, 3, 16, 16 }, 16), "ambiguous", "spconv1 or spconv2.0")
    support.raises(load_one({ 3, 3, 3, 2, 3 }, 3), "ambiguous", "spconv1 or spconv2")
    support.raises(load_one({ 4, 4, 3, 3, 3 }, 4), "ambiguous", "spconv2 or dense")
  end)

  it("names two kernels that contradict one another", function()
    support.raises(function()
      load {
        { "a.weight", { 3, 3, 3, 4, 8 } }, { "a.bias", { 8 } },
        { "b.weight", { 9, 3, 3, 3, 5 } }, { "b.bias", { 9 } },
      }
    end, "contradict", "a.weight [3, 3, 3, 4, 8]", "b.weight [9, 3, 3, 3, 5]", "--from")
  end)

  it("takes the version that mmdetection3d keeps beside the weights", function()
    local P = torch_file.P
    local function save(version)
      local weight = P.tensor(P.storage("FloatStorage", "0", 243), { 3, 3, 3, 3, 3 },
        { 81, 27, 9, 3, 1 })
      local metadata = P.ordered_dict {
        { P.text "a", P.dict { { P.text "version", P.int(version) } } },
      }
      local dict = P.build(P.ordered_dict { { P.text "a.weight", weight } },
        P.dict { { P.text "_metadata", metadata } })
      return support.write_file(support.tmp(".pth"),
        torch_file.save(P.pickle(dict), { { "0", ("\0"):rep(972) } }))
    end
    local _, report = lacuna.convert.load(save(2))
    assert.equal("spconv2", report.layout)
    assert.matches("version 2", report.reasons[1])
    support.raises(function() lacuna.convert.load(save(1)) end, "ambiguous")
  end)

  it("takes the kernel sizes that were given, and a model's shapes", function()
    local list = { { "0.weight", { 3, 3, 2, 2, 2 } } }
    assert.equal("dense", (layout_of(list, { kernel_sizes = { ["0"] = { 2, 2, 2 } } })))
    assert.equal("spconv1", (layout_of({ { "0.weight", { 3, 3, 3, 16, 8 } } },
      { model = lacuna.nn.Sequential(lacuna.nn.Conv3d(16, 8, 3)) })))
    assert.equal("spconv2.0", (layout_of({ { "0.weight", { 3, 3, 3, 8, 16 } } },
      { model = lacuna.nn.Sequential(lacuna.nn.Conv3d(16, 8, 3)) })))
  end)

  it("knows MinkowskiEngine by wrapped norms, biases and names", function()
    local dict, report = load {
      { "c.kernel", { 8, 4, 6 } }, { "c.bias", { 1, 6 } }, { "n.bn.weight", { 6 } },
      { "n.bn.bias", { 6 } }, { "n.bn.running_mean", { 6 } },
    }
    assert.equal("minkowski", report.layout)
    assert.are.same({ 6 }, dict["c.bias"]:size())
    assert.are.same({ 6 }, dict["n.running_mean"]:size())
    assert.equal("minkowski", (layout_of {
      { "c.kernel", { 8, 4, 6 } }, { "c.bias", { 1, 6 } },
    }))
    assert.equal("minkowski", (layout_of { { "conv1p1s2.kernel", { 8, 4, 6 } } }))
  end)

  it("does not take SPVNAS's layers, where a bn stands beside a conv, for MinkowskiEngine's",
    function()
      for _, inner in ipairs { "bn", "bn.bn" } do
        local dict, report = load {
          { "t.net.conv.kernel", { 8, 4, 6 } }, { "t.net." .. inner .. ".weight", { 6 } },
          { "t.net." .. inner .. ".running_mean", { 6 } },
        }
        assert.equal("torchsparse", report.layout)
        assert.is_not_nil(dict["t.net." .. inner .. ".weight"])
      end
    end)

  it("tells TorchSparse by plain norms; where nothing tells, only even kernels matter", function()
    assert.equal("torchsparse", (layout_of { { "0.kernel", { 8, 4, 6 } }, norm("1", 6) }))
    assert.equal("torchsparse", (layout_of { { "0.kernel", { 27, 4, 6 } } }))
    local kernel = lacuna.arange(8 * 4 * 6):float():view(8, 4, 6)
    local path = support.write_file(support.tmp(".pth"), checkpoint.pth { { "0.kernel", kernel } })
    support.raises(function() lacuna.convert.load(path) end, "ambiguous",
      "torchsparse or minkowski")
    local dict = lacuna.convert.load(path, { from = "minkowski" })
    assert.is_true(support.difference(dict["0.kernel"], kernel) > 0)
    support.same(lacuna.convert.load(path, { from = "torchsparse" })["0.kernel"], kernel)
  end)

  it("looks at the values of even kernels before it asks: all ones are the same in any order",
    function()
      local name, why = layout_of { { "0.kernel", { 8, 4, 6 } } }
      assert.equal("torchsparse", name)
      assert.matches("same in MinkowskiEngine's order", why)
      local path = support.shared("data/reno/reno_KITTIDetection.pt")
      if path then
        local dict, report = lacuna.convert.load(path)
        assert.equal("torchsparse", report.layout)
        assert.are.same({ 8, 1, 1 }, dict["fog.conv.kernel"]:size())
      end
    end)

  it("asks where an even kernel is no cube, whose orders cannot be compared", function()
    support.raises(function() load { { "0.kernel", { 6, 4, 6 } } } end, "ambiguous")
  end)

  it("asks for a kernel size that taps do not tell", function()
    local path = file { { "c.kernel", { 24, 3, 4 } }, { "c.bias", { 1, 4 } } }
    support.raises(function() lacuna.convert.load(path) end, path, "c.kernel [24, 3, 4]",
      "--kernel-size c=", "kernel_sizes")
    lacuna.convert.load(path, { kernel_sizes = { c = { 3, 2, 4 } } })
    support.raises(function()
      lacuna.convert.load(path, { kernel_sizes = { c = { 3, 2, 2 } } })
    end, "3x2x2", "[24, 3, 4]")
    support.raises(function() lacuna.convert.load(path, { kernel_sizes = { c = "x" } }) end,
      "kernel_sizes['c']")
    local net = lacuna.nn.Sequential()
    net:add_module("c", lacuna.nn.Conv3d(3, 4, { 3, 2, 4 }, { bias = true }))
    local _, report = lacuna.convert.load(path, { model = net })
    assert.is_true(report.complete)
  end)

  it("refuses what a file cannot be, and unknown names", function()
    local five = file { { "a.weight", { 3, 3, 3, 4, 8 } }, { "a.bias", { 8 } } }
    support.raises(function() lacuna.convert.load(five, { from = "torchsparse" }) end, five,
      "torchsparse", "[3, 3, 3, 4, 8]")
    local three = file { { "a.kernel", { 27, 4, 8 } } }
    support.raises(function() lacuna.convert.load(three, { from = "spconv2" }) end, three,
      "spconv2", "[27, 4, 8]")
    support.raises(function() lacuna.convert.load(three, { from = "spconv3" }) end,
      "did you mean 'spconv")
    support.raises(function() lacuna.convert.load(three, { axes = "yxz" }) end, "'zyx' or 'xyz'")
    support.raises(function() lacuna.convert.load(three, { form = "auto" }) end,
      "did you mean 'from'")
  end)
end)

describe("axes", function()
  after_each(support.clean)

  it("reverse the kernels of a network that is fed the other order than it was trained with",
    function()
      local flat = { { "a.weight", { 3, 1, 1, 4, 8 } }, { "a.bias", { 8 } } }
      local function reversed(list, opts) return select(2, load(list, opts)).reversed end
      assert.is_false(reversed(flat))
      assert.is_false(reversed(flat, { axes = "zyx" }))
      assert.is_true(reversed(flat, { axes = "xyz" }))
      assert.is_false(reversed(flat, { axes = "xyz", trained = "xyz" }))
      local last = { { "a.weight", { 1, 1, 3, 4, 8 } }, { "a.bias", { 8 } } }
      assert.is_false(reversed(last, { axes = "xyz" }))
      assert.is_true(reversed(last, { axes = "zyx" }))
      local sparse = { { "a.kernel", { 27, 4, 8 } }, { "a.bias", { 8 } } }
      assert.is_false(reversed(sparse, { axes = "xyz" }))
      assert.is_true(reversed(sparse, { axes = "zyx" }))
    end)

  it("follow a model whose flat kernels lie the other way", function()
    local nn = lacuna.nn
    local path = file { { "0.weight", { 3, 1, 1, 4, 8 } }, { "0.bias", { 8 } } }
    local function reversed(k)
      local net = nn.Sequential(nn.Conv3d(4, 8, k, { bias = true }))
      return select(2, lacuna.convert.load(path, { model = net })).reversed
    end
    assert.is_true(reversed { 1, 1, 3 })
    assert.is_false(reversed { 3, 1, 1 })
  end)
end)
