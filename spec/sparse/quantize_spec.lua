local lacuna = require "lacuna"
local support = require "spec.support.init"

local cloud = lacuna.tensor { { 2, 0, 1, 5 }, { 0, 1, 0, 6 }, { 2.5, 0.5, 1.5, 7 }, { 0, 0, 5, 8 } }

describe("lacuna.quantize", function()
  it("sorts voxels, keeps first points, and gives both maps", function()
    local x, inverse, index, counts = lacuna.quantize(cloud, { voxel_size = 1 })
    assert.are.same({ { 0, 0, 0, 5 }, { 0, 0, 1, 0 }, { 0, 2, 0, 1 } }, x.coords:totable())
    assert.are.same({ { 0, 0, 5, 8 }, { 0, 1, 0, 6 }, { 2, 0, 1, 5 } }, x.feats:totable())
    assert.are.same({ 2, 1, 2, 0 }, inverse:totable())
    assert.are.same({ 3, 1, 0 }, index:totable())
    assert.are.same({ invalid = 0, out_of_range = 0 }, counts)
    assert.equal("int64", inverse:dtype())
    assert.equal(1, x.batch_size)
  end)

  it("reduces, rounds and shifts as asked", function()
    local x = lacuna.quantize(cloud, { voxel_size = 1, reduce = "mean" })
    assert.are.same({ 2.25, 0.25, 1.25, 6 }, x.feats[3]:totable())
    x = lacuna.quantize(cloud, { voxel_size = 1, reduce = "max" })
    assert.are.same({ 2.5, 0.5, 1.5, 7 }, x.feats[3]:totable())
    x = lacuna.quantize(cloud, { voxel_size = { 1, 1, 1 }, rounding = "round" })
    assert.equal(4, #x.coords) -- 2.5, 0.5, 1.5 -> 2, 0, 2
    x = lacuna.quantize(cloud - 10, { voxel_size = { 2, 1, 1 }, origin = "min" })
    assert.are.same({ { 0, 0, 0, 5 }, { 0, 0, 1, 0 }, { 0, 1, 0, 1 } }, x.coords:totable())
  end)

  it("takes other features", function()
    local x = lacuna.quantize(cloud, { voxel_size = 1,
      feats = lacuna.arange(4):to("float32"):reshape(4, 1) })
    assert.are.same({ { 3 }, { 1 }, { 0 } }, x.feats:totable())
  end)

  it("drops and counts what lies outside of the range or is no number", function()
    local points = cloud:clone()
    points[2][2] = 0 / 0
    local x, inverse, _, counts = lacuna.quantize(points,
      { voxel_size = 1, range = { 0, 0, 0, 3, 3, 3 } })
    assert.equal(1, #x.coords)
    assert.are.same({ 0, -1, 0, -1 }, inverse:totable())
    assert.are.same({ invalid = 1, out_of_range = 1 }, counts)
    support.raises(function() lacuna.quantize(points, { voxel_size = 1, invalid = "error" }) end,
      "quantize")
  end)

  it("of no points has no voxels", function()
    local x, inverse, index = lacuna.quantize(lacuna.zeros(0, 3), { voxel_size = 1 })
    assert.equal(0, #x.coords)
    assert.equal(0, #inverse)
    assert.equal(0, #index)
  end)

  it("checks its options", function()
    support.raises(function() lacuna.quantize(cloud) end, "voxel_size is required")
    support.raises(function() lacuna.quantize(cloud, { voxelsize = 1 }) end,
      "did you mean 'voxel_size'?")
    support.raises(function() lacuna.quantize(cloud, { voxel_size = 0 }) end, "voxel")
    support.raises(function() lacuna.quantize(cloud, { voxel_size = "1" }) end, "voxel_size")
    support.raises(function() lacuna.quantize(cloud, { voxel_size = 1, rounding = "up" }) end,
      "rounding is up", '"floor", "round"')
    support.raises(function() lacuna.quantize(cloud, { voxel_size = 1, range = { 1, 2 } }) end,
      "range", "6")
    support.raises(function() lacuna.quantize(cloud, { voxel_size = 1e-12 }) end, "quantize",
      "int32")
    support.raises(function() lacuna.quantize({}, { voxel_size = 1 }) end, "points")
  end)
end)
