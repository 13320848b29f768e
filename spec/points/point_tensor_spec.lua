local lacuna = require "lacuna"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local function tensor()
  return lacuna.PointTensor(lacuna.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } },
    lacuna.tensor { { 0, 0.5, 0, 0 }, { 0, 0.75, 0, 0 }, { 1, -0.5, 2, 3 } })
end

describe("PointTensor", function()
  it("has features that can be replaced", function()
    local z = tensor()
    z.F = z.feats * 2
    assert.are.same({ { 2, 4 }, { 6, 8 }, { 10, 12 } }, z.feats:totable())
    support.raises(function() z.feats = lacuna.zeros(2, 2) end, "[2, 2]")
    support.raises(function() z.coords = z.coords end, "coords", "cannot be assigned")
    support.raises(function() return z.feat end, "did you mean 'feats'?")
  end)

  it("adds features of the same points, tensors and numbers", function()
    local z = tensor()
    local want = { { 2, 4 }, { 6, 8 }, { 10, 12 } }
    for _, sum in ipairs { z + z, z + z.feats } do
      assert.equal("PointTensor", lacuna.type(sum))
      assert.are.same(want, sum.feats:totable())
    end
    assert.are.same({ { 2, 3 }, { 4, 5 }, { 6, 7 } }, (1 + z).feats:totable())
    local other = lacuna.PointTensor(lacuna.zeros(1, 2), lacuna.zeros(1, 4))
    support.raises(function() return z + other end, "3 and 1 points")
  end)

  it("converts its features and keeps its points in float32", function()
    local z = tensor()
    assert.equal("float16", z:half():dtype())
    assert.equal("float32", z:half():float():dtype())
    assert.equal("bfloat16", z:bfloat16():dtype())
    assert.equal("float32", z:half().coords:dtype())
    assert.equal("cpu", z:to("cpu"):device())
  end)

  it("looks voxels up once, together with those that share its points", function()
    local z = tensor()
    local x = F.initial_voxelize(z, 1, 1)
    assert.equal(1, #z._found)
    F.point_to_voxel(x, z) -- initial_voxelize has found them
    assert.equal(1, #z._found)
    local p = F.voxel_to_point(x, z)
    F.voxel_to_point(x, p + z)
    assert.equal(2, #z._found)
    F.voxel_to_point(x, p, { nearest = true })
    assert.equal(3, #z._found)
    local same = lacuna.SparseTensor(x.feats, x.coords:tensor())
    F.voxel_to_point(same, z)
    assert.equal(4, #z._found)
  end)

  it("forgets look-ups of points that moved or were written", function()
    local z = tensor()
    local before = z:replace_feature(z.feats)
    local x = F.initial_voxelize(z, 1, 2)
    support.close(before.coords, tensor().coords, 0) -- others keep the old points
    local y = F.point_to_voxel(x, before)
    assert.are.same({ { 0, 0, 0, 0 }, { 1, -1, 1, 1 } }, x.coords:totable())
    assert.are.same({ { 2, 3 }, { 0, 0 } }, y.feats:totable())
    local own = tensor()
    F.point_to_voxel(x, own)
    own.coords[1] = lacuna.tensor { 1, -0.5, 1, 1 }
    assert.are.same({ { 3, 4 }, { 1, 2 } }, F.point_to_voxel(x, own).feats:totable())
  end)

  it("keeps a bounded number of look-ups", function()
    local z = tensor()
    for _ = 1, 50 do
      local x = lacuna.SparseTensor(lacuna.ones(1, 1), { { 0, 0, 0, 0 } })
      support.close(F.voxel_to_point(x, z, { nearest = true }).feats,
        lacuna.tensor { { 1 }, { 1 }, { 0 } }, 0)
    end
    assert.is_true(#z._found <= 16)
  end)

  it("outlives scopes in which it was used", function()
    local z = tensor()
    local x
    lacuna.scope(function()
      x = F.initial_voxelize(z, 1, 1)
      z.feats = F.voxel_to_point(x, z).feats
      return x
    end)
    assert.equal(3, #z.feats:totable())
    assert.equal(2, #F.point_to_voxel(x, z).feats:totable())
    assert.equal(3, #F.voxel_to_point(x, z).feats:totable())
  end)
end)
