local lacuna = require "lacuna"
local support = require "spec.support.init"

local rows = { { 0, 1, 2, 3 }, { 0, 0, 0, 0 }, { 1, -5, 0, 7 } }

local function make(stride, range)
  return lacuna.SparseTensor(lacuna.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }, rows, stride, range)
end

describe("lacuna.SparseTensor", function()
  it("takes coordinates as a table, an int32 or int64 tensor, or a Coords", function()
    local feats = lacuna.ones(3, 2)
    for _, coords in ipairs {
      rows, lacuna.tensor(rows, { dtype = "int32" }), lacuna.tensor(rows, { dtype = "int64" }),
      make().coords,
    } do
      local x = lacuna.SparseTensor(feats, coords)
      assert.are.same(rows, x.coords:totable())
    end
    local x = make()
    assert.is_true(lacuna.SparseTensor(feats, x.coords).coords == x.coords)
  end)

  it("takes one table of everything", function()
    local x = lacuna.SparseTensor {
      feats = lacuna.ones(3, 2), coords = rows, stride = { 1, 2, 4 },
      spatial_range = { 2, 8, 8, 8 }, batch_size = 5,
    }
    assert.are.same({ 1, 2, 4 }, x.stride)
    assert.are.same({ 2, 8, 8, 8 }, x.spatial_range)
    assert.equal(5, x.batch_size)
    support.raises(function() lacuna.SparseTensor { feats = lacuna.ones(3, 2), coord = rows } end,
      "did you mean 'coords'?")
  end)

  it("has the fields of TorchSparse, and their short names #host", function()
    local x = make(2)
    assert.is_true(x.F == x.feats and x.C == x.coords)
    assert.are.same({ 2, 2, 2 }, x.s)
    assert.is_nil(x.spatial_range)
    assert.equal(2, x.batch_size)
    assert.are.same({ 3, 2 }, x:size())
    assert.equal(2, x:size(2))
    assert.equal("float32", x:dtype())
    assert.equal("cpu", x:device())
    assert.equal(0, lacuna.SparseTensor(lacuna.zeros(0, 2), {}).batch_size)
    assert.equal(7, lacuna.SparseTensor(lacuna.zeros(0, 2), {}, 1, { 7, 1, 1, 1 }).batch_size)
  end)

  it("can have its features replaced", function()
    local x = make()
    local y = x:replace_feature(lacuna.zeros(3, 5))
    assert.are.same({ 3, 5 }, y:size())
    assert.is_true(y.coords == x.coords)
    x.feats = x.feats * 2
    assert.are.same({ { 2, 4 }, { 6, 8 }, { 10, 12 } }, x.feats:totable())
    x.F = lacuna.ones(3, 1)
    assert.are.same({ 3, 1 }, x:size())
    support.raises(function() x.feats = lacuna.ones(4, 1) end, "4", "3")
    support.raises(function() x.feats = 3 end, "feats")
    support.raises(function() x.coords = rows end, "'coords' cannot be assigned")
  end)

  it("raises for unknown fields with the nearest", function()
    support.raises(function() return make().feat end, "'feat'", "did you mean 'feats'?")
    support.raises(function() return make():replace_features() end,
      "did you mean 'replace_feature'?")
  end)

  it("converts #host", function()
    local x = make(2, { 2, 9, 9, 9 })
    local y = x:half()
    assert.equal("float16", y:dtype())
    assert.equal("float32", y:float():dtype())
    assert.equal("bfloat16", x:to("bfloat16"):dtype())
    assert.are.same({ 2, 2, 2 }, y.stride)
    assert.are.same({ 2, 9, 9, 9 }, y.spatial_range)
    assert.is_true(x:cpu().coords == x.coords)
    support.raises(function() x:cuda() end, "cuda")
  end)

  it("prints as one line #host", function()
    assert.equal("SparseTensor 3 voxels x 2, stride 1, batch 2, float32, cpu", tostring(make()))
    assert.equal("SparseTensor 3 voxels x 2, stride 1x2x4, batch 4, range 4x9x9x9, float32, cpu",
      tostring(make({ 1, 2, 4 }, { 4, 9, 9, 9 })))
    local many = lacuna.SparseTensor(lacuna.zeros(94625, 1),
      lacuna.zeros({ 94625, 4 }, { dtype = "int32" }))
    assert.truthy(tostring(many):find("^SparseTensor 94,625 voxels x 1,"))
  end)

  it("refuses what does not go together", function()
    local feats = lacuna.ones(3, 2)
    support.raises(function() lacuna.SparseTensor(lacuna.ones(2, 2), rows) end, "2", "3")
    support.raises(function() lacuna.SparseTensor(feats, lacuna.ones(3, 4)) end, "float32", "int32")
    support.raises(function()
      lacuna.SparseTensor(feats, lacuna.zeros({ 3, 3 }, { dtype = "int32" }))
    end, "[3, 3]", "[N, 4]", "batch index first")
    support.raises(function() lacuna.SparseTensor(feats, 3) end, "coords are a number")
    support.raises(function() lacuna.SparseTensor(feats, rows, 0) end, "stride")
    support.raises(function() lacuna.SparseTensor(feats, rows, { 1, 2 }) end, "stride")
    support.raises(function() lacuna.SparseTensor(feats, rows, 1, 5) end, "spatial_range")
    support.raises(function()
      lacuna.SparseTensor(feats, lacuna.tensor({ { 0, 0, 0, 2 ^ 40 }, rows[1], rows[2] },
        { dtype = "int64" }))
    end, "does not fit int32")
  end)

  it("raises when it is used after free()", function()
    local x = make()
    local feats = x.feats
    x:free()
    x:free()
    support.raises(function() return x.feats end, "freed")
    assert.equal("SparseTensor (freed)", tostring(x))
    assert.are.same({ 3, 2 }, feats:size())
  end)
end)

