-- LACUNA_CUDA_TILE: which tiles the convolution kernels make.

local lacuna = require "lacuna"
local layers = require "spec.gpu.layers"
local support = require "spec.support.init"
local tiles = require "spec.gpu.tiles"

local F = lacuna.nn.functional

if not lacuna.cuda.is_available() then
  describe("tiles", function() pending(lacuna.cuda.why_not()) end)
  return
end

-- Of a box of voxels less than a third is there, so that rows of a tile lack some of its taps.
local function conv(dtype, flow)
  lacuna.manual_seed(3)
  local rows = lacuna.tensor(support.voxels(300, 0, 9, 1), { dtype = "int32", device = "cpu" })
  local feats = lacuna.rand({ 300, 24 }, { device = "cpu" })
  local weight = lacuna.rand({ 27, 24, 72 }, { device = "cpu" }):to(dtype, "cuda")
  local x = lacuna.SparseTensor { feats = feats:to(dtype), coords = rows }:cuda()
  return F.conv3d(x, weight, { kernel_size = 3, config = layers.config(flow) }).feats:cpu()
end

describe("LACUNA_CUDA_TILE", function()
  after_each(function() layers.set_tile(nil) end)

  it("does not change what a convolution gives", function()
    for dtype, flows in pairs { float32 = { 1 }, float16 = { 0, 1, 2 }, bfloat16 = { 1 } } do
      for _, flow in ipairs(flows) do
        layers.set_tile(nil)
        local want = conv(dtype, flow)
        for _, tile in ipairs(tiles.float16) do -- float32 has some of them, and ignores the others
          layers.set_tile(tiles.name(tile))
          support.same(conv(dtype, flow), want, dtype .. " " .. tiles.name(tile))
        end
      end
    end
  end)

  it("is refused where it names no tile, and only then", function()
    layers.set_tile "96x96"
    support.raises(function() conv("float16", 0) end,
      "LACUNA_CUDA_TILE, expected 64x32, 64x64, 128x64, 128x96 or 128x128")
    layers.set_tile ""
    assert.equal(300, conv("float16", 0):size(1))
  end)
end)
