local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

describe("nn.class", function()
  it("makes instances by calling the class", function()
    local A = nn.class("A", nn.Module)
    function A:__init(n) self.n = n end
    function A:forward(x) return x + self.n end
    local a = A(3)
    assert.equal(3, a.n)
    assert.equal(5, a(2))
    assert.equal("A", lacuna.type(a))
    assert.equal("class A", tostring(A))
  end)

  it("inherits methods and constructors, and reaches the base through super", function()
    local A = nn.class("A", nn.Module)
    function A:__init(n) self.n = n end
    function A:value() return self.n end
    local B = nn.class("B", A)
    local C = nn.class("C", B)
    function C:__init(n)
      C.super.__init(self, n)
      self.m = 2 * n
    end
    assert.equal(A, B.super)
    assert.equal(4, B(4):value())
    local c = C(5)
    assert.equal(5, c:value())
    assert.equal(10, c.m)
  end)

  it("inherits metamethods, also those that are written after the derived class", function()
    local A = nn.class("A", nn.Module)
    local B = nn.class("B", A)
    function A:__tostring() return "an A" end
    function A.__add() return "sum" end
    assert.equal("an A", tostring(B()))
    assert.equal("sum", B() + B())
    function B:__tostring() return "a B" end
    function A:__tostring() return "another A" end
    assert.equal("a B", tostring(B()))
    assert.equal("another A", tostring(A()))
  end)

  it("knows the instances of a class and of its bases", function()
    local A = nn.class("A", nn.Module)
    local B = nn.class("B", A)
    assert.is_true(nn.is(B(), B))
    assert.is_true(nn.is(B(), A))
    assert.is_true(nn.is(B(), nn.Module))
    assert.is_false(nn.is(A(), B))
    assert.is_false(nn.is({}, A))
    assert.is_false(nn.is(nil, A))
    assert.is_false(nn.is(lacuna.ones(1), A))
    assert.is_false(nn.is(A, A))
  end)

  it("derives from nn.Module where no base is given", function()
    assert.equal(nn.Module, nn.class("A").super)
  end)

  it("refuses bases that are no classes and names that are no strings", function()
    support.raises(function() nn.class("A", {}) end, "nn.class", "expected a class")
    support.raises(function() nn.class(nn.Module) end, "nn.class", "expected a string")
    support.raises(function() return nn.is(1, {}) end, "nn.is", "expected a class")
    support.raises(function()
      local A = nn.class("A", nn.Module)
      A.__index = function() end
    end, "__index")
  end)
end)
