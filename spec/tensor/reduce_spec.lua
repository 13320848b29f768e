local create = require "lacuna.create"
local native = require "lacuna.native"
local S = require "spec.tensor.support"

local nan = 0 / 0
local dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }
local shapes = { { 7 }, { 5, 4 }, { 3, 70, 2 }, { 2, 3, 65 }, { 1, 9, 1 } }

-- The lane of `a` along dimension d at the place `index`, which has no dimension d.
local function lane(a, shape, d, index)
  local list = {}
  for i = 1, shape[d] do
    local full = { unpack(index) }
    table.insert(full, d, i)
    local v = a
    for k = 1, #full do v = v[full[k]] end
    list[i] = v
  end
  return list
end

local function reduced(a, shape, d, fn)
  local rest = { unpack(shape) }
  table.remove(rest, d)
  return S.build(rest, function(index) return fn(lane(a, shape, d, index)) end)
end

local function sum(list)
  local s = 0
  for _, v in ipairs(list) do s = s + v end
  return s
end

local function extreme(better)
  return function(list)
    local at = 1
    for i, v in ipairs(list) do
      if better(v, list[at]) then at = i end
    end
    return list[at], at - 1
  end
end
local largest = extreme(function(a, b) return a > b end)
local smallest = extreme(function(a, b) return a < b end)

