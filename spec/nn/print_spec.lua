local lacuna = require "lacuna"
local nn = lacuna.nn

describe("printing a module #host", function()
  it("draws the tree with the parameters of every layer", function()
    local net = nn.Sequential(nn.Conv3d(4, 32, 3), nn.BatchNorm(32), nn.ReLU())
    assert.equal([[
Sequential {
  (0): Conv3d(4 -> 32, 3x3x3)          3,456 params
  (1): BatchNorm(32)                      64 params
  (2): ReLU
}  3,520 params, float32, cpu]], tostring(net))
  end)

  it("nests, shows own parameters of modules with children, and the dtype", function()
    local Scaled = nn.class("Scaled", nn.Module)
    function Scaled:__init()
      self.net = nn.Sequential(nn.Linear(2, 3, { bias = false }), nn.LeakyReLU(0.2))
      self.drop = nn.Dropout(0.25)
      self.scale = nn.Parameter(lacuna.ones(1000))
    end
    assert.equal([[
Scaled {                                  1,000 params
  (net): Sequential {
    (0): Linear(2 -> 3, no bias)              6 params
    (1): LeakyReLU(0.2)
  }
  (drop): Dropout(0.25)
}  1,006 params, float16, cpu]], tostring(Scaled():half()))
  end)

  it("of a single layer is one line", function()
    assert.equal("ReLU  0 params", tostring(nn.ReLU()))
    assert.equal("BatchNorm(8, eps 0.001)  16 params, float32, cpu",
      tostring(nn.BatchNorm(8, { eps = 1e-3 })))
    assert.equal(16, nn.BatchNorm(8):num_parameters())
  end)
end)
