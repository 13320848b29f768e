local create = require "lacuna.create"
local native = require "lacuna.native"
local S = require "spec.tensor.support"

local dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }
local floats = { "float32", "float16", "bfloat16", "float64" }
local integers = { "int32", "int64", "uint8" }

local operations = {
  { "add", function(a, b) return a + b end, function(a, b) return a + b end },
  { "sub", function(a, b) return a - b end, function(a, b) return a - b end },
  { "mul", function(a, b) return a * b end, function(a, b) return a * b end },
  { "mod", function(a, b) return a % b end, function(a, b) return a % b end },
  { "floordiv", function(a, b) return a:div(b, "floor") end,
    function(a, b) return math.floor(a / b) end },
  { "minimum", function(a, b) return a:minimum(b) end, math.min },
  { "maximum", function(a, b) return a:maximum(b) end, math.max },
}
local comparisons = {
  { "eq", function(a, b) return a == b end }, { "ne", function(a, b) return a ~= b end },
  { "lt", function(a, b) return a < b end }, { "le", function(a, b) return a <= b end },
  { "gt", function(a, b) return a > b end }, { "ge", function(a, b) return a >= b end },
}
local shapes = {
  { { 3, 5 }, { 3, 5 }, { 3, 5 } }, { { 3, 5 }, { 1, 5 }, { 3, 5 } },
  { { 3, 1 }, { 1, 5 }, { 3, 5 } },
  { { 4, 1, 3 }, { 2, 1 }, { 4, 2, 3 } }, { { 7 }, { 2, 7 }, { 2, 7 } },
}