describe("reductions", function()
  for _, dtype in ipairs(dtypes) do
    it("agree with loops in " .. dtype, function()
      local floating = dtype:match("float") ~= nil
      for _, shape in ipairs(shapes) do
        local a = S.random_table(shape, dtype == "uint8" and 0 or -3, 3)
        local t = S.tensor(a, dtype)
        for d = 1, #shape do
          local total = t:sum(d)
          assert.equal(floating and dtype or "int64", total:dtype())
          assert.same(reduced(a, shape, d, sum), total:totable())
          local values, index = t:max(d)
          assert.equal(dtype, values:dtype())
          assert.equal("int64", index:dtype())
          assert.same(reduced(a, shape, d, function(l) return (largest(l)) end), values:totable())
          local at = reduced(a, shape, d, function(l) return select(2, largest(l)) end)
          assert.same(at, index:totable())
          assert.same(index:totable(), t:argmax(d):totable())
          values, index = t:min(d)
          assert.same(reduced(a, shape, d, function(l) return (smallest(l)) end), values:totable())
          at = reduced(a, shape, d, function(l) return select(2, smallest(l)) end)
          assert.same(at, index:totable())
          if floating then
            local means = reduced(a, shape, d, function(l) return sum(l) / #l end)
            assert.is_true(t:mean(d):allclose(S.tensor(means, dtype), { rtol = 1e-2, atol = 1e-6 }))
          end
        end
        local kept = t:sum(-1, true):size()
        assert.equal(1, kept[#kept])
        assert.equal(#shape, #kept)
      end
    end)
  end

  it("run over everything without a dimension", function()
    local t = create.tensor { { 3, 9 }, { -2, 9 } }
    assert.equal(19, t:sum():item())
    assert.equal(4.75, t:mean():item())
    assert.equal(9, t:max():item())
    assert.equal(-2, t:min():item())
    assert.is_true(t:argmax():item() == 1LL)
    assert.is_true(t:argmin():item() == 2LL)
    assert.same({}, t:sum():size())
    assert.equal(5, create.tensor(5):sum():item())
  end)

  it("read views", function()
    local a = S.random_table({ 6, 5 }, -9, 9)
    local v = S.tensor(a):t():narrow(1, 2, 3)
    local plain = S.build({ 3, 6 }, function(i) return a[i[2]][i[1] + 1] end)
    assert.same(reduced(plain, { 3, 6 }, 1, sum), v:sum(1):totable())
    assert.same(reduced(plain, { 3, 6 }, 2, sum), v:sum(2):totable())
  end)

  it("add integers exactly and floats in float64", function()
    local big = create.full({ 3 }, 2^31 - 1, { dtype = "int32" })
    assert.is_true(big:sum():item() == 3LL * 2147483647LL)
    local wide = create.tensor({ 9007199254740993LL, 1 }, { dtype = "int64" })
    assert.is_true(wide:sum():item() == 9007199254740994LL)
    assert.is_true(wide:max():item() == 9007199254740993LL)
    local list = { 2^24 }
    for i = 2, 101 do list[i] = 1 end
    assert.equal(2^24 + 100, create.tensor(list):sum():item())
  end)

  it("make NaN the extreme, and the first of equals win", function()
    local t = create.tensor { { 1, nan, 3, nan }, { 2, 5, 5, 1 } }
    local values, index = t:max(2)
    assert.same({ 1, 1 }, index:totable())
    assert.is_true(values[1] ~= values[1])
    values, index = t:min(2)
    assert.same({ 1, 3 }, index:totable())
    assert.is_true(values[1] ~= values[1])
    assert.same({ -math.huge }, (create.full({ 1, 3 }, -math.huge)):max(2):totable())
  end)

  it("of nothing: sums are 0, means NaN, extremes an error", function()
    local t = create.zeros(0, 3)
    assert.same({ 0, 0, 0 }, t:sum(1):totable())
    assert.is_true(t:mean():item() ~= t:mean():item())
    assert.same({ 0 }, t:sum(2):size())
    assert.same({ 0 }, t:max(2):size())
    assert.matches("max: no elements along the dimension of a tensor of shape %[0, 3%]",
      S.message(function() return t:max(1) end))
    assert.matches("argmin: no elements", S.message(function() return t:argmin() end))
    assert.matches("sum: dimension 3 of a tensor with 2", S.message(function() return t:sum(3) end))
    assert.matches("mean: dtype int64, expected a floating one",
      S.message(function() return create.arange(3):mean() end))
  end)

  it("do not depend on the number of threads", function()
    local t = create.randn(3000, 70)
    local before = native.C.lac_context_threads(native.ctx)
    local results = {}
    for i, threads in ipairs { 1, 2, 5 } do
      native.call(native.C.lac_context_set_threads, native.ctx, threads)
      results[i] = { t:sum(1), t:sum(2), t:softmax(2), t:argmax(1), t:sum() }
    end
    native.call(native.C.lac_context_set_threads, native.ctx, before)
    for i = 2, 3 do
      for k = 1, 5 do assert.is_true(results[1][k]:ne(results[i][k]):sum():item() == 0LL) end
    end
  end)
end)

describe("softmax", function()
  it("agrees with the definition along any dimension", function()
    for _, dtype in ipairs { "float32", "float64", "float16" } do
      for _, shape in ipairs(shapes) do
        local a = S.random_table(shape, -5, 5)
        local t = S.tensor(a, dtype)
        for d = 1, #shape do
          local total = reduced(a, shape, d, function(l)
            local s = 0
            for _, v in ipairs(l) do s = s + math.exp(v) end
            return s
          end)
          local want = S.build(shape, function(index)
            local rest = { unpack(index) }
            table.remove(rest, d)
            local s = total
            for k = 1, #rest do s = s[rest[k]] end
            return math.exp(S.at(a, index)) / s
          end)
          local close = { rtol = dtype == "float16" and 2e-3 or 1e-6, atol = 1e-7 }
          assert.is_true(t:softmax(d):allclose(S.tensor(want, "float64"), close))
        end
      end
    end
  end)

  it("is stable for large values and spreads NaN over its lane alone", function()
    local r = create.tensor({ { 1e4, 1e4 }, { -1e4, -1e4 }, { nan, 1 } }):softmax(2)
    assert.same({ 0.5, 0.5 }, r[1]:totable())
    assert.same({ 0.5, 0.5 }, r[2]:totable())
    assert.is_true(r[3][1] ~= r[3][1] and r[3][2] ~= r[3][2])
    assert.same({ 0, 1 }, create.tensor({ { -math.huge, 3 } }):softmax(2)[1]:totable())
    assert.same({ 0, 4 }, create.zeros(0, 4):softmax(2):size())
    assert.same({ 4, 0 }, create.zeros(4, 0):softmax(2):size())
    assert.matches("softmax: dtype int64", S.message(function()
      return create.arange(3):softmax(1)
    end))
  end)
end)

describe("matmul", function()
  it("agrees with loops in every dtype", function()
    for _, dtype in ipairs {
      "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8",
    } do
      local least = dtype == "uint8" and 0 or -4
      local a, b = S.random_table({ 7, 5 }, least, 4), S.random_table({ 5, 11 }, least, 4)
      local want = S.build({ 7, 11 }, function(i)
        local s = 0
        for k = 1, 5 do s = s + a[i[1]][k] * b[k][i[2]] end
        return s
      end)
      local r = S.tensor(a, dtype):matmul(S.tensor(b, dtype))
      assert.equal(dtype, r:dtype())
      assert.same(want, r:totable(), dtype)
      local turned = S.tensor(b, dtype):t():matmul(S.tensor(a, dtype):t())
      assert.same(want, turned:t():totable(), dtype)
    end
  end)

  it("takes vectors and empty matrices", function()
    local m, v = create.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }, create.tensor { 1, 10 }
    assert.same({ 21, 43, 65 }, m:matmul(v):totable())
    assert.same({ 22, 28 }, create.tensor({ 1, 2, 3 }):matmul(m):totable())
    assert.equal(101, v:matmul(v):item())
    for _, dtype in ipairs { "float32", "float64", "int32" } do
      local function empty(...) return create.zeros({ ... }, { dtype = dtype }) end
      assert.same({ 0, 3 }, empty(0, 2):matmul(empty(2, 3)):size())
      assert.same({ { 0, 0, 0 }, { 0, 0, 0 } }, empty(2, 0):matmul(empty(0, 3)):totable())
    end
  end)

  it("raises for shapes and dtypes that do not go together", function()
    local m = create.ones(2, 3)
    assert.matches("matmul: shapes %[2, 3%] and %[2, 3%], expected %[n, k%] and %[k, m%]",
      S.message(function() return m:matmul(m) end))
    assert.matches("matmul: float32 and float64", S.message(function()
      return m:matmul(m:t():double())
    end))
    assert.matches("matmul: argument is a number", S.message(function() return m:matmul(1) end))
  end)
end)
