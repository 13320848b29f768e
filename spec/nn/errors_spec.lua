-- Bad input: one line that names the place in the script, the layer and the two things that
-- disagree.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local rows = { { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 2, 3, 4 }, { 0, 5, 5, 5 } }

local function voxels(channels, other_rows, stride, range)
  other_rows = other_rows or rows
  return lacuna.SparseTensor(lacuna.ones(#other_rows, channels), other_rows, stride, range)
end

-- A network with the layer at "encoder.1".
local Net = nn.class("Net", nn.Module)
function Net:__init(layer)
  self.encoder = nn.Sequential(nn.Identity(), layer)
end
function Net:forward(...)
  local y = self.encoder[2](...)
  return y
end

local Add = nn.class("Add", nn.Module)
function Add:forward(a, b)
  local y = a + b
  return y
end

local Cat = nn.class("Cat", nn.Module)
function Cat:forward(a, b)
  local y = lacuna.cat { a, b }
  return y
end

-- The message begins with this file and, after the line, the path of the layer.
local function fails(layer, inputs, ...)
  local net = Net(layer)
  local message = support.raises(function() net(unpack(inputs)) end, ...)
  assert.truthy(message:find("errors_spec%.lua:%d+: encoder%.1: "), message)
end

describe("an error names the layer and", function()
  it("the numbers of rows of tensors that are added or put side by side", function()
    local x = voxels(4)
    local few = voxels(4, { rows[1], rows[2], rows[3] })
    fails(Add(), { x, few }, "add", "4 of stride 1 and 3 of stride 1", "the same coordinates")
    fails(Cat(), { x, few }, "cat", "4 of stride 1 and 3 of stride 1")
    local coarse = nn.Conv3d(4, 4, 2, { stride = 2 })(x)
    fails(Add(), { x, coarse }, "add", "4 of stride 1 and 3 of stride 2")
    fails(Cat(), { x, coarse }, "cat", "4 of stride 1 and 3 of stride 2")
  end)

  it("the first row that differs, when there are as many", function()
    local other = voxels(4, { rows[1], rows[2], { 0, 2, 3, 5 }, rows[4] })
    fails(Add(), { voxels(4), other }, "add", "row 2 is (0,2,3,4) and (0,2,3,5)")
    fails(Cat(), { voxels(4), other }, "cat", "row 2 is (0,2,3,4) and (0,2,3,5)")
  end)

  it("the strides, when equal rows mean different places", function()
    fails(Cat(), { voxels(4), voxels(4, rows, 2) }, "cat", "strides 1 and 2")
    fails(Add(), { voxels(4), voxels(4, rows, { 1, 2, 1 }) }, "add", "strides 1 and 1x2x1")
  end)

  it("the channels", function()
    fails(Add(), { voxels(4), voxels(3) }, "add", "4 and 3 channels")
    fails(nn.Conv3d(16, 8, 3), { voxels(4) }, "conv3d", "4 input channels", "expects 16")
    fails(nn.Conv3d(16, 8, 1), { voxels(4) }, "conv3d", "4 input channels", "expects 16")
    fails(nn.BatchNorm(16), { voxels(4) }, "batch_norm", "[16]", "4 channels")
    fails(nn.Linear(16, 8), { voxels(4) }, "linear", "[4, 4]", "[8, 16]")
  end)

  it("the convolution that a transposed one does not find", function()
    local up = { stride = 2, transposed = true }
    fails(nn.Conv3d(4, 4, 2, up), { voxels(4) }, "transposed with kernel (2, 2, 2)",
      "stride (2, 2, 2)", "no strided convolution made these rows")
    fails(nn.SparseInverseConv3d(4, 4, 2), { voxels(4) }, "inverse with kernel (2, 2, 2)",
      "no strided convolution made these rows")
  end)

  it("how the rows were made, when a transposed convolution says otherwise", function()
    local coarse = nn.Conv3d(4, 4, 2, { stride = 2 })(voxels(4))
    local function up(k, opts)
      opts.transposed = true
      return nn.Conv3d(4, 4, k, opts)
    end
    local made = "kernel (2, 2, 2), stride (2, 2, 2), padding (0, 0, 0), dilation (1, 1, 1)"
    fails(up(3, { stride = 2 }), { coarse }, "with kernel (3, 3, 3)", made)
    fails(up(3, {}), { coarse }, "with kernel (3, 3, 3)", made)
    fails(up(2, { stride = { 2, 2, 3 } }), { coarse }, "with stride (2, 2, 3)", made)
    fails(up(2, { stride = 2, padding = 1 }), { coarse }, "with padding (1, 1, 1)", made)
    fails(up(2, { stride = 2, dilation = 2 }), { coarse }, "with dilation (2, 2, 2)", made)
  end)

  it("two equal rows", function()
    local x = voxels(4, { rows[1], rows[2], rows[1], rows[3] })
    fails(nn.Conv3d(4, 8, 3), { x }, "rows 0 and 2 are both (0, 0, 0, 0)", "quantize")
    fails(nn.Conv3d(4, 8, 2, { stride = 2 }), { x }, "rows 0 and 2 are both (0, 0, 0, 0)")
  end)

  it("the range that the rows leave", function()
    local x = voxels(4, rows, 1, { 1, 4, 8, 8 })
    fails(nn.Conv3d(4, 8, 3), { x }, "x in [0, 5]", "(1, 4, 8, 8)", "expected 0 to 3")
    fails(nn.Conv3d(4, 8, 3, { stride = 2 }), { x }, "x in [0, 5]", "(1, 4, 8, 8)")
    local batch = voxels(4, { rows[1], { 2, 0, 0, 0 } }, 1, { 2, 8, 8, 8 })
    fails(nn.Conv3d(4, 8, 3), { batch }, "b in [0, 2]", "(2, 8, 8, 8)", "expected 0 to 1")
  end)

  it("the kind and dtype of the input", function()
    fails(nn.Conv3d(4, 8, 3), { lacuna.ones(3, 4) }, "conv3d", "a Tensor", "a SparseTensor")
    fails(nn.Conv3d(4, 8, 3), {}, "conv3d", "nil", "a SparseTensor")
    fails(nn.Conv3d(4, 8, 3), { voxels(4):half() }, "float32 weight", "float16 features")
  end)
end)

describe("the path of a layer", function()
  it("goes through blocks that were built from configs", function()
    local net = Net(nn.BasicBlock(4, 8, { norm_cfg = { type = "BN1d" } }))
    local message = support.raises(function() net(voxels(3)) end, "3 input channels", "expects 4")
    assert.truthy(message:find("errors_spec%.lua:%d+: encoder%.1%.conv1: conv3d"), message)
    message = support.raises(function() net(voxels(4)) end, "8 and 4 channels")
    assert.truthy(message:find("errors_spec%.lua:%d+: encoder%.1: add"), message)
  end)
end)

describe("rows of one set of coordinates", function()
  it("are the same whatever stride a tensor is given", function()
    local x = voxels(4)
    local y = lacuna.SparseTensor(x.feats, x.coords, 2)
    assert.are.same({ 4, 4 }, (x + y):size())
    assert.are.same({ 4, 8 }, lacuna.cat({ x, y }):size())
  end)
end)
