-- SpConv's layers: its defaults, its rows, and errors where it means something else.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local function line(positions, values, range)
  local rows = {}
  for i, x in ipairs(positions) do rows[i] = { 0, x, 0, 0 } end
  return lacuna.SparseTensor(lacuna.tensor(values):reshape(-1, 1), rows, 1, range)
end

-- Positions along x, and features.
local function read(y)
  local positions = {}
  for i, row in ipairs(y.coords:totable()) do positions[i] = row[2] end
  return positions, y.feats:reshape(-1):totable()
end

local function set(layer, weights, bias)
  layer.kernel:copy_(lacuna.tensor(weights):reshape(#weights, 1, 1))
  if layer.bias then layer.bias:fill_(bias or 0) end
  return layer
end

describe("SubMConv3d", function()
  it("is the centred convolution on the input's rows, with bias", function()
    local layer = set(nn.SubMConv3d(1, 1, { 3, 1, 1 }, { indice_key = "a" }), { 10, 20, 30 }, 1)
    assert.is_true(nn.is(layer, nn.Conv3d))
    local x = line({ 0, 1, 3 }, { 1, 2, 4 })
    local y = layer(x)
    assert.is_true(x.coords == y.coords)
    assert.are.same({ 81, 51, 81 }, y.feats:reshape(-1):totable())
  end)

  it("does not mind the padding", function()
    lacuna.manual_seed(1)
    local a = nn.SubMConv3d(3, 4, 3, { padding = 0 })
    lacuna.manual_seed(1)
    local b = nn.SubMConv3d { in_channels = 3, out_channels = 4, kernel_size = 3, padding = 1 }
    local rows = support.voxels(40, 0, 5, 1, 4)
    local x = lacuna.SparseTensor(lacuna.rand(40, 3), rows)
    support.same(a(x).feats, b(x).feats)
  end)

  it("has stride 1 and odd kernels", function()
    support.raises(function() nn.SubMConv3d(1, 1, 3, { stride = { 1, 2, 1 } }) end, "SubMConv3d",
      "stride is 2 on axis 2", "expected 1", "SparseConv3d")
    support.raises(function() nn.SubMConv3d(1, 1, 2) end, "kernel_size is 2", "odd")
    support.raises(function() nn.SubMConv3d(1, 1, 3, { transposed = true }) end, "SubMConv3d",
      "transposed")
    support.raises(function() nn.SubMConv3d(0, 1, 3) end, "SubMConv3d: in_channels is 0")
  end)
end)

describe("SparseConv3d", function()
  it("makes every row that its window reaches", function()
    local layer = set(nn.SparseConv3d(1, 1, { 3, 1, 1 }, { stride = 2, padding = { 1, 0, 0 } }),
      { 1, 10, 100 }, 0.5)
    local positions, values = read(layer(line({ 0, 3, 5 }, { 1, 2, 4 })))
    assert.are.same({ 0, 1, 2, 3 }, positions)
    assert.are.same({ 10.5, 200.5, 402.5, 4.5 }, values)
    positions, values = read(layer(line({ 0, 3, 5 }, { 1, 2, 4 }, { 1, 6, 1, 1 })))
    assert.are.same({ 0, 1, 2 }, positions)
    assert.are.same({ 10.5, 200.5, 402.5 }, values)
  end)

  it("refuses what would dilate the rows or shift them", function()
    local function make(k, opts) return function() nn.SparseConv3d(4, 8, k, opts) end end
    support.raises(make(3), "SparseConv3d", "every stride is 1", "3x3x3", "SubMConv3d")
    support.raises(make({ 1, 1, 3 }, { padding = 1 }), "every stride is 1", "SubMConv3d")
    support.raises(make(3, { stride = { 2, 1, 2 }, padding = 0 }), "padding is 0 on axis 2",
      "expected 1")
    support.raises(make(3, { stride = { 2, 1, 2 }, padding = 1, dilation = 2 }), "expected 2")
    support.raises(make(2, { stride = { 2, 1, 2 } }), "stride is 1 on axis 2", "kernel is 2")
    assert.has_no.errors(make(1))
    assert.has_no.errors(make(1, { padding = 0 }))
    assert.has_no.errors(make({ 3, 2, 3 }, { stride = { 2, 1, 2 } }))
  end)
end)

describe("SparseInverseConv3d", function()
  it("walks the strided convolution back, whatever its stride, padding and dilation", function()
    local rows = support.voxels(50, 0, 8, 1, 5)
    local x = lacuna.SparseTensor(lacuna.rand(50, 3), rows)
    for i, opts in ipairs { { stride = 2, padding = 1 }, { stride = { 2, 3, 3 } },
      { stride = 2, dilation = 2 } } do
      local down = nn.SparseConv3d(3, 4, 3, { stride = opts.stride, padding = opts.padding,
        dilation = opts.dilation, indice_key = "down" })
      local up = nn.SparseInverseConv3d(4, 5, 3, { indice_key = "down" })
      local coarse = down(x)
      local y = up(coarse)
      assert.is_true(y.coords == x.coords)
      assert.are.same({ 1, 1, 1 }, y.stride)
      local given = nn.Conv3d(4, 5, 3, { stride = opts.stride, padding = opts.padding,
        dilation = opts.dilation, transposed = true, bias = true })
      given:load_state_dict(up:state_dict())
      support.same(given(coarse).feats, y.feats, "case " .. i)
    end
  end)

  it("inverts a strided 1x1x1 convolution too", function()
    local down = set(nn.SparseConv3d(1, 1, 1, { stride = 2 }), { 3 })
    local up = nn.SparseInverseConv3d(1, 1, 1)
    up.kernel:fill_(2)
    up.bias:fill_(1)
    local y = up(down(line({ 0, 1, 4 }, { 1, 5, 2 })))
    assert.are.same({ 7, 1, 13 }, y.feats:reshape(-1):totable())
  end)

  it("needs that convolution", function()
    local x = line({ 0, 1, 4 }, { 1, 5, 2 })
    support.raises(function() local y = nn.SparseInverseConv3d(1, 1, 3)(x) return y end, "conv3d",
      "inverse with kernel (3, 3, 3)", "no strided convolution made these rows")
    local coarse = nn.SparseConv3d(1, 1, 2, { stride = 2 })(x)
    support.raises(function() local y = nn.SparseInverseConv3d(1, 1, 3)(coarse) return y end,
      "kernel (3, 3, 3)", "kernel (2, 2, 2), stride (2, 2, 2)")
    support.raises(function()
      local y = nn.SparseInverseConv3d(1, 1, 2, { stride = 3 })(coarse)
      return y
    end, "stride (3, 3, 3)", "stride (2, 2, 2)")
    support.raises(function() nn.SparseInverseConv3d(1, 1, 2, { stride = 1 }) end, "stride is 1",
      "leave it out")
  end)
end)

describe("SparseConvTranspose3d", function()
  it("makes every fine row that its window reaches", function()
    local layer = set(nn.SparseConvTranspose3d(1, 1, { 3, 1, 1 }, { stride = { 2, 1, 1 } }),
      { 1, 10, 100 })
    local positions, values = read(layer(lacuna.SparseTensor(lacuna.tensor { { 1 }, { 2 } },
      { { 0, 0, 0, 0 }, { 0, 1, 0, 0 } }, { 2, 1, 1 })))
    assert.are.same({ 0, 1, 2, 3, 4 }, positions)
    assert.are.same({ 1, 10, 102, 20, 200 }, values)
  end)

  it("takes the padding as given where the stride is 1", function()
    local x = line({ 2, 4 }, { 1, 2 })
    local layer = set(nn.SparseConvTranspose3d(1, 1, { 3, 1, 1 }, {}), { 1, 10, 100 })
    local positions, values = read(layer(x))
    assert.are.same({ 2, 3, 4, 5, 6 }, positions)
    assert.are.same({ 1, 10, 102, 20, 200 }, values)
    layer = set(nn.SparseConvTranspose3d(1, 1, { 3, 1, 1 }, { padding = { 1, 0, 0 } }),
      { 1, 10, 100 })
    assert.are.same({ 1, 2, 3, 4, 5 }, (read(layer(x))))
  end)
end)

describe("a SpConv network", function()
  local Net = nn.class("Net", nn.Module)
  function Net:__init()
    self.conv1 = nn.SubMConv3d(4, 8, 3, { padding = 1, bias = false, indice_key = "subm1" })
    self.bn1 = nn.BatchNorm(8)
    self.relu = nn.ReLU()
    self.down = nn.SparseConv3d(8, 16, 3, { stride = 2, padding = 1, indice_key = "down1" })
    self.up = nn.SparseInverseConv3d(16, 8, 3, { indice_key = "down1" })
    self.head = nn.SubMConv3d(8, 3, 1, { indice_key = "subm1" })
  end
  function Net:forward(x)
    local y = self.conv1(x)
    y = y:replace_feature(self.bn1(y.features))
    y = y:replace_feature(self.relu(y.features))
    y = self.up(self.down(y))
    return self.head(y)
  end

  it("runs when it is ported line by line", function()
    local net = Net()
    local rows = support.voxels(80, 0, 9, 2, 6)
    local x = lacuna.SparseTensor {
      feats = lacuna.rand(80, 4), coords = rows, spatial_range = { 2, 10, 10, 10 },
    }
    local y = net(x)
    assert.is_true(y.coords == x.coords)
    assert.are.same({ 80, 3 }, y:size())
    assert.are.same({ 2, 10, 10, 10 }, y.spatial_range)
    assert.are.same({ 10, 10, 10 }, y.spatial_shape)
    assert.are.same(rows, y.indices:totable())
    assert.is_nil(lacuna.SparseTensor(x.feats, rows).spatial_shape)
    -- The same network of nn.Conv3d, with the same parameters.
    local own = nn.Sequential()
    own:add_module("conv1", nn.Conv3d(4, 8, 3))
    own:add_module("bn1", nn.BatchNorm(8))
    own:add_module("relu", nn.ReLU())
    own:add_module("down", nn.Conv3d(8, 16, 3, { stride = 2, padding = 1, bias = true }))
    own:add_module("up", nn.Conv3d(16, 8, 3, { stride = 2, padding = 1, bias = true,
      transposed = true }))
    own:add_module("head", nn.Conv3d(8, 3, 1, { bias = true }))
    own:load_state_dict(net:state_dict())
    support.same(own(x).feats, y.feats)
  end)
end)