local function expected(shape, a, b, sa, sb, fn)
  return S.build(shape, function(index)
    local ia, ib = { unpack(index, #shape - #sa + 1) }, { unpack(index, #shape - #sb + 1) }
    return fn(S.at(a, ia), S.at(b, ib))
  end)
end


describe("arithmetic", function()
  for _, dtype in ipairs(dtypes) do
    it("broadcasts and computes in " .. dtype, function()
      local low = dtype == "uint8" and 1 or -9
      for _, case in ipairs(shapes) do
        local sa, sb, shape = unpack(case)
        local a = S.random_table(sa, dtype == "uint8" and 10 or -9, 15)
        local b = S.build(sb, function() -- no zero divisors, and no negative uint8 differences
          local v = S.random(low, 9)
          return v == 0 and 3 or v
        end)
        for _, op in ipairs(operations) do
          local r = op[2](S.tensor(a, dtype), S.tensor(b, dtype))
          assert.equal(dtype, r:dtype())
          assert.same(shape, r:size())
          assert.same(expected(shape, a, b, sa, sb, op[3]), r:totable(), op[1])
        end
        for _, op in ipairs(comparisons) do
          local r = S.tensor(a, dtype)[op[1]](S.tensor(a, dtype), S.tensor(b, dtype))
          assert.equal("uint8", r:dtype())
          local function bit(x, y) return op[2](x, y) and 1 or 0 end
          local want = expected(shape, a, b, sa, sb, bit)
          assert.same(want, r:totable(), op[1])
        end
      end
    end)
  end

  it("takes tensors without elements and without dimensions", function()
    assert.same({ 0, 5 }, (create.zeros(0, 5) + create.ones(1, 5)):size())
    assert.same({ 0, 5 }, (create.zeros(0, 1) * create.ones(5)):size())
    assert.same({}, (create.tensor(2) + create.tensor(3)):size())
    assert.equal(5, (create.tensor(2) + create.tensor(3)):item())
    assert.same({ 0 }, (-create.zeros(0)):size())
  end)

  it("reads views of any strides", function()
    local a = S.random_table({ 6, 8 }, -9, 9)
    local t = S.tensor(a)
    local left = t:t():narrow(1, 2, 5)         -- [5, 6]
    local right = t:narrow(2, 1, 5):t()        -- [5, 6]
    local want = S.build({ 5, 6 }, function(i) return a[i[2]][i[1] + 1] * 2 + a[i[2]][i[1]] end)
    assert.same(want, (left * 2 + right):totable())
    assert.same(S.build({ 6 }, function(i) return -a[i[1]][3] end), (-t:select(2, 3)):totable())
  end)

  it("takes numbers on either side", function()
    local t = S.tensor { 1, 2, 4 }
    assert.same({ 3, 4, 6 }, (t + 2):totable())
    assert.same({ 3, 4, 6 }, (2 + t):totable())
    assert.same({ 0, -1, -3 }, (1 - t):totable())
    assert.same({ 8, 4, 2 }, (8 / t):totable())
    assert.same({ 0, 1, 1 }, (5 % t):totable())
    assert.same({ 0, 1, 1 }, t:gt(1):totable())
    assert.same({ 2, 4, 8 }, (t * S.tensor(2)):totable())
  end)

  it("keeps a tensor's dtype beside a number, unless that is a fraction beside integers", function()
    for _, dtype in ipairs(floats) do
      assert.equal(dtype, (S.tensor({ 1 }, dtype) * 0.5):dtype())
    end
    for _, dtype in ipairs(integers) do
      assert.equal(dtype, (S.tensor({ 1 }, dtype) * 2):dtype())
      assert.equal("float32", (S.tensor({ 1 }, dtype) * 0.5):dtype())
      assert.equal("float32", (S.tensor({ 1 }, dtype) / 2):dtype())
    end
  end)

  it("promotes as PyTorch does", function()
    local function result(a, b) return (S.tensor({ 1 }, a) + S.tensor({ 1 }, b)):dtype() end
    assert.equal("float32", result("float16", "bfloat16"))
    assert.equal("float16", result("float16", "int64"))
    assert.equal("float64", result("float32", "float64"))
    assert.equal("int64", result("int32", "int64"))
    assert.equal("int32", result("uint8", "int32"))
    -- a scalar tensor widens only to another kind
    assert.equal("float16", (S.tensor({ 1 }, "float16") + S.tensor(1, "float64")):dtype())
    assert.equal("float64", (S.tensor({ 1 }, "int32") + S.tensor(1, "float64")):dtype())
    assert.equal("uint8", (S.tensor({ 1 }, "uint8") + S.tensor(1, "int64")):dtype())
  end)

  it("is exact for int64 beyond 2^53", function()
    local big = 9007199254740993LL -- 2^53 + 1
    local t = create.tensor({ big, -big }, { dtype = "int64" })
    assert.is_true((t + 1)[1] == 9007199254740994LL)
    assert.is_true((t * 3)[2] == -27021597764222979LL)
    assert.is_true((t - t:clone() + big)[1] == big)
    assert.is_true(t:div(2, "floor")[1] == 4503599627370496LL)
    assert.is_true(t:div(2, "floor")[2] == -4503599627370497LL)
    assert.is_true((t % 4)[2] == 3LL)
    assert.same({ 1, 0 }, t:eq(big):totable())
    assert.same({ 0, 0 }, t:eq(9007199254740992):totable())
    local low = create.tensor({ -9223372036854775807LL - 1 }, { dtype = "int64" })
    assert.is_true(low:div(-1, "floor")[1] == low[1]) -- wraps, does not trap
    assert.is_true((low % -1)[1] == 0LL)
    assert.is_true((-low)[1] == low[1])
    local int = create.tensor({ -2147483648 }, { dtype = "int32" })
    assert.equal(-2147483648, int:div(-1, "floor")[1])
  end)

  it("compares integers with numbers that their dtype does not hold", function()
    local t = S.tensor({ 0, 255 }, "uint8")
    assert.same({ 1, 1 }, t:lt(256):totable())
    assert.same({ 1, 1 }, t:gt(-1):totable())
    assert.same({ 0, 1 }, t:gt(0.5):totable())
    assert.same({ 1, 1 }, t:lt(math.huge):totable())
    assert.same({ 0, 0 }, t:eq(0 / 0):totable())
  end)

  it("follows IEEE in floats", function()
    local inf, nan = math.huge, 0 / 0
    local t = create.tensor { 1, -1, 0, inf, nan }
    local r = (t / 0):totable()
    assert.equal(inf, r[1])
    assert.equal(-inf, r[2])
    for i = 3, 5 do assert.is_true(i == 4 and r[i] == inf or r[i] ~= r[i]) end
    assert.same({ 0, 0, 0, 0, 0 }, t:eq(nan):totable())
    assert.same({ 0, 0, 0, 0, 1 }, t:ne(t):totable())
    local low = t:minimum(create.zeros(5)):totable()
    assert.is_true(low[5] ~= low[5])
    low = create.zeros(5):minimum(t):totable()
    assert.is_true(low[5] ~= low[5])
    assert.same({ 2, -1, -2, 1 },
      (create.tensor { 5, 2, -5, -2 } % create.tensor { 3, -3, -3, 3 }):totable())
    assert.same({ 1, -1, 1, -1 },
      (create.tensor { 5, 2, -5, -2 }):div(create.tensor { 3, -3, -3, 3 }, "floor"):totable())
  end)

  it("ands integers bit by bit", function()
    local t = create.tensor({ 0xffff0003, 6 }, { dtype = "int64" })
    assert.same({ 3, 6 }, t:bitand(0xffff):totable())
    assert.matches("bitand: dtype float32", S.message(function()
      return create.ones(2):bitand(1)
    end))
  end)

  it("gives the same bits for any number of threads", function()
    local a, b = create.rand(300, 400), create.rand(300, 400)
    local before = native.C.lac_context_threads(native.ctx)
    native.call(native.C.lac_context_set_threads, native.ctx, 1)
    local one, sum = a * b + a, (a * b):sum(1)
    native.call(native.C.lac_context_set_threads, native.ctx, 3)
    local three, sum3 = a * b + a, (a * b):sum(1)
    native.call(native.C.lac_context_set_threads, native.ctx, before)
    assert.equal(0, one:ne(three):sum():totable())
    assert.same(sum:totable(), sum3:totable())
  end)

  it("raises one line with shapes, dtypes and the caller's position", function()
    local t = create.ones(2, 3)
    local m = S.message(function() local r = t + create.ones(4); return r end)
    assert.matches("arith_spec.lua:%d+: add: shapes %[2, 3%] and %[4%] do not broadcast$", m)
    local i = create.zeros({ 2 }, { dtype = "int32" })
    assert.matches("mod: integer division by zero", S.message(function() return i % 0 end))
    assert.matches("floor division: integer division by zero",
      S.message(function() return i:div(i, "floor") end))
    assert.matches("add: 4294967296 does not fit int32", S.message(function() return i + 2^32 end))
    assert.matches("add: right side is a string, expected a Tensor", S.message(function()
      return t + "1"
    end))
    assert.matches("add: left side is nil", S.message(function() return nil + t end))
    assert.matches("div: rounding 'trunc'", S.message(function() return t:div(2, "trunc") end))
  end)
end)

describe("functions of one element", function()
  it("agree with Lua's", function()
    local a = { -2.5, -1.5, -0.5, 0.25, 0.5, 1.5, 2.5, 100 }
    for _, dtype in ipairs { "float32", "float64", "float16" } do
      local t = S.tensor(a, dtype)
      local function check(name, fn, tolerance)
        local got = t[name](t):totable()
        for i, v in ipairs(a) do
          local want = fn(v)
          if want == want and math.abs(want) < 6e4 then
            assert.near(want, got[i], (tolerance or 0) * math.abs(want), name .. " " .. dtype)
          elseif want ~= want then
            assert.is_true(got[i] ~= got[i])
          end
        end
      end
      local eps = dtype == "float16" and 1e-3 or 1e-6
      check("abs", math.abs)
      check("floor", math.floor)
      check("exp", math.exp, eps)
      check("log", math.log, eps)
      check("sqrt", math.sqrt, eps)
      assert.same({ -2, -2, 0, 0, 0, 2, 2, 100 }, (t:round() + 0):totable())
    end
  end)

  it("take integers", function()
    local t = S.tensor({ -3, 4 }, "int32")
    assert.same({ 3, -4 }, (-t):totable())
    assert.same({ 3, 4 }, t:abs():totable())
    assert.equal("int32", t:floor():dtype())
    assert.equal("float32", t:sqrt():dtype())
    assert.equal(2, t:sqrt()[2])
    assert.same({ 1, 0 }, S.tensor({ 0, 2 }, "int64"):logical_not():totable())
    assert.same({ 255 }, (-S.tensor({ 1 }, "uint8")):totable())
  end)

  it("clamp between bounds, leaving NaN", function()
    local t = create.tensor { -5, 0.5, 7, 0 / 0 }
    local r = t:clamp(0, 1):totable()
    assert.same({ 0, 0.5, 1 }, { r[1], r[2], r[3] })
    assert.is_true(r[4] ~= r[4])
    assert.same({ -5, 0.5, 1 }, { unpack(t:clamp(nil, 1):totable(), 1, 3) })
    assert.same({ 2, 3 }, S.tensor({ 1, 3 }, "int64"):clamp(2):totable())
    assert.same({ 1.5, 3 }, S.tensor({ 1, 3 }, "int64"):clamp(1.5):totable())
    assert.same({ 0, 200 }, S.tensor({ 0, 200 }, "uint8"):clamp(-1, 300):totable())
    assert.matches("clamp: bounds 300", S.message(function()
      return S.tensor({ 0 }, "uint8"):clamp(300)
    end))
    assert.matches("clamp: bounds", S.message(function() return t:clamp("a") end))
  end)

  it("choose with where", function()
    local c = S.tensor({ { 1 }, { 0 } }, "uint8")
    local a, b = S.tensor { 1, 2, 3 }, S.tensor({ 7, 8, 9 }, "float64")
    assert.same({ { 1, 2, 3 }, { 7, 8, 9 } }, create.where(c, a, b):totable())
    assert.equal("float64", create.where(c, a, b):dtype())
    assert.same({ { 1, 2, 3 }, { 0, 0, 0 } }, create.where(c, a, 0):totable())
    for _, dtype in ipairs { "uint8", "float16", "bfloat16", "int32" } do
      local r = create.where(c, S.tensor({ 1, 2, 3 }, dtype), S.tensor({ 7, 8, 9 }, dtype))
      assert.equal(dtype, r:dtype())
      assert.same({ { 1, 2, 3 }, { 7, 8, 9 } }, r:totable(), dtype)
    end
    local n = S.tensor({ 5, 6 }, "int64")
    assert.equal("int64", create.where(n:gt(5), n, -1):dtype())
    assert.equal("float32", create.where(n:gt(5), 1, 0):dtype())
    assert.matches("where: condition of dtype float32", S.message(function()
      return create.where(a, a, b)
    end))
  end)

  it("compare with a tolerance in allclose", function()
    local a = create.tensor { 1, 2, math.huge }
    assert.is_true(a:allclose(a))
    assert.is_true(a:allclose(create.tensor { 1.000001, 2, math.huge }))
    assert.is_false(a:allclose(create.tensor { 1.0001, 2, math.huge }))
    assert.is_true(a:allclose(create.tensor { 1.0001, 2, math.huge }, { rtol = 1e-3 }))
    assert.is_false(a:allclose(create.tensor { 1, 2, 3 }))
    assert.is_false(create.tensor({ 3 }):allclose(create.tensor { math.huge }))
    assert.is_false(create.tensor({ 0 / 0 }):allclose(create.tensor { 0 / 0 }))
    assert.is_true(create.ones(3):allclose(1))
    assert.matches("unknown option 'rtoll', did you mean 'rtol'", S.message(function()
      return a:allclose(a, { rtoll = 1 })
    end))
  end)
end)
