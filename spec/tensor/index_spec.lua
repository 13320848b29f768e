local create = require "lacuna.create"
local S = require "spec.tensor.support"

describe("Tensor indexing", function()
  local values, t
  before_each(function()
    values = S.random_table({ 4, 5 }, 0, 99)
    t = S.tensor(values)
  end)

  it("t[i] is row i, a view, or the number of a vector", function()
    assert.same(values[3], t[3]:totable())
    assert.same(values[4], t[-1]:totable())
    assert.equal(values[3][2], t[3][2])
    local row = t[2]
    row[1] = -1
    assert.equal(-1, t[{ 2, 1 }])
  end)

  it("t[{i, j}] is an element, with ranges a view", function()
    assert.equal(values[2][5], t[{ 2, 5 }])
    assert.equal(values[2][5], t[{ 2, -1 }])
    assert.same(values, t[{}]:totable())
    assert.same({ values[2], values[3] }, t[{ { 2, 3 } }]:totable())
    assert.same({ values[2], values[3], values[4] }, t[{ { 2, -1 }, {} }]:totable())
    assert.same({ values[1][2], values[2][2] }, t[{ { 1, 2 }, 2 }]:totable())
    assert.same({ { values[1][2] } }, t[{ { 1 }, { 2 } }]:totable())
    assert.same({ 1, 5 }, t[{ { 3 } }]:size())
    assert.equal(values[1][2], create.stack({ t, t })[{ 2, 1, 2 }])
  end)

  it("assigns numbers and tensors", function()
    t[1] = 7
    assert.same({ 7, 7, 7, 7, 7 }, t[1]:totable())
    t[{ 2, 3 }] = 9.5
    assert.equal(9.5, t[2][3])
    t[{ {}, { 4, 5 } }] = create.tensor { 1, 2 }
    assert.same({ { 1, 2 }, { 1, 2 }, { 1, 2 }, { 1, 2 } }, t[{ {}, { 4, 5 } }]:totable())
    t[{}] = 0
    assert.equal(0, t:sum():item())
    local v = create.zeros({ 3 }, { dtype = "int64" })
    v[2] = 5
    v[3] = 9007199254740993LL
    assert.is_true(v[3] == 9007199254740993LL)
    assert.same({ 0, 5 }, { unpack(v:totable(), 1, 2) })
  end)

  it("raises for what is not there", function()
    assert.matches("index 5 of dimension 1 of size 4", S.message(function() return t[5] end))
    assert.matches("index 0 of dimension 1", S.message(function() return t[0] end))
    assert.matches("index 6 of dimension 2 of size 5", S.message(function() return t[{ 1, 6 }] end))
    assert.matches("3 indices for a tensor of shape %[4, 5%]", S.message(function()
      return t[{ 1, 1, 1 }]
    end))
    assert.matches("range {3, 2} in dimension 1 is empty", S.message(function()
      return t[{ { 3, 2 } }]
    end))
    assert.matches("index 1.5", S.message(function() return t[1.5] end))
    assert.matches("no rows", S.message(function() return create.tensor(3)[1] end))
    assert.matches("value is a table", S.message(function() t[1] = { 1 } end))
    assert.matches("no field or method 'sise', did you mean 'size'", S.message(function()
      return t.sise
    end))
    assert.matches("no fields to assign %('name'%)", S.message(function() t.name = 1 end))
  end)

  it("counts rows with #, keeps == for identity and names what replaces < and <=", function()
    assert.equal(4, #t)
    assert.is_true(t == t)
    assert.is_false(t == t:clone())
    assert.is_false(t == nil)
    assert.is_false(t == 1)
    assert.matches("t:lt%(other%)", S.message(function() return t < t end))
    assert.matches("t:gt%(other%)", S.message(function() return t > 1 end))
    assert.matches("t:le%(other%)", S.message(function() return t <= t end))
    assert.matches("no rows", S.message(function() return #create.tensor(1) end))
  end)
end)
