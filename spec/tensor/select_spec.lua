local create = require "lacuna.create"
local S = require "spec.tensor.support"

local nan = 0 / 0
local dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }
local function indices(list, dtype) return create.tensor(list, { dtype = dtype or "int64" }) end

describe("index_select", function()
  it("takes rows of any dimension, in every dtype", function()
    local a = S.random_table({ 3, 4, 2 }, 0, 99)
    for _, dtype in ipairs(dtypes) do
      local t = S.tensor(a, dtype)
      assert.same({ a[3], a[1], a[1] }, t:index_select(1, indices { 2, 0, 0 }):totable())
      assert.same(S.build({ 3, 2, 2 }, function(i) return a[i[1]][5 - i[2]][i[3]] end),
        t:index_select(2, indices({ 3, 2 }, "int32")):totable())
      assert.same(S.build({ 3, 4, 1 }, function(i) return a[i[1]][i[2]][2] end),
        t:index_select(-1, indices { 1 }):totable())
    end
    local t = S.tensor(a[1]):t()
    assert.same({ { a[1][1][2], a[1][2][2], a[1][3][2], a[1][4][2] } },
      t:index_select(1, indices { 1 }):totable())
    assert.same({ 0, 4, 2 }, S.tensor(a):index_select(1, indices({})):size())
  end)

  it("names the first bad index", function()
    local t = create.zeros(3, 2)
    local function message(list)
      return S.message(function() return t:index_select(1, indices(list)) end)
    end
    assert.matches("index_select: index 3 at position 1, expected 0 to 2", message { 0, 3, 9 })
    assert.matches("index %-1 at position 0", message { -1 })
    assert.matches("index 9223372036854775807 at position 0", message { 9223372036854775807LL })
    assert.matches("index of dtype float32, expected int32 or int64", S.message(function()
      return t:index_select(1, create.zeros(1))
    end))
    assert.matches("index of shape %[1, 1%]", S.message(function()
      return t:index_select(1, indices { { 0 } })
    end))
    assert.matches("index_select: index is nil", S.message(function() return t:index_select(1) end))
  end)
end)

describe("gather and scatter_add", function()
  it("agree with loops", function()
    local index = S.random_table({ 3, 5 }, 0, 3)
    local a
    for _, dtype in ipairs { "uint8", "float16", "float64", "int32", "int64", "float32" } do
      local least = dtype == "uint8" and 0 or -9
      a = S.random_table({ 4, 5 }, 5 * least, 50)
      local t = S.tensor(a, dtype)
      assert.same(S.build({ 3, 5 }, function(i) return a[index[i[1]][i[2]] + 1][i[2]] end),
        t:gather(1, indices(index)):totable())
      local src = S.random_table({ 4, 6 }, least, 9)
      local want = S.build({ 4, 5 }, function(i) return a[i[1]][i[2]] end)
      S.each({ 3, 5 }, function(i)
        local row = index[i[1]][i[2]] + 1
        want[row][i[2]] = want[row][i[2]] + src[i[1]][i[2]]
      end)
      assert.same(want, t:scatter_add(1, indices(index, "int32"), S.tensor(src, dtype)):totable())
      assert.same(a, t:totable())
    end
    local t = S.tensor(a)
    local columns = S.random_table({ 4, 2 }, 0, 4)
    assert.same(S.build({ 4, 2 }, function(i) return a[i[1]][columns[i[1]][i[2]] + 1] end),
      t:gather(2, indices(columns)):totable())
  end)

  it("raise what does not fit", function()
    local t = create.zeros(2, 3)
    assert.matches("gather: index 2 at position 1", S.message(function()
      return t:gather(1, indices { { 0, 2, 0 } })
    end))
    assert.matches("gather: index of shape %[2, 4%] does not fit a tensor of shape %[2, 3%]",
      S.message(function() return t:gather(1, create.zeros({ 2, 4 }, { dtype = "int64" })) end))
    local zero = indices { { 0, 0, 0 } }
    assert.matches("scatter_add: source of dtype int64, expected float32", S.message(function()
      return t:scatter_add(1, zero, zero)
    end))
    assert.matches("does not fit a source of shape %[1, 2%]", S.message(function()
      return t:scatter_add(1, zero, create.zeros(1, 2))
    end))
    assert.matches("scatter_add: index 5 at position 0, expected 0 to 1", S.message(function()
      return t:scatter_add(1, indices { { 5 } }, create.zeros(1, 1))
    end))
  end)
end)

describe("masks", function()
  it("select elements and positions", function()
    local a = { { 1, 0, 3 }, { 0, 5, 0 } }
    for _, dtype in ipairs(dtypes) do
      local t = S.tensor(a, dtype)
      assert.same({ 1, 3, 5 }, t:masked_select(t:ne(0)):totable())
      assert.same({ { 0, 0 }, { 0, 2 }, { 1, 1 } }, t:nonzero():totable())
      assert.same({ 1, 5, 3 }, t:t():masked_select(t:t():gt(0)):totable())
    end
    local t = create.tensor { nan, -0.0, 0 }
    assert.same({ { 0 } }, t:nonzero():totable())
    assert.same({ 0, 1 }, create.zeros(4):nonzero():size())
    assert.same({ 1, 0 }, create.tensor(3):nonzero():size())
    assert.matches("mask of dtype float32", S.message(function() return t:masked_select(t) end))
    assert.matches("mask of shape %[2%], expected %[3%]", S.message(function()
      return t:masked_select(create.zeros({ 2 }, { dtype = "uint8" }))
    end))
  end)
end)

