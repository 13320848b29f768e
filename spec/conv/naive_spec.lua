-- Convolutions against a dictionary convolution in Lua. Features and weights are small multiples of
-- 1/4, so that every sum is exact in float32 and results must be equal.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local naive = require "spec.support.naive_conv"

local F = lacuna.nn.functional

local function three(v)
  return type(v) == "table" and v or { v, v, v }
end

-- Multiples of 1/4 in [-2, 2], the same for the same seed.
local function quarters(seed, n, ...)
  local sizes = { ... }
  if n == nil then
    return (seed * 7919 % 17 - 8) / 4
  end
  local list = {}
  for i = 1, n do list[i] = quarters((seed * 31 + i * 17) % 10007, sizes[1], select(2, ...)) end
  return list
end

-- A case: what it changes of the defaults.
local function geometry(case)
  return {
    kernel = three(case.k), stride = three(case.s or 1), padding = three(case.p or 0),
    dilation = three(case.d or 1), kmap_mode = case.kmap_mode or "hashmap_on_the_fly",
    downsample_mode = case.downsample_mode or "spconv", range = case.range,
    allow_negative = case.allow_negative or false,
  }
end

local function flags(g)
  return {
    kmap_mode = g.kmap_mode, downsample_mode = g.downsample_mode,
    allow_negative_coordinates = g.allow_negative,
  }
end

local function options(g, bias, transposed)
  return {
    kernel_size = g.kernel, stride = g.stride, padding = g.padding, dilation = g.dilation,
    bias = bias and lacuna.tensor(bias), transposed = transposed,
  }
end

local function rows_of(coords)
  local list = coords:totable()
  for _, r in ipairs(list) do
    for i = 1, 4 do r[i] = tonumber(r[i]) end
  end
  return list
end

local CIN, COUT = 3, 5

local cases = {
  { name = "3x3x3", k = 3 },
  { name = "3x3x3, negative coordinates", k = 3, low = -9, high = 3 },
  { name = "3x3x3, dilation 2", k = 3, d = 2 },
  { name = "5x5x5", k = 5 },
  { name = "3x1x5", k = { 3, 1, 5 } },
  { name = "2x2x2", k = 2 },
  { name = "2x2x2, hashmap", k = 2, kmap_mode = "hashmap" },
  { name = "4x4x4, hashmap", k = 4, kmap_mode = "hashmap" },
  { name = "3x2x1, dilation 1x2x3", k = { 3, 2, 1 }, d = { 1, 2, 3 } },
  { name = "1x1x1", k = 1 },
  { name = "2x2x2 stride 2", k = 2, s = 2 },
  { name = "2x2x2 stride 2, negative coordinates", k = 2, s = 2, low = -8, high = 4 },
  { name = "2x2x2 stride 2, negatives allowed", k = 2, s = 2, low = -8, high = 4,
    allow_negative = true },
  { name = "3x3x3 stride 2 padding 1", k = 3, s = 2, p = 1 },
  { name = "3x3x3 stride 2 padding 0", k = 3, s = 2 },
  { name = "3x3x3 stride 2 padding 1, dilation 2", k = 3, s = 2, p = 1, d = 2 },
  { name = "3x3x3 stride 2 padding 1, negatives allowed", k = 3, s = 2, p = 1, low = -7, high = 2,
    allow_negative = true },
  { name = "3x3x3 stride 3x1x2 padding 1x0x2", k = 3, s = { 3, 1, 2 }, p = { 1, 0, 2 } },
  { name = "4x2x3 stride 2 padding 1", k = { 4, 2, 3 }, s = 2, p = 1 },
  { name = "3x3x3 stride 2, range", k = 3, s = 2, p = 1, range = { 2, 12, 12, 12 } },
  { name = "2x2x2 stride 2, odd range", k = 2, s = 2, high = 10, range = { 2, 11, 11, 11 } },
  { name = "1x1x1 stride 2", k = 1, s = 2 },
  { name = "2x2x2 stride 2, minkowski", k = 2, s = 2, downsample_mode = "minkowski" },
  { name = "3x3x3 stride 2, minkowski, negative coordinates", k = 3, s = 2, low = -8, high = 3,
    downsample_mode = "minkowski" },
  { name = "3x3x3 stride 2, minkowski, range", k = 3, s = 2, p = 1, high = 10,
    range = { 2, 11, 11, 11 }, downsample_mode = "minkowski" },
  { name = "1x1x1 stride 2, minkowski", k = 1, s = 2, downsample_mode = "minkowski" },
  { name = "5x3x3 stride 2 dilation 1x2x1, minkowski", k = { 5, 3, 3 }, s = 2, d = { 1, 2, 1 },
    downsample_mode = "minkowski" },
}

