-- Adding to a pending result runs in its epilogue, with the bits of adding afterwards.

local create = require "lacuna.create"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local function linear(x, weight)
  local y = T.blank()
  native.call(C.lac_linear, ctx, x.h, weight.h, nil, y.box)
  return T.filled(y, x, weight)
end

describe("a pending result", function()
  local x, weight, r
  before_each(function()
    x, weight, r = create.randn(50, 12), create.randn(20, 12), create.randn(50, 20)
  end)

  it("takes an addition on either side, equal to the bit", function()
    native.call(C.lac_context_set_flag, ctx, C.LAC_FLAG_EAGER, 1)
    local done = linear(x, weight)
    local want = (done + r):totable()
    native.call(C.lac_context_set_flag, ctx, C.LAC_FLAG_EAGER, 0)
    assert.is_false(done:is_pending())
    for _, add in ipairs { function(p) return p + r end, function(p) return r + p end } do
      local p = linear(x, weight)
      assert.is_true(p:is_pending())
      local sum = add(p)
      assert.is_true(sum:is_pending())
      assert.same(want, sum:totable())
      assert.is_false(sum:is_pending())
      assert.same(done:totable(), p:totable())
    end
  end)

  it("is computed by every other reader", function()
    local plain = linear(x, weight):force()
    assert.is_false(plain:is_pending())
    local readers = {
      function(p) return p * 2 end, function(p) return p:t() end, function(p) return p:sum(1) end,
      function(p) return p:half() end, function(p) return p:narrow(1, 1, 3) end, tostring,
      function(p) return p + create.ones(20) end, function(p) return p + 1 end,
      function(p) return p:int() + p end, function(p) return create.cat { p, p } end,
      function(p) return p:softmax(2) end,
      function(p) return p:index_select(1, create.arange(3)) end,
      function(p) return p:argmax(2) end, function(p) return p:topk(2) end,
      function(p) return p:matmul(p:t()) end, function(p) return create.where(p:gt(0), p, 0) end,
    }
    for i, read in ipairs(readers) do
      local p = linear(x, weight)
      local want, got = read(plain), read(p)
      if type(want) ~= "string" then want, got = want:totable(), got:totable() end
      assert.same(want, got, "reader " .. i)
    end
  end)

  it("adds itself to itself, and keeps its operands when they are written", function()
    local want = linear(x, weight):force()
    local p = linear(x, weight)
    assert.same((want + want):totable(), (p + p):totable())
    local sum = linear(x, weight) + r
    local expected = (want + r):totable()
    r:fill_(0)
    x:fill_(0)
    assert.same(expected, sum:totable())
    p = linear(create.ones(2, 12), weight)
    local before = p:sum():item()
    p:fill_(3) -- a write computes first, then replaces
    assert.is_true(before ~= p:sum():item())
    assert.equal(120, p:sum():item())
  end)
end)
