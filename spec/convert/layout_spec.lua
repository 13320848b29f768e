-- Kernels of every layout, element by element against the rule of the rows.

local lacuna = require "lacuna"
local layout = require "lacuna.convert.layout"
local shape = require "lacuna.shape"
local support = require "spec.support.init"

local CIN, COUT = 2, 3

-- A value that names its place: tap (p0, p1, p2), input, output channel.
local function value(p, i, o)
  return p[1] * 10000 + p[2] * 1000 + p[3] * 100 + i * 10 + o
end

-- The row of a tap, both counted from 0.
local function row(p, k)
  if k[1] * k[2] * k[3] % 2 == 1 then return p[1] + k[1] * (p[2] + k[2] * p[3]) end
  return p[3] + k[3] * (p[2] + k[2] * p[1])
end

local function each_tap(k, visit)
  for a = 0, k[1] - 1 do
    for b = 0, k[2] - 1 do
      for c = 0, k[3] - 1 do visit { a, b, c } end
    end
  end
end

-- Stored shapes by layout, and the position of an element, from 0.
local stored = {
  ["spconv1"] = function(k) return { k[1], k[2], k[3], CIN, COUT } end,
  ["spconv2.0"] = function(k) return { k[1], k[2], k[3], COUT, CIN } end,
  ["spconv2"] = function(k) return { COUT, k[1], k[2], k[3], CIN } end,
  ["dense"] = function(k) return { COUT, CIN, k[1], k[2], k[3] } end,
}
local index = {
  ["spconv1"] = function(p, i, o) return { p[1], p[2], p[3], i, o } end,
  ["spconv2.0"] = function(p, i, o) return { p[1], p[2], p[3], o, i } end,
  ["spconv2"] = function(p, i, o) return { o, p[1], p[2], p[3], i } end,
  ["dense"] = function(p, i, o) return { o, i, p[1], p[2], p[3] } end,
}

local function fill(sizes, k, place)
  local flat = {}
  each_tap(k, function(p)
    for i = 0, CIN - 1 do
      for o = 0, COUT - 1 do
        local at = 0
        for d, position in ipairs(place(p, i, o)) do at = at * sizes[d] + position end
        flat[at + 1] = value(p, i, o)
      end
    end
  end)
  return lacuna.tensor(flat, { dtype = "float32" }):view(sizes)
end

local function check(got, k, reverse, what)
  local flat = support.flat(got)
  local count = 0
  each_tap(k, function(p)
    local at = reverse and row({ p[3], p[2], p[1] }, { k[3], k[2], k[1] }) or row(p, k)
    for i = 0, CIN - 1 do
      for o = 0, COUT - 1 do
        count = count + 1
        assert.equal(value(p, i, o), flat[(at * CIN + i) * COUT + o + 1], what)
      end
    end
  end)
  assert.equal(count, #flat)
end

local kernels = {
  { 3, 3, 3 }, { 2, 2, 2 }, { 3, 1, 1 }, { 1, 1, 3 }, { 3, 3, 1 }, { 5, 3, 1 }, { 3, 2, 1 },
  { 3, 2, 4 }, { 1, 2, 2 },
}

describe("kernels with five axes", function()
  for name in pairs(stored) do
    it("of " .. name .. " become [K, in, out], as they are and reversed", function()
      for _, k in ipairs(kernels) do
        for _, reverse in ipairs { false, true } do
          local sizes = stored[name](k)
          local t = fill(sizes, k, index[name])
          local target, rule, apply = layout.from_five(name, sizes, { reverse = reverse })
          local got = apply(t)
          assert.are.same({ k[1] * k[2] * k[3], CIN, COUT }, target)
          assert.are.same(target, got:size())
          check(got, k, reverse, rule .. " " .. layout.size_text(k))
        end
      end
    end)
  end

  it("of one tap become [in, out], or [1, in, out] for a layer with a stride", function()
    for name, sizes_of in pairs(stored) do
      local sizes = sizes_of { 1, 1, 1 }
      local t = fill(sizes, { 1, 1, 1 }, index[name])
      local target, _, apply = layout.from_five(name, sizes, { three = true })
      assert.are.same({ 1, CIN, COUT }, target)
      check(apply(t), { 1, 1, 1 }, false, name)
    end
    local sizes = stored.spconv1 { 1, 1, 1 }
    local t = fill(sizes, { 1, 1, 1 }, index.spconv1)
    local target, _, apply = layout.from_five("spconv1", sizes, {})
    assert.are.same({ CIN, COUT }, target)
    check(apply(t), { 1, 1, 1 }, false, "spconv1")
  end)

  it("of one tap are seen as [in, out] where SpConv 2 does so, whatever the shape says", function()
    local t = lacuna.arange(CIN * COUT):float():view(COUT, 1, 1, 1, CIN)
    local target, rule, apply = layout.from_five("spconv2", { COUT, 1, 1, 1, CIN }, {})
    assert.are.same({ CIN, COUT }, target)
    assert.matches("raw view", rule)
    assert.are.same({ { 0, 1, 2 }, { 3, 4, 5 } }, apply(t):totable())
  end)
end)

-- Rows as MinkowskiEngine has them, and TorchSparse.
local function first_fastest(p, k) return p[1] + k[1] * (p[2] + k[2] * p[3]) end
local rows = { minkowski = first_fastest, torchsparse = row }

describe("kernels [K, in, out]", function()
  for name, row_of in pairs(rows) do
    it("of " .. name .. " are put in Lacuna's order, as they are and reversed", function()
      for _, k in ipairs(kernels) do
        for _, reverse in ipairs { false, true } do
          local sizes = { k[1] * k[2] * k[3], CIN, COUT }
          local t = fill(sizes, k, function(p, i, o) return { row_of(p, k), i, o } end)
          local target, rule, apply = layout.from_three(name, sizes, {
            reverse = reverse, size = k,
          })
          assert.are.same(sizes, target)
          check(apply and apply(t) or t, k, reverse, rule .. " " .. layout.size_text(k))
        end
      end
    end)
  end

  it("need their size only where it matters", function()
    assert.is_nil((layout.from_three("minkowski", { 24, 2, 3 }, {})))
    assert.is_nil((layout.from_three("torchsparse", { 9, 2, 3 }, { reverse = true })))
    assert.are.same({ 9, 2, 3 }, (layout.from_three("minkowski", { 9, 2, 3 }, {})))
    assert.are.same({ 24, 2, 3 }, (layout.from_three("torchsparse", { 24, 2, 3 }, {})))
    assert.are.same({ 8, 2, 3 }, (layout.from_three("minkowski", { 8, 2, 3 }, {})))
  end)

  it("of one tap get or lose the axis of taps as the model has it", function()
    local t = lacuna.arange(6):float():view(2, 3)
    local target, _, apply = layout.from_three("torchsparse", { 2, 3 }, { target = { 1, 2, 3 } })
    assert.are.same({ 1, 2, 3 }, target)
    assert.are.same({ 1, 2, 3 }, apply(t):size())
    target = layout.from_three("torchsparse", { 1, 2, 3 }, { target = { 2, 3 } })
    assert.equal("[2, 3]", shape.text(target))
    target = layout.from_three("torchsparse", { 2, 3 }, { target = { 27, 2, 3 } })
    assert.are.same({ 2, 3 }, target)
  end)
end)