local function prepare(case)
  local rows = support.voxels(case.count or 260, case.low or 0, case.high or 11, 2, 11)
  local taps = #naive.taps(three(case.k))
  local feats, weight = quarters(3, #rows, CIN), quarters(5, taps, CIN, COUT)
  local x = lacuna.SparseTensor(lacuna.tensor(feats), rows, 1, case.range)
  return rows, feats, weight, x
end

local function weight_tensor(weight, g)
  local w = lacuna.tensor(weight)
  local stride = g.stride
  return #weight == 1 and stride[1] * stride[2] * stride[3] == 1 and w:select(1, 1) or w
end

local function flat(rows)
  local list = {}
  for i, r in ipairs(rows) do list[i] = table.concat(r, ",") end
  return table.concat(list, " ")
end

describe("F.conv3d against a dictionary convolution", function()
  for _, case in ipairs(cases) do
    it(case.name, function()
      local g = geometry(case)
      local rows, feats, weight, x = prepare(case)
      local bias = quarters(9, COUT)
      local want_rows, anchor, range = naive.plan(rows, g)
      local list = naive.pairs(rows, want_rows, anchor, g)
      local want = naive.apply(list, feats, weight, bias, #want_rows)

      lacuna.with_modes(flags(g), function()
        local y = F.conv3d(x, weight_tensor(weight, g), options(g, bias))
        local map, map_rows = F.build_kernel_map(x, {
          kernel_size = g.kernel, stride = g.stride, padding = g.padding, dilation = g.dilation,
        })
        assert.equal(flat(want_rows), flat(rows_of(y.coords)))
        assert.equal(flat(want_rows), flat(rows_of(map_rows)))
        assert.equal(naive.count(list), map:pairs())
        assert.are.same(range, y.spatial_range)
        assert.are.same(g.stride, y.stride)
        support.same(y.feats, lacuna.tensor(want), case.name)
      end)
    end)
  end
end)

describe("a transposed convolution", function()
  for _, case in ipairs(cases) do
    local s = three(case.s or 1)
    if s[1] * s[2] * s[3] > 1 then
      it("walks back: " .. case.name, function()
        local g = geometry(case)
        local rows, _, weight, x = prepare(case)
        local coarse_rows, anchor = naive.plan(rows, g)
        local list = naive.pairs(rows, coarse_rows, anchor, g)
        local feats, bias = quarters(13, #coarse_rows, CIN), quarters(9, COUT)
        local want = naive.apply(list, feats, weight, bias, #rows, true)

        lacuna.with_modes(flags(g), function()
          local down = F.conv3d(x, lacuna.tensor(weight), options(g))
          local coarse = down:replace_feature(lacuna.tensor(feats))
          local up = F.conv3d(coarse, lacuna.tensor(weight), options(g, bias, true))
          assert.is_true(up.coords == x.coords)
          assert.are.same({ 1, 1, 1 }, up.stride)
          assert.are.same(case.range, up.spatial_range)
          support.same(up.feats, lacuna.tensor(want), case.name)

          -- What is not given comes from the convolution that made the rows.
          local same = F.conv3d(coarse, lacuna.tensor(weight),
            { kernel_size = g.kernel, transposed = true, bias = lacuna.tensor(bias) })
          support.same(same.feats, up.feats)
        end)
      end)
    end
  end

  it("without the convolution that it inverts is an error", function()
    local x = lacuna.SparseTensor(lacuna.ones(2, 3), { { 0, 0, 0, 0 }, { 0, 1, 0, 0 } }, 2)
    support.raises(function()
      return F.conv3d(x, lacuna.ones(8, 3, 4), { kernel_size = 2, stride = 2, transposed = true })
    end, "conv3d")
  end)

  it("with another kernel than the forward one is an error", function()
    local x = lacuna.SparseTensor(lacuna.ones(2, 3), { { 0, 0, 0, 0 }, { 0, 1, 0, 0 } })
    local down = F.conv3d(x, lacuna.ones(8, 3, 4), { kernel_size = 2, stride = 2 })
    support.raises(function()
      return F.conv3d(down, lacuna.ones(27, 4, 4),
        { kernel_size = 3, stride = 2, transposed = true })
    end, "conv3d", "2")
  end)
end)

describe("F.conv3d", function()
  local rows = { { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 3, 0, 0 } }

  it("computes the worked example by hand", function()
    local x = lacuna.SparseTensor(lacuna.tensor { { 1 }, { 2 }, { 4 } }, rows)
    local w = lacuna.tensor { { { 10 } }, { { 20 } }, { { 30 } } }
    local y = F.conv3d(x, w, { kernel_size = { 3, 1, 1 } })
    assert.are.same({ { 80 }, { 50 }, { 80 } }, y.feats:totable())
  end)

  it("has no rows for no rows", function()
    local x = lacuna.SparseTensor(lacuna.zeros(0, 4), {})
    local y = F.conv3d(x, lacuna.ones(27, 4, 8), { kernel_size = 3 })
    assert.are.same({ 0, 8 }, y.feats:size())
    local z = F.conv3d(x, lacuna.ones(8, 4, 8), { kernel_size = 2, stride = 2 })
    assert.are.same({ 0, 8 }, z.feats:size())
  end)

  it("keeps far apart coordinates apart #host", function()
    local big = 2147483647
    local x = lacuna.SparseTensor(lacuna.ones(4, 1),
      { { 0, -big, 0, 0 }, { 0, big, 0, 0 }, { 0, 0, big, -big }, { 0, 1 - big, 0, 0 } })
    local y = F.conv3d(x, lacuna.ones(27, 1, 1), { kernel_size = 3 })
    assert.are.same({ { 2 }, { 1 }, { 1 }, { 2 } }, y.feats:totable())
  end)

  it("does not mix samples, and gives each the result that it has alone", function()
    local a, b = support.voxels(90, 0, 6, 1, 3), support.voxels(70, 0, 6, 1, 4)
    local function tensor(list, seed)
      return lacuna.SparseTensor(lacuna.tensor(quarters(seed, #list, 3)), list)
    end
    local x, z = tensor(a, 1), tensor(b, 2)
    local both = lacuna.sparse_collate { x, z }
    local w = lacuna.rand(27, 3, 8)
    for _, o in ipairs { { kernel_size = 3 }, { kernel_size = 3, stride = 2, padding = 1 } } do
      local y = F.conv3d(both, w, o)
      support.same(y:sample(0).feats, F.conv3d(x, w, o).feats)
      support.same(y:sample(1).feats, F.conv3d(z, w, o).feats)
    end
  end)

  it("names two duplicate rows", function()
    local x = lacuna.SparseTensor(lacuna.ones(3, 1),
      { { 0, 1, 2, 3 }, { 0, 0, 0, 0 }, { 0, 1, 2, 3 } })
    support.raises(function() return F.conv3d(x, lacuna.ones(27, 1, 1)) end, "0", "2", "duplicate")
  end)

  it("names both numbers of channels that do not fit", function()
    local x = lacuna.SparseTensor(lacuna.ones(3, 4), rows)
    support.raises(function() return F.conv3d(x, lacuna.ones(27, 5, 8)) end, "conv3d", "4", "5")
  end)

  it("takes a SparseTensor alone", function()
    support.raises(function() return F.conv3d(lacuna.ones(3, 4), lacuna.ones(27, 4, 8)) end,
      "conv3d", "Tensor", "SparseTensor")
  end)

  it("suggests the option that was meant", function()
    local x = lacuna.SparseTensor(lacuna.ones(3, 4), rows)
    support.raises(function() return F.conv3d(x, lacuna.ones(27, 4, 8), { strides = 2 }) end,
      "conv3d", "'strides'", "did you mean 'stride'?")
  end)

  it("rows outside of the spatial range are an error", function()
    local x = lacuna.SparseTensor(lacuna.ones(3, 4), rows, 1, { 1, 3, 3, 3 })
    support.raises(function() return F.conv3d(x, lacuna.ones(27, 4, 8)) end, "range")
  end)

  it("shares its maps between layers on the same coordinates", function()
    local x = lacuna.SparseTensor(lacuna.ones(3, 4), rows)
    local y = F.conv3d(x, lacuna.ones(27, 4, 4))
    local a = F.build_kernel_map(x, { kernel_size = 3 })
    local b = F.build_kernel_map(y, { kernel_size = 3 })
    assert.is_true(a == b)
    assert.equal(27, #a)
    assert.equal("KernelMap 27 taps, 5 pairs, 3 -> 3 rows", tostring(a))
    assert.are.same({ { 0, 1 } }, a:pairs(13):totable())
    assert.equal(3, #a:pairs(14))
  end)
end)

describe("F.get_kernel_offsets", function()
  it("goes through the taps in the order of the weights", function()
    assert.are.same({ { -1, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 } },
      F.get_kernel_offsets({ 3, 1, 1 }):totable())
    local even = F.get_kernel_offsets(2):totable()
    assert.are.same({ 0, 0, 1 }, even[2])
    assert.are.same({ 1, 0, 0 }, even[5])
    local odd = F.get_kernel_offsets(3, 1, 2):totable()
    assert.are.same({ 0, -2, -2 }, odd[2])
  end)
end)
