-- What a real SpConv computed on a GPU and recorded in PyTorch files: both are read to the last
-- tensor, and every forward value is computed again from the weights in them.

local lacuna = require "lacuna"
local nn = lacuna.nn
local container = require "lacuna.convert.container"
local layout = require "lacuna.convert.layout"
local support = require "spec.support.init"
local tree = require "lacuna.convert.tree"

local NET = support.shared "data/spconv_golden/golden_net.pt"
local MISC = support.shared "data/spconv_golden/golden_misc.pt"

-- A SpConv tensor of a case: features, rows, range.
local function input_of(case)
  local i, s = case.input or case, (case.input or case).spatial_shape
  local rows = i.indices:read()
  if #s == 2 then -- a plane is a box of height 1
    rows = lacuna.cat({ rows, lacuna.zeros({ rows:size(1), 1 }, { dtype = "int32" }) }, 2)
  end
  return lacuna.SparseTensor {
    feats = i.features:read(), coords = rows, batch_size = i.batch_size,
    spatial_range = { i.batch_size, s[1], s[2], s[3] or 1 },
  }
end

-- x has the recorded rows, in any order, and features within the recorded tolerance.
local function agrees(x, expect)
  local want = input_of { features = expect.out_features, indices = expect.out_indices,
    spatial_shape = expect.out_spatial_shape, batch_size = x.batch_size }
  assert.same(want.spatial_range, x.spatial_range)
  local function sorted(t)
    local rows, index = lacuna.unique(t.coords:tensor())
    assert.equal(t:size(1), rows:size(1))
    return rows, t.feats:index_select(1, index)
  end
  local rows, feats = sorted(x)
  local want_rows, want_feats = sorted(want)
  support.same(rows, want_rows)
  support.close(feats:float(), want_feats:float(), expect.atol_out, "features")
end

-- The recorded U-Net, under the names of its state_dict. It normalises by the batch.
local Unet = nn.class("Unet", nn.Module)

function Unet:__init()
  local function subm(cin, cout) return nn.SubMConv3d(cin, cout, 3, { bias = false }) end
  self.stem = nn.Sequential(subm(6, 16), nn.BatchNorm(16), nn.ReLU(), subm(16, 16))
  self.down = nn.SparseConv3d(16, 32, 3, { stride = 2, padding = 1, bias = false })
  self.mid = nn.Sequential(subm(32, 32), nn.BatchNorm(32), nn.ReLU())
  self.up = nn.SparseInverseConv3d(32, 16, 3, { bias = false })
  self.head = nn.SubMConv3d(32, 8, 1)
end

function Unet:forward(x)
  local fine = self.stem(x)
  local coarse = self.mid(self.down(fine))
  return self.head(lacuna.cat { self.up(coarse), fine })
end