describe("Coords", function()
  it("reads like a tensor and cannot be written #host", function()
    local c = make().coords
    assert.equal("Coords", lacuna.type(c))
    assert.equal(3, #c)
    assert.are.same({ 3, 4 }, c:size())
    assert.equal("int32", c:dtype())
    assert.are.same({ 0, 1, 2, 3 }, c[1]:totable())
    assert.equal(7, tonumber(c[{ 3, 4 }]))
    assert.are.same({ { 1, 2, 3, 4 }, { 1, 1, 1, 1 }, { 2, -4, 1, 8 } }, (c + 1):totable())
    assert.equal("Tensor", lacuna.type(c:tensor()))
    assert.equal("Coords 3 rows (b,x,y,z), int32, cpu", tostring(c))
    support.raises(function() c[1] = 3 end, "cannot be written")
    support.raises(function() return c:sizes() end, "sizes")
    assert.is_false(c == nil)
  end)

  it("is equal to itself alone", function()
    local x, y = make(), make()
    assert.is_true(x.coords == x:half().coords)
    assert.is_false(x.coords == y.coords)
  end)
end)

describe("x + y and lacuna.cat", function()
  it("need the same rows", function()
    local x, y = make(), make()
    assert.are.same({ { 2, 4 }, { 6, 8 }, { 10, 12 } }, (x + y).feats:totable())
    assert.is_true((x + y).coords == x.coords)
    assert.are.same({ { 1, 2, 1, 2 }, { 3, 4, 3, 4 }, { 5, 6, 5, 6 } },
      lacuna.cat { x, y }.feats:totable())
    local other = lacuna.SparseTensor(lacuna.ones(3, 2), { rows[2], rows[1], rows[3] })
    local fewer = lacuna.SparseTensor(lacuna.ones(2, 2), { rows[1], rows[2] })
    for _, z in ipairs { other, fewer } do
      support.raises(function() return x + z end, "add", "different rows")
      support.raises(function() return lacuna.cat { x, z } end, "cat", "different rows")
    end
    support.raises(function() return lacuna.cat { x, x.feats } end, "cat: item 2 is a Tensor")
  end)

  it("keep stride, range and order", function()
    local x = make(2, { 2, 9, 9, 9 })
    local y = lacuna.cat { x, x:replace_feature(lacuna.zeros(3, 1)), x }
    assert.are.same({ 3, 5 }, y:size())
    assert.are.same({ 1, 2, 0, 1, 2 }, y.feats[1]:totable())
    assert.are.same({ 2, 2, 2 }, y.stride)
    assert.are.same({ 2, 9, 9, 9 }, y.spatial_range)
  end)

  it("add numbers and tensors to features", function()
    assert.are.same({ { 2, 3 }, { 4, 5 }, { 6, 7 } }, (make() + 1).feats:totable())
    assert.are.same({ { 2, 3 }, { 4, 5 }, { 6, 7 } }, (1 + make()).feats:totable())
  end)

  it("cat of tensors joins along a dimension", function()
    assert.are.same({ 4, 2 }, lacuna.cat({ lacuna.ones(3, 2), lacuna.ones(1, 2) }):size())
    assert.are.same({ 3, 3 }, lacuna.cat({ lacuna.ones(3, 2), lacuna.ones(3, 1) }, 2):size())
  end)
end)

describe("batches", function()
  local function sample(list, value, range)
    return lacuna.SparseTensor(lacuna.full({ #list, 1 }, value), list, 2, range)
  end

  it("are collated and taken apart", function()
    local a = sample({ { 0, 1, 1, 1 }, { 0, 0, 0, 0 } }, 1, { 1, 4, 4, 4 })
    local b = sample({ { 3, 2, 2, 2 } }, 2, { 4, 4, 4, 4 })
    local x = lacuna.sparse_collate { a, b }
    assert.are.same({ { 0, 1, 1, 1 }, { 0, 0, 0, 0 }, { 1, 2, 2, 2 } }, x.coords:totable())
    assert.are.same({ { 1 }, { 1 }, { 2 } }, x.feats:totable())
    assert.equal(2, x.batch_size)
    assert.are.same({ 2, 2, 2 }, x.stride)
    assert.are.same({ 2, 4, 4, 4 }, x.spatial_range)
    local second = x:sample(1)
    assert.are.same({ { 0, 2, 2, 2 } }, second.coords:totable())
    assert.are.same({ { 2 } }, second.feats:totable())
    assert.equal(1, second.batch_size)
    assert.are.same({ 1, 4, 4, 4 }, second.spatial_range)
    assert.are.same({ { 3, 2, 2, 2 } }, b.coords:totable())
    support.raises(function() x:sample(2) end, "sample: 2", "0 to 1")
  end)

  it("count samples without rows", function()
    local empty = lacuna.SparseTensor(lacuna.zeros(0, 1), {}, 2)
    local x = lacuna.sparse_collate { empty, sample({ { 0, 0, 0, 0 } }, 1), empty }
    assert.equal(3, x.batch_size)
    assert.are.same({ 0, 1 }, x:sample(0):size())
    assert.are.same({ 0, 1 }, x:sample(2):size())
  end)

  it("of what does not go together are errors", function()
    local a = sample({ { 0, 1, 1, 1 } }, 1)
    support.raises(function() lacuna.sparse_collate {} end, "sparse_collate")
    support.raises(function() lacuna.sparse_collate { a, 3 } end, "item 2 is a number")
    support.raises(function()
      lacuna.sparse_collate { a, lacuna.SparseTensor(lacuna.ones(1, 1), { { 0, 0, 0, 0 } }) }
    end, "item 2 has stride [1, 1, 1], the first [2, 2, 2]")
    local ranged = sample({ { 0, 0, 0, 0 } }, 1, { 1, 2, 2, 2 })
    support.raises(function() lacuna.sparse_collate { a, ranged } end,
      "item 2", "spatial_range")
    local two = sample({ { 0, 0, 0, 0 }, { 1, 0, 0, 0 } }, 1)
    support.raises(function() lacuna.sparse_collate { two } end,
      "several samples")
  end)
end)

describe("x:dense()", function()
  it("fills the cells of the spatial range", function()
    local x = lacuna.SparseTensor(lacuna.tensor { { 1, 2 }, { 3, 4 } },
      { { 0, 0, 1, 0 }, { 1, 1, 0, 2 } }, 1,
      { 2, 2, 2, 3 })
    local d = x:dense()
    assert.are.same({ 2, 2, 2, 3, 2 }, d:size())
    assert.are.same({ 1, 2 }, d[{ 1, 1, 2, 1 }]:totable())
    assert.are.same({ 3, 4 }, d[{ 2, 2, 1, 3 }]:totable())
    assert.equal(10, d:sum():item())
  end)

  it("needs a range that holds every row", function()
    support.raises(function() make():dense() end, "spatial_range")
    support.raises(function() make(1, { 2, 9, 9, 9 }):dense() end, "range")
  end)
end)

describe("PointTensor and lacuna.type", function()
  it("is features on float coordinates #host", function()
    local p = lacuna.PointTensor(lacuna.ones(2, 3), lacuna.zeros(2, 4))
    assert.equal("PointTensor", lacuna.type(p))
    assert.equal("PointTensor 2 points x 3, float32, cpu", tostring(p))
    assert.is_true(p.F == p.feats and p.C == p.coords)
    p.feats = lacuna.zeros(2, 1)
    assert.are.same({ 2, 1 }, p:size())
    assert.equal("float16", p:half():dtype())
    support.raises(function() return p.feat end, "did you mean 'feats'?")
    support.raises(function() lacuna.PointTensor(lacuna.ones(2, 3), lacuna.zeros(3, 4)) end,
      "[2, 3]", "[3, C]")
    support.raises(function() lacuna.PointTensor(lacuna.ones(2, 3), lacuna.zeros(2, 3)) end,
      "(b,x,y,z)")
  end)

  it("names every kind", function()
    local x = make()
    assert.equal("SparseTensor", lacuna.type(x))
    assert.equal("Tensor", lacuna.type(x.feats))
    assert.equal("ReLU", lacuna.type(lacuna.nn.ReLU()))
    assert.equal("KernelMap",
      lacuna.type((lacuna.nn.functional.build_kernel_map(x, { kernel_size = 3 }))))
    assert.equal("number", lacuna.type(3))
    assert.equal("table", lacuna.type {})
    assert.equal("nil", lacuna.type(nil))
  end)
end)