describe("sort", function()
  -- Positions of a list in sorted order: stable, NaN last.
  local function order(list, descending)
    local at = {}
    for i = 1, #list do at[i] = i end
    table.sort(at, function(i, j)
      local a, b = list[i], list[j]
      if a ~= a or b ~= b then
        if (a ~= a) ~= (b ~= b) then return b ~= b end
        return i < j
      end
      if a == b then return i < j end
      if descending then return a > b end
      return a < b
    end)
    return at
  end

  it("is stable and complete for every dtype and length", function()
    for _, dtype in ipairs(dtypes) do
      for _, n in ipairs { 0, 1, 2, 47, 49, 300 } do
        local list = S.random_table({ n }, dtype == "uint8" and 0 or -60, 60)
        for _, descending in ipairs { false, true } do
          local at = order(list, descending)
          local want, positions = {}, {}
          for i, k in ipairs(at) do want[i], positions[i] = list[k], k - 1 end
          local t = S.tensor(list, dtype)
          local values, index = t:sort(1, descending)
          assert.same(want, values:totable())
          assert.same(positions, index:totable())
          assert.equal(dtype, values:dtype())
          assert.same(positions, t:argsort(1, descending):totable())
        end
      end
    end
  end)

  it("orders infinities, both zeros and NaN", function()
    local list = { 0, nan, -0.0, math.huge, -1e-40, -math.huge, 1e300, nan, -3 }
    local t = create.tensor(list, { dtype = "float64" })
    for _, descending in ipairs { false, true } do
      local want = order(list, descending)
      for i = 1, #want do want[i] = want[i] - 1 end
      assert.same(want, t:argsort(-1, descending):totable())
    end
    local values = create.tensor({ 1, -0.0, 0 }):sort()
    assert.equal(-math.huge, 1 / values[1]) -- the zeros keep their order and their sign
  end)

  it("sorts along any dimension, and int64 exactly", function()
    local a = S.random_table({ 3, 60, 2 }, -99, 99)
    local values, index = S.tensor(a):sort(2)
    assert.same({ 3, 60, 2 }, values:size())
    S.each({ 3, 2 }, function(i)
      local list = {}
      for k = 1, 60 do list[k] = a[i[1]][k][i[2]] end
      local at = order(list)
      for k = 1, 60 do
        assert.equal(list[at[k]], values[{ i[1], k, i[2] }])
        assert.is_true(index[{ i[1], k, i[2] }] == at[k] - 1 + 0LL)
      end
    end)
    local big = indices { 9007199254740993LL, 9007199254740992LL, -9223372036854775807LL }
    assert.same({ 2, 1, 0 }, big:argsort():totable())
  end)

  it("gives the first k in topk", function()
    local t = create.tensor { { 3, 9, 1, 7 }, { 4, 4, 8, 0 } }
    local values, index = t:topk(2)
    assert.same({ { 9, 7 }, { 8, 4 } }, values:totable())
    assert.same({ { 1, 3 }, { 2, 0 } }, index:totable())
    assert.same({ { 3, 4, 1, 0 } }, (t:topk(1, 1, false)):totable())
    assert.same({ 2, 0 }, (t:topk(0)):size())
    assert.matches("topk: the first 5 of 4 elements", S.message(function() return t:topk(5) end))
    assert.matches("topk: k is %-1", S.message(function() return t:topk(-1) end))
  end)
end)

describe("unique", function()
  it("gives sorted rows, the first of each and the way back", function()
    for _, dtype in ipairs { "int32", "int64" } do
      local a = S.random_table({ 200, 3 }, -2, 2)
      local rows, index, inverse = create.unique(S.tensor(a, dtype))
      local first, keys = {}, {}
      for i, row in ipairs(a) do
        local key = table.concat(row, ",")
        if not first[key] then
          first[key] = i
          keys[#keys + 1] = row
        end
      end
      table.sort(keys, function(x, y)
        for c = 1, 3 do
          if x[c] ~= y[c] then return x[c] < y[c] end
        end
        return false
      end)
      assert.same(keys, rows:totable())
      assert.equal(dtype, rows:dtype())
      local at, back = index:totable(), inverse:totable()
      for i, row in ipairs(keys) do assert.equal(first[table.concat(row, ",")] - 1, at[i]) end
      for i, row in ipairs(a) do assert.same(row, keys[back[i] + 1]) end
    end
  end)

  it("takes vectors, extremes and nothing", function()
    local rows, index, inverse = create.unique(indices { 5, -9223372036854775807LL, 5 })
    assert.is_true(rows[1] == -9223372036854775807LL and rows[2] == 5LL)
    assert.same({ 1, 0 }, index:totable())
    assert.same({ 1, 0, 1 }, inverse:totable())
    rows, index, inverse = create.unique(create.zeros({ 0, 4 }, { dtype = "int32" }))
    assert.same({ 0, 4 }, rows:size())
    assert.same({ 0 }, index:size())
    assert.same({ 0 }, inverse:size())
    assert.same({ 1, 0 }, (create.unique(create.zeros({ 3, 0 }, { dtype = "int32" }))):size())
    assert.matches("unique: dtype float32", S.message(function()
      return create.unique(create.zeros(2))
    end))
    assert.matches("unique: shape %[1, 1, 1%]", S.message(function()
      return create.unique(create.zeros({ 1, 1, 1 }, { dtype = "int32" }))
    end))
  end)
end)
