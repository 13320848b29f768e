local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn = lacuna.nn

describe("nn.Embedding", function()
  it("gives the rows of its weight", function()
    local e = nn.Embedding(3, 2)
    e:load_state_dict { weight = lacuna.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } } }
    assert.are.same({ { 5, 6 }, { 1, 2 }, { 5, 6 } }, e(lacuna.tensor({ 2, 0, 2 },
      { dtype = "int64" })):totable())
    assert.are.same({ { { 3, 4 } }, { { 1, 2 } } },
      e(lacuna.tensor({ { 1 }, { 0 } }, { dtype = "int32" })):totable())
    assert.are.same({ 0, 2 }, e(lacuna.zeros({ 0 }, { dtype = "int32" })):size())
    assert.truthy(tostring(e):find("3, 2", 1, true))
  end)

  it("starts with normal values", function()
    lacuna.manual_seed(3)
    local w = nn.Embedding(2000, 4).weight
    assert.are.same({ 2000, 4 }, w:size())
    assert.is_true(math.abs(w:mean():item()) < 0.05)
    assert.is_true(math.abs((w * w):mean():item() - 1) < 0.05)
  end)

  it("refuses indices outside, and other dtypes", function()
    local e = nn.Embedding(3, 2)
    local function index(i) return lacuna.tensor({ 0, i }, { dtype = "int64" }) end
    support.raises(function() e(index(3)) end, "index 3 at position 1", "0 to 2")
    support.raises(function() e(index(-1)) end, "index -1")
    support.raises(function() e(index(0):float()) end, "Embedding", "float32")
    support.raises(function() nn.Embedding(0, 2) end, "num_embeddings is 0")
    support.raises(function() nn.Embedding(2) end, "embedding_dim is nil")
  end)
end)
