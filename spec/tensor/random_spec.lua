local create = require "lacuna.create"
local native = require "lacuna.native"
local S = require "spec.tensor.support"

local function seed(n) native.C.lac_context_seed(native.ctx, n) end

describe("random numbers", function()
  it("repeat after a seed, differ between draws and between seeds", function()
    seed(7)
    local a, b, n = create.rand(100), create.rand(100), create.randn(100)
    seed(7)
    assert.same(a:totable(), create.rand(100):totable())
    assert.same(b:totable(), create.rand(100):totable())
    assert.same(n:totable(), create.randn(100):totable())
    assert.is_false(a:allclose(b))
    seed(8)
    assert.is_false(a:allclose(create.rand(100)))
  end)

  it("do not depend on threads, shape or strides", function()
    local before = native.C.lac_context_threads(native.ctx)
    local results = {}
    for _, threads in ipairs { 1, 4 } do
      native.call(native.C.lac_context_set_threads, native.ctx, threads)
      seed(3)
      results[#results + 1] = { create.rand(200, 333), create.randn(200, 333) }
    end
    native.call(native.C.lac_context_set_threads, native.ctx, before)
    for k = 1, 2 do
      assert.is_true(results[1][k]:ne(results[2][k]):sum():item() == 0LL)
    end
    for _, distribution in ipairs { native.C.LAC_UNIFORM, native.C.LAC_NORMAL } do
      local dense, strided = create.zeros(31, 7), create.zeros(7, 31):t()
      seed(5)
      native.call(native.C.lac_rand, native.ctx, dense.h, distribution, 0, 1)
      seed(5)
      native.call(native.C.lac_rand, native.ctx, strided.h, distribution, 0, 1)
      assert.same(dense:totable(), strided:totable())
    end
  end)

  it("are uniform on [0, 1)", function()
    seed(1)
    for _, dtype in ipairs { "float32", "float64", "float16", "bfloat16" } do
      local t = create.rand({ 40000 }, { dtype = dtype }):double()
      assert.is_true(t:ge(0):sum():item() == 40000LL)
      assert.is_true(t:lt(1):sum():item() == 40000LL)
      assert.near(0.5, t:mean():item(), 0.01)
      assert.near(1 / 12, ((t - t:mean()) * (t - t:mean())):mean():item(), 0.003)
      for i = 0, 9 do
        local count = tonumber(t:ge(i / 10):bitand(t:lt((i + 1) / 10)):sum():item())
        assert.near(4000, count, 320)
      end
    end
    local narrow = create.zeros({ 10000 }, { dtype = "bfloat16" })
    native.call(native.C.lac_rand, native.ctx, narrow.h, native.C.LAC_UNIFORM, 100, 101)
    assert.is_true(narrow:lt(101):sum():item() == 10000LL)
  end)

  it("are normal", function()
    seed(2)
    local t = create.randn({ 40001 }, { dtype = "float64" })
    assert.near(0, t:mean():item(), 0.02)
    assert.near(1, (t * t):mean():item(), 0.03)
    assert.near(0, (t * t * t):mean():item(), 0.06)
    assert.near(3, (t * t * t * t):mean():item(), 0.2)
    assert.near(0.6827 * 40001, tonumber(t:abs():lt(1):sum():item()), 400)
    -- neighbours are independent
    local product = t:narrow(1, 1, 40000) * t:narrow(1, 2, 40000)
    assert.near(0, product:mean():item(), 0.02)
  end)

  it("refuse integers and bad parameters", function()
    assert.matches("rand: dtype int32, expected a floating one", S.message(function()
      return create.rand({ 2 }, { dtype = "int32" })
    end))
    local t = create.zeros(2)
    assert.matches("rand: parameters 1 and 0, expected a <= b", S.message(function()
      native.call(native.C.lac_rand, native.ctx, t.h, native.C.LAC_UNIFORM, 1, 0)
    end))
  end)
end)
