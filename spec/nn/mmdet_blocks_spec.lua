-- mmdetection's blocks, and the examples of TorchSparse's document on mmdetection3d.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn, F = lacuna.nn, lacuna.nn.functional

local conv_cfg = { type = "TorchSparseConv3d" }
local norm_cfg = { type = "TorchSparseBatchNorm", eps = 1e-3, momentum = 0.01 }

local function input(channels)
  local rows = support.voxels(70, 0, 7, 1, 8)
  return lacuna.SparseTensor(lacuna.randn(70, channels), rows)
end

-- Statistics that are not those of a new layer.
local function stir(net)
  for _, b in net:named_buffers() do
    if b:dim() == 1 then b:copy_(lacuna.rand(b:size(1)) + 0.5) end
  end
  for name, p in net:named_parameters() do
    if name:find("bn") then p:copy_(lacuna.rand(p:size(1)) + 0.5) end
  end
  return net
end

local function child_names(net)
  local names = {}
  for name in net:named_children() do names[#names + 1] = name end
  return table.concat(names, " ")
end

describe("nn.BasicBlock", function()
  it("has mmdetection's children", function()
    local block = nn.BasicBlock(4, 8, { downsample = nn.Conv3d(4, 8, 1) })
    assert.equal("conv1 bn1 relu conv2 bn2 downsample", child_names(block))
    assert.equal("conv1 bn1 relu conv2 bn2", child_names(nn.BasicBlock(4, 4)))
    assert.is_nil(block.conv1.bias)
    assert.is_nil(block.conv2.bias)
    assert.equal(1, nn.BasicBlock.expansion)
    assert.is_true(nn.is(block.bn1, nn.BatchNorm))
  end)

  it("computes relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut)", function()
    local x = input(4)
    lacuna.manual_seed(2)
    for i, opts in ipairs {
      { conv_cfg = { type = "SubMConv3d", indice_key = "a" }, norm_cfg = { type = "BN1d" } },
      { dilation = 2, norm_cfg = norm_cfg },
      { stride = 2, downsample = nn.Conv3d(4, 4, 3, { stride = 2, padding = 1 }) },
    } do
      local b = stir(nn.BasicBlock(4, 4, opts))
      local y = F.relu(b.bn1(b.conv1(x)))
      local shortcut = opts.downsample and opts.downsample(x) or x
      y = F.relu(b.bn2(b.conv2(y)) + shortcut)
      support.same(b(x).feats, y.feats, "case " .. i)
    end
    assert.are.same({ 2, 2, 2 }, nn.BasicBlock(4, 4, { dilation = 2 }).conv1.padding)
    assert.are.same({ 1, 1, 1 }, nn.BasicBlock(4, 4, { dilation = 2 }).conv2.dilation)
  end)

  it("takes an activation", function()
    assert.equal("SiLU", lacuna.type(nn.BasicBlock(4, 4, { act_cfg = "swish" }).relu))
    assert.equal("SiLU", lacuna.type(nn.BasicBlock(4, 4, { act_cfg = { type = "Swish" } }).relu))
    local leaky = nn.BasicBlock(4, 4,
      { act_cfg = { type = "LeakyReLU", negative_slope = 0.2, inplace = true } }).relu
    assert.equal(0.2, leaky.slope)
    support.raises(function() nn.BasicBlock(4, 4, { act_cfg = "swich" }) end, "'swich'",
      "did you mean")
    support.raises(function()
      nn.BasicBlock(4, 4, { act_cfg = { type = "ReLU", negative_slope = 1 } })
    end, "negative_slope", "LeakyReLU")
  end)

  it("names norms by what they are", function()
    local Group = nn.class("GroupLike", nn.BatchNorm)
    Group._abbr_ = "gn"
    local b = nn.BasicBlock(4, 4, { norm_cfg = { type = Group } })
    assert.equal("conv1 gn1 relu conv2 gn2", child_names(b))
    assert.are.same({ 70, 4 }, b(input(4)):size())
  end)

  it("is derived from, with another activation and no forward", function()
    local SparseBasicBlock = nn.class("SparseBasicBlock", nn.BasicBlock)
    SparseBasicBlock.expansion = 1
    function SparseBasicBlock:__init(inplanes, planes, opts)
      nn.BasicBlock.__init(self, inplanes, planes, {
        stride = opts.stride, downsample = opts.downsample,
        conv_cfg = opts.conv_cfg, norm_cfg = opts.norm_cfg,
      })
      if opts.act_cfg ~= nil then
        if opts.act_cfg == "swish" then
          self.relu = nn.SiLU { inplace = true }
        else
          self.relu = nn.ReLU { inplace = true }
        end
      end
    end
    local x = input(4)
    lacuna.manual_seed(3)
    local b = stir(SparseBasicBlock(4, 4,
      { conv_cfg = conv_cfg, norm_cfg = norm_cfg, act_cfg = "swish" }))
    assert.equal("conv1 bn1 relu conv2 bn2", child_names(b))
    local y = F.silu(b.bn1(b.conv1(x)))
    support.same(b(x).feats, F.silu(b.bn2(b.conv2(y)) + x).feats)
    local plain = SparseBasicBlock(4, 4, { conv_cfg = conv_cfg, norm_cfg = norm_cfg })
    plain:load_state_dict(b:state_dict())
    local differs = plain(x).feats:ne(b(x).feats):max():item()
    assert.equal(1, tonumber(differs))
  end)

  it("refuses what it cannot use", function()
    support.raises(function() nn.BasicBlock(4, 8, { downsample = 3 }) end, "BasicBlock",
      "downsample is a number")
    support.raises(function() nn.BasicBlock(4, 8, { norm_cgf = norm_cfg }) end, "BasicBlock",
      "did you mean 'norm_cfg'?")
    support.raises(function()
      nn.BasicBlock(4, 8, { conv_cfg = { type = "SparseConv3d" } })
    end, "SparseConv3d", "SubMConv3d")
  end)
end)

describe("nn.Bottleneck", function()
  it("narrows, convolves and widens", function()
    local x = input(16)
    local b = stir(nn.Bottleneck(16, 4, { norm_cfg = norm_cfg }))
    assert.equal("conv1 bn1 conv2 bn2 conv3 bn3 relu", child_names(b))
    assert.equal(4, nn.Bottleneck.expansion)
    assert.are.same({ 4, 16 }, b.conv3.kernel:size())
    local y = F.relu(b.bn1(b.conv1(x)))
    y = F.relu(b.bn2(b.conv2(y)))
    support.same(b(x).feats, F.relu(b.bn3(b.conv3(y)) + x).feats)
  end)
end)

describe("nn.make_sparse_convmodule", function()
  local function kinds(m)
    local list = {}
    for i, layer in ipairs(m) do list[i] = lacuna.type(layer) end
    return table.concat(list, " ")
  end

  it("puts convolution, norm and activation in order, under the keys 0, 1, 2", function()
    local m = nn.make_sparse_convmodule(4, 8, 3, { indice_key = "subm1", norm_cfg = norm_cfg })
    assert.equal("Sequential", lacuna.type(m))
    assert.equal("SubMConv3d BatchNorm ReLU", kinds(m))
    assert.is_nil(m[1].bias)
    assert.equal(1e-3, m[2].eps)
    assert.equal(m[2], m:get("1"))
    assert.equal("SparseConv3d BatchNorm ReLU", kinds(nn.make_sparse_convmodule(4, 8, 3,
      { conv_type = "SparseConv3d", stride = 2, padding = { 0, 1, 1 } })))
    assert.equal("Conv3d", kinds(nn.make_sparse_convmodule(4, 8, 3,
      { conv_type = "TorchSparseConv3d", order = { "conv" } })))
    local pre = nn.make_sparse_convmodule(4, 8, 3, { order = { "norm", "act", "conv" } })
    assert.equal("BatchNorm ReLU SubMConv3d", kinds(pre))
    assert.are.same({ 70, 8 }, pre(input(4)):size())
    assert.equal("SubMConv3d BatchNorm SiLU", kinds(nn.make_sparse_convmodule(4, 8, 3,
      { act_cfg = "swish" })))
  end)

  it("gives no stride or padding to an inverse convolution", function()
    local x = input(4)
    local down = nn.make_sparse_convmodule(4, 8, 3,
      { conv_type = "SparseConv3d", stride = 2, padding = 1, indice_key = "d" })
    local up = nn.make_sparse_convmodule(8, 4, 3,
      { conv_type = "SparseInverseConv3d", stride = 1, indice_key = "d" })
    local y = up(down(x))
    assert.is_true(y.coords == x.coords)
  end)

  it("refuses another order", function()
    local function make(order)
      return function() nn.make_sparse_convmodule(4, 8, 3, { order = order }) end
    end
    support.raises(make {}, "make_sparse_convmodule", "order")
    support.raises(make { "conv", "relu" }, "order[2] is relu", "norm")
    support.raises(make { "conv", "conv" }, "order[2] is conv", "once")
    support.raises(function() nn.make_sparse_convmodule(4, 8, 3, { strides = 2 }) end, "'stride'")
  end)
end)

describe("nn.utils", function()
  it("has fapply and get_kernel_offsets", function()
    local x = input(4)
    local y = nn.utils.fapply(x, function(t, a, b) return t * a + b end, 2, 1)
    assert.is_true(y.coords == x.coords)
    support.same(y.feats, x.feats * 2 + 1)
    assert.equal("Tensor", lacuna.type(nn.utils.fapply(x.feats, F.relu)))
    assert.equal(F.get_kernel_offsets, nn.utils.get_kernel_offsets)
    support.raises(function() nn.utils.fapply(x, 3) end, "fapply", "expected a function")
    support.raises(function() nn.utils.fapply(3, F.relu) end, "fapply", "number")
  end)
end)
