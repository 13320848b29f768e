local create = require "lacuna.create"
local S = require "spec.tensor.support"

local dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }

describe("conversion", function()
  it("goes between any two dtypes, from any strides", function()
    local a = S.random_table({ 4, 6 }, 0, 100)
    for _, from in ipairs(dtypes) do
      local t = S.tensor(a, from)
      for _, to in ipairs(dtypes) do
        local r = t:to(to)
        assert.equal(to, r:dtype())
        assert.same(a, r:totable(), from .. " to " .. to)
        local view = t:t():narrow(1, 2, 3):to(to)
        assert.same(S.build({ 3, 4 }, function(i) return a[i[2]][i[1] + 1] end), view:totable())
      end
    end
  end)

  it("truncates toward zero and saturates", function()
    local t = create.tensor({ 1.9, -1.9, 300, -5, 3e9, -3e9, 1e30, 0 / 0, math.huge, -math.huge },
      { dtype = "float64" })
    assert.same({ 1, -1, 300, -5, 2147483647, -2147483648, 2147483647, 0, 2147483647, -2147483648 },
      t:int():totable())
    assert.same({ 1, 0, 255, 0, 255, 0, 255, 0, 255, 0 }, t:to("uint8"):totable())
    local long = t:long()
    assert.is_true(long[7] == 9223372036854775807LL and long[9] == 9223372036854775807LL)
    assert.is_true(long[10] == -9223372036854775807LL - 1)
    assert.same({ 255, 0 }, S.tensor({ 1000, -1000 }, "int64"):to("uint8"):totable())
  end)

  it("takes dtype and device names, in any number #host", function()
    local t = create.ones(2)
    assert.is_true(t:to("float32") == t)
    assert.is_true(t:to("cpu") == t)
    assert.is_true(t:cpu() == t)
    assert.equal("float16", t:to("cpu", "float16"):dtype())
    assert.equal("float16", t:half():dtype())
    assert.equal("bfloat16", t:bfloat16():dtype())
    assert.equal("float64", t:double():dtype())
    assert.equal("int32", t:int():dtype())
    assert.equal("int64", t:long():dtype())
    assert.equal("float32", t:long():float():dtype())
    assert.equal("cpu", t:device())
    assert.matches("to: no dtype 'flaot32', did you mean 'float32'", S.message(function()
      return t:to("flaot32")
    end))
  end)

  it("copies with broadcasting, in place", function()
    local t = create.zeros(2, 3)
    local version = t:version()
    assert.is_true(t:copy_(S.tensor({ 1, 2, 3 }, "int64")) == t)
    assert.same({ { 1, 2, 3 }, { 1, 2, 3 } }, t:totable())
    assert.is_true(t:version() > version)
    t:t():copy_(create.tensor { 7, 8 })
    assert.same({ { 7, 7, 7 }, { 8, 8, 8 } }, t:totable())
    assert.matches("copy: source of shape %[4%] does not broadcast to %[2, 3%]",
      S.message(function() return t:copy_(create.ones(4)) end))
    assert.matches("copy: source of shape %[1, 2, 3%]", S.message(function()
      return t:copy_(create.ones(1, 2, 3))
    end))
  end)

  it("copies between overlapping views as if through a copy", function()
    local t = create.arange(10):float()
    t:narrow(1, 2, 9):copy_(t:narrow(1, 1, 9))
    assert.same({ 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, t:totable())
    t = create.arange(10):float()
    t:narrow(1, 1, 9):copy_(t:narrow(1, 2, 9))
    assert.same({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 9 }, t:totable())
    local m = create.tensor { { 1, 2 }, { 3, 4 } }
    m:copy_(m:t())
    assert.same({ { 1, 3 }, { 2, 4 } }, m:totable())
  end)

  it("fills", function()
    local t = create.zeros({ 2, 2 }, { dtype = "float16" })
    t:select(2, 1):fill_(1.5)
    assert.same({ { 1.5, 0 }, { 1.5, 0 } }, t:totable())
    assert.same({ { 0, 0 }, { 0, 0 } }, t:zero_():totable())
    local big = create.zeros({ 1 }, { dtype = "int64" }):fill_(9223372036854775807LL)
    assert.is_true(big:item() == 9223372036854775807LL)
    local byte = create.zeros({ 1 }, { dtype = "uint8" })
    assert.matches("fill: 256 does not fit uint8", S.message(function() return byte:fill_(256) end))
    assert.matches("fill_: 1.5 in a tensor of uint8", S.message(function()
      return byte:fill_(1.5)
    end))
    assert.matches("fill_: value is a string", S.message(function() return byte:fill_("1") end))
  end)
end)