describe("SpConv's recorded results", function()
  local open_file

  local function cases(path)
    if not path then return nil end
    open_file = container.open(path)
    return open_file.value.cases
  end

  after_each(function()
    if open_file then open_file.close() end
    open_file = nil
  end)

  -- dtype -> number of tensors, and how many elements they have; reads every one.
  local function read_all(path)
    open_file = container.open(path)
    assert.equal("pytorch", open_file.kind)
    local dtypes, elements, others = {}, 0, 0
    local cut = tree.walk(open_file.value, function(name, stored)
      local t = stored:read()
      dtypes[t:dtype()] = (dtypes[t:dtype()] or 0) + 1
      assert.same(stored.shape, t:size(), name)
      local wide = t:to("float64"):abs()
      local count, largest = 1, 0
      for _, n in ipairs(stored.shape) do count = count * n end
      if count > 0 then largest = wide:max():item() end
      assert.is_true(largest < 1e4, name) -- also: no NaN
      if name:find("indices") then assert.equal(0, wide:lt(0):sum():item(), name) end
      if name:find("features") then assert.is_true(largest > 0.1, name) end
      elements = elements + count
    end, function() others = others + 1 end)
    assert.equal(0, cut)
    return dtypes, elements, others
  end

  it("are read to the last tensor", function()
    if not NET then return pending("the shared data are not here") end
    local dtypes, elements, others = read_all(NET)
    assert.same({ float32 = 30, float16 = 30, int64 = 4, int32 = 4 }, dtypes)
    assert.equal(849580, elements)
    assert.equal(46, others)
    open_file.close()
    dtypes, elements, others = read_all(MISC)
    assert.same({ float32 = 38, int64 = 1, int32 = 17 }, dtypes)
    assert.equal(569639, elements)
    assert.equal(133, others)
  end)

  it("of a U-Net come out again from its weights", function()
    local list = cases(NET)
    if not list then return pending("the shared data are not here") end
    for i, case in ipairs(list) do
      local net = Unet():load(NET, {
        from = "spconv2", prefix = ("cases.%d.state_dict"):format(i - 1),
      }):train()
      assert.equal(case.dtype, case.input.features:read():dtype())
      if case.dtype == "float16" then net:half() end
      local x = input_of(case)
      local y = net(x)
      assert.equal(case.dtype, y:dtype())
      agrees(y, case.expect)
      support.same(y.coords:tensor(), case.expect.out_indices:read()) -- in the same order too
      if i == 1 then
        assert.is_true(case.expect.atol_out < 3.6e-5)
        -- The head's memory is [in, out] whatever its shape says: the transpose is far off.
        net.head.kernel:copy_(case.state_dict["head.weight"]:read():reshape(8, 32):t())
        local wrong = support.difference(net(x).feats, case.expect.out_features:read())
        assert.is_true(wrong > 0.1)
      end
    end
  end)

  it("of dense tensors: there and back", function()
    local list = cases(MISC)
    if not list then return pending("the shared data are not here") end
    local there, back = list[1], list[2]
    local d = input_of(there):dense()
    support.same(d, there.expect.dense_cl:read())
    support.same(d:permute(1, 5, 2, 3, 4), there.expect.dense_cf:read())
    local full = back.dense:read()
    local rows = full:abs():max(5):ne(0):nonzero()
    support.same(rows:int(), back.expect.indices:read())
    local s = full:size()
    local steps = lacuna.tensor({ s[2] * s[3] * s[4], s[3] * s[4], s[4], 1 }, { dtype = "int64" })
    support.same(full:reshape(-1, s[5]):index_select(1, (rows * steps):sum(2)),
      back.expect.features:read())
  end)

  it("of scatter_nd", function()
    local list = cases(MISC)
    if not list then return pending("the shared data are not here") end
    local case = list[3]
    local at, updates, shape = case.indices:read(), case.updates:read(), case.shape
    local flat = at:select(2, 1) * shape[2] + at:select(2, 2)
    local index = flat:reshape(-1, 1):index_select(2, lacuna.zeros({ shape[3] },
      { dtype = "int64" }))
    local out = lacuna.zeros(shape[1] * shape[2], shape[3]):scatter_add(1, index, updates)
    support.same(out:reshape(shape), case.expect.out:read())
  end)

  -- A layer of SpConv's for planes, as one for boxes of height 1.
  local makers = {
    SubMConv2d = function(o) return nn.SubMConv3d(o.in_channels, o.out_channels, { 3, 3, 1 },
      { bias = o.bias ~= false }) end,
    SparseConv2d = function(o) return nn.SparseConv3d(o.in_channels, o.out_channels, { 3, 3, 1 },
      { bias = o.bias ~= false, stride = { o.stride, o.stride, 1 },
        padding = { o.padding, o.padding, 0 } }) end,
    ["nn.BatchNorm1d"] = function(o) return nn.BatchNorm(o.num_features) end,
    ["nn.ReLU"] = function() return nn.ReLU() end,
  }

  local function make(spec)
    if spec.children then
      local list = nn.Sequential()
      for _, child in ipairs(spec.children) do list:add(make(child)) end
      return list
    end
    local layer = makers[spec.cls](spec.ctor)
    for name, stored in spec.params do
      local t = stored:read()
      if #stored.shape == 4 then
        local s = stored.shape
        local target, _, convert = layout.from_five("spconv2", { s[1], s[2], s[3], 1, s[4] }, {})
        assert.same({ 9, s[4], s[1] }, target)
        layer.kernel:copy_(convert(t:reshape(s[1], s[2], s[3], 1, s[4])))
      else
        layer[name]:copy_(t)
      end
    end
    return layer
  end

  it("of a network on planes", function()
    local list = cases(MISC)
    if not list then return pending("the shared data are not here") end
    local case = list[4]
    local net = make(case.layers[1])
    assert.is_true(case.training)
    agrees(net:train()(input_of(case)), case.expect)
  end)

  it("of layers side by side: joined and added", function()
    local list = cases(MISC)
    if not list then return pending("the shared data are not here") end
    for i, join in pairs { [5] = lacuna.cat, [6] = function(t) return t[1] + t[2] end } do
      local case, x = list[i], input_of(list[i])
      agrees(join { make(case.branch_specs[1])(x), make(case.branch_specs[2])(x) }, case.expect)
    end
  end)

  it("of sums of tensors on different rows", function()
    local list = cases(MISC)
    if not list then return pending("the shared data are not here") end
    for i = 7, 9 do
      local case = list[i]
      assert.equal("sparse_add", case.kind)
      agrees(lacuna.generative_add(input_of(case.inputs[1]), input_of(case.inputs[2])), case.expect)
    end
  end)
end)
