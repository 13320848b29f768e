-- TorchSparse's layers for bird's-eye views, against dictionaries.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn = lacuna.nn

local function case(count, channels, low, high)
  lacuna.manual_seed(8)
  local rows = support.voxels(count, low, high, 2, 12)
  local x = lacuna.SparseTensor { feats = lacuna.randn(count, channels), coords = rows, stride = 4 }
  return x, rows, x.feats:totable()
end

-- "b u v" of a row without its height.
local function cell(row, axis)
  local parts = { row[1] }
  for i = 1, 3 do
    if i ~= axis then parts[#parts + 1] = row[i + 1] end
  end
  return table.concat(parts, " ")
end

-- Sum over the rows of a cell of what `term` gives, a list of numbers; and the number of rows.
local function gather(rows, axis, term)
  local sums, counts = {}, {}
  for i, row in ipairs(rows) do
    local key, values = cell(row, axis), term(i, row)
    local sum = sums[key] or {}
    for c = 1, #values do sum[c] = (sum[c] or 0) + values[c] end
    sums[key], counts[key] = sum, (counts[key] or 0) + 1
  end
  return sums, counts
end

-- feats[i] times the kernel of its height.
local function product(feats, kernel, height)
  local y = {}
  for o = 1, #kernel[1][1] do
    y[o] = 0
    for c = 1, #feats do y[o] = y[o] + feats[c] * kernel[height + 1][c][o] end
  end
  return y
end

local function check_sparse(y, axis, sums, value)
  local feats, count = y.feats:totable(), 0
  local rows = y.coords:tensor():totable()
  for i, row in ipairs(rows) do
    local sum = assert(sums[cell(row, axis)])
    assert.equal(0, row[axis + 1])
    for c = 1, #sum do
      assert.is_true(math.abs(feats[i][c] - value(sum[c], cell(row, axis), c)) < 1e-5)
    end
  end
  for _ in pairs(sums) do count = count + 1 end
  assert.equal(count, #rows)
  assert.are.same({ 4, 4, 4 }, y.stride)
end

describe("nn.ToBEVReduction", function()
  it("is the mean over heights", function()
    for axis = 1, 3 do
      local x, rows, feats = case(150, 3, -3, 3)
      local sums, counts = gather(rows, axis, function(i) return feats[i] end)
      local y = nn.ToBEVReduction { height_axis = axis }(x)
      check_sparse(y, axis, sums, function(sum, key) return sum / counts[key] end)
    end
  end)

  it("flattens the range and takes no rows", function()
    local x = lacuna.SparseTensor(lacuna.zeros(0, 3), {}, 1, { 2, 5, 6, 7 })
    local y = nn.ToBEVReduction()(x)
    assert.are.same({ 2, 5, 1, 7 }, y.spatial_range)
    assert.are.same({ 0, 3 }, y:size())
  end)
end)

describe("nn.ToBEVConvolution", function()
  it("multiplies every row by the kernel of its height", function()
    for axis = 1, 3 do
      local x, rows, feats = case(150, 3, 0, 5)
      local layer = nn.ToBEVConvolution(3, 4, 6, { height_axis = axis, bias = true })
      local kernel, bias = layer.kernel:totable(), layer.bias:totable()
      local sums = gather(rows, axis, function(i, row)
        return product(feats[i], kernel, row[axis + 1])
      end)
      check_sparse(layer(x), axis, sums, function(sum, _, c) return sum + bias[c] end)
      lacuna.with_modes({ downsample_mode = "minkowski", kmap_mode = "hashmap" }, function()
        check_sparse(layer(x), axis, sums, function(sum, _, c) return sum + bias[c] end)
      end)
    end
  end)

  it("keeps cells below 0, one height, and the range", function()
    local rows = { { 0, -3, 0, 2 }, { 0, 4, 0, -1 } }
    local x = lacuna.SparseTensor({ { 2 }, { 3 } }, rows)
    for heights = 1, 2 do
      local layer = nn.ToBEVConvolution(1, 1, heights)
      layer.kernel:fill_(10)
      local y = layer(x)
      assert.are.same(rows, y.coords:tensor():totable())
      assert.are.same({ { 20 }, { 30 } }, y.feats:totable())
    end
    local z = lacuna.SparseTensor({ { 1 } }, { { 0, 1, 1, 1 } }, 1, { 3, 4, 2, 4 })
    assert.are.same({ 3, 4, 1, 4 }, nn.ToBEVConvolution(1, 2, 5)(z).spatial_range)
  end)

  it("refuses heights without a kernel", function()
    local x = case(50, 3, 0, 5)
    support.raises(function() nn.ToBEVConvolution(3, 4, 3)(x) end, "ToBEVConvolution: heights",
      "expected 0 to 2")
    support.raises(function() nn.ToBEVConvolution(3, 4) end, "n_kernels is nil")
    support.raises(function() nn.ToBEVConvolution(3, 4, 3, { dim = 1 }) end, "unknown option 'dim'")
    support.raises(function() nn.ToBEVConvolution(3, 4, 3, { height_axis = 0 }) end, "height_axis")
  end)
end)

describe("nn.ToDenseBEVConvolution", function()
  it("is the dense form of the sum, from an offset on", function()
    for axis = 1, 3 do
      local x, rows, feats = case(150, 3, -2, 3)
      local layer = nn.ToDenseBEVConvolution(3, 4, { 6, 6, 6 },
        { offset = { -2, -2, -2 }, height_axis = axis, bias = true })
      local kernel, bias = layer.kernel:totable(), layer.bias:totable()
      local sums = gather(rows, axis, function(i, row)
        return product(feats[i], kernel, row[axis + 1] + 2)
      end)
      local want = lacuna.zeros(2, 4, 6, 6)
      for key, sum in pairs(sums) do
        local b, u, v = key:match("(%S+) (%S+) (%S+)")
        for c = 1, 4 do want[{ b + 1, c, u + 3, v + 3 }] = sum[c] + bias[c] end
      end
      support.close(layer(x), want, 1e-5)
    end
  end)

  it("refuses cells outside of its shape", function()
    local x = case(50, 3, 0, 5)
    support.raises(function() nn.ToDenseBEVConvolution(3, 4, { 5, 6, 6 })(x) end, "coordinates x")
    support.raises(function() nn.ToDenseBEVConvolution(3, 4, { 6, 5, 6 })(x) end, "heights")
    support.raises(function() nn.ToDenseBEVConvolution(3, 4, 6) end, "shape")
  end)
end)

describe("nn.ToBEVHeightCompression", function()
  it("has channel h * C + c, clamps heights and adds rows that meet", function()
    for axis = 1, 3 do
      local x, rows, feats = case(150, 3, 0, 5)
      local shape = { 6, 6, 6 }
      shape[axis] = 3
      local offset = { 0, 0, 0 }
      offset[axis] = 1
      local want = lacuna.zeros(2, 9, 6, 6)
      for i, row in ipairs(rows) do
        local b, u, v = cell(row, axis):match("(%S+) (%S+) (%S+)")
        local h = math.max(0, math.min(2, row[axis + 1] - 1))
        for c = 1, 3 do
          local at = { b + 1, h * 3 + c, u + 1, v + 1 }
          want[at] = want[at] + feats[i][c]
        end
      end
      local layer = nn.ToBEVHeightCompression(3, shape, { offset = offset, height_axis = axis })
      support.close(layer(x), want, 1e-5)
    end
  end)

  it("says what is wrong", function()
    local x = case(50, 3, 0, 5)
    support.raises(function() nn.ToBEVHeightCompression(4, { 6, 6, 6 })(x) end, "3 channels")
    support.raises(function() nn.ToBEVHeightCompression(3, { 6, 6 }) end, "shape")
    support.raises(function() nn.ToBEVHeightCompression(3, { 6, 6, 5 })(x) end, "coordinates z")
  end)
end)
