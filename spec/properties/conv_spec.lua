-- What holds for every convolution: linearity, the adjoint, permuted and moved rows, batches,
-- boxes.

local lacuna = require "lacuna"
local naive = require "spec.support.naive_conv"
local prop = require "spec.support.prop"
local support = require "spec.support.init"

local F = lacuna.nn.functional

-- Any numbers, the same for the same seed.
local function tensor(seed, ...)
  lacuna.manual_seed(seed)
  return lacuna.rand(...) * 2 - 1
end

local function sparse(case, seed, channels, rows)
  rows = rows or case.rows
  return lacuna.SparseTensor(tensor(seed or case.seed, #rows, channels or 3), rows)
end

local CASE = {
  rows = prop.rows { count = 40, high = 6, batch = 2, least = 1 }, kernel = prop.list(3, 1, 3),
  stride = prop.choice { 1, 2 }, padding = prop.choice { 0, 1 }, dilation = prop.choice { 1, 2 },
  mode = prop.choice { "spconv", "minkowski" },
  kmap = prop.choice { "hashmap_on_the_fly", "hashmap" }, seed = prop.seed(),
}

local function with(more)
  local all = {}
  for key, value in pairs(CASE) do all[key] = value end
  for key, value in pairs(more) do all[key] = value end
  return all
end

local function options(case)
  return {
    kernel_size = case.kernel, stride = case.stride, padding = case.padding,
    dilation = case.dilation, config = { downsample_mode = case.mode, kmap_mode = case.kmap },
  }
end

local function taps(case) return case.kernel[1] * case.kernel[2] * case.kernel[3] end

local function conv(case, x, weight, more)
  local opts = options(case)
  for key, value in pairs(more or {}) do opts[key] = value end
  return F.conv3d(x, weight, opts)
end

local function weight_of(case, cin, cout, seed)
  return tensor(seed or case.seed + 1, taps(case), cin or 3, cout or 4)
end

-- The row of each of y's coordinates.
local function rows_by_key(y)
  local at = {}
  for i, row in ipairs(y.coords:totable()) do at[table.concat(row, ",")] = i - 1 end
  return at
end

-- y's features in the order of `rows`.
local function feats_at(y, rows)
  local at, list = rows_by_key(y), {}
  for i, row in ipairs(rows) do list[i] = assert(at[table.concat(row, ",")], "a row is missing") end
  return y.feats:index_select(1, lacuna.tensor(list, { dtype = "int64", shape = { #list } }))
end

local function shuffled(rows, seed)
  local random, list = require("spec.fuzz.mutate").random(seed), { unpack(rows) }
  for i = #list, 2, -1 do
    local j = 1 + random(i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

local function dot(a, b) return (a:to("float64") * b:to("float64")):sum():item() end

describe("every convolution #host", function()
  it("is linear in the features", function()
    prop.check("linear in the features", CASE, function(case)
      local x, w = sparse(case), weight_of(case)
      local z = x:replace_feature(tensor(case.seed + 2, #case.rows, 3))
      local both = conv(case, x:replace_feature(x.feats * 2 - z.feats), w).feats
      support.close(both, conv(case, x, w).feats * 2 - conv(case, z, w).feats, 1e-4)
    end)
  end)

  it("is linear in the weights", function()
    prop.check("linear in the weights", CASE, function(case)
      local x, w, v = sparse(case), weight_of(case), weight_of(case, 3, 4, case.seed + 3)
      support.close(conv(case, x, w * 2 - v).feats,
        conv(case, x, w).feats * 2 - conv(case, x, v).feats, 1e-4)
    end)
  end)

  it("has the transposed one as its adjoint", function()
    prop.check("adjoint", with { stride = prop.choice { 2 } }, function(case)
      if taps(case) == 1 then case.kernel[1] = 2 end
      local x, w = sparse(case), weight_of(case)
      local y = conv(case, x, w)
      local g = tensor(case.seed + 4, #y.coords, 4)
      local back = conv(case, y:replace_feature(g), w:permute(1, 3, 2):contiguous(),
        { transposed = true })
      assert.is_true(back.coords == x.coords)
      local left, right = dot(y.feats, g), dot(x.feats, back.feats)
      assert(math.abs(left - right) <= 1e-4 * (1 + math.abs(left)), left .. " and " .. right)
    end)
  end)

  it("gives permuted rows for permuted rows, to the bit", function()
    prop.check("permuted", CASE, function(case)
      local w, x = weight_of(case), sparse(case)
      local rows = shuffled(case.rows, case.seed)
      local z = lacuna.SparseTensor(feats_at(x, rows), rows)
      local y, u = conv(case, x, w), conv(case, z, w)
      assert.equal(#y.coords, #u.coords)
      support.same(feats_at(u, y.coords:totable()), y.feats)
    end)
  end)

  it("moves with its input by multiples of the stride, to the bit", function()
    prop.check("moved", with { by = prop.list(3, 0, 9) }, function(case)
      local x, w, moved, want = sparse(case), weight_of(case), {}, {}
      F.set_allow_negative_coordinates(true)
      for i, r in ipairs(case.rows) do
        moved[i] = { r[1] }
        for a = 1, 3 do moved[i][a + 1] = r[a + 1] + (case.by[a] - 4) * case.stride end
      end
      local y = conv(case, x, w)
      local u = conv(case, lacuna.SparseTensor(x.feats, moved), w)
      F.set_allow_negative_coordinates(false)
      for i, r in ipairs(y.coords:totable()) do
        want[i] = { r[1] }
        for a = 1, 3 do want[i][a + 1] = r[a + 1] + case.by[a] - 4 end
      end
      assert.are.same(want, u.coords:totable())
      support.same(u.feats, y.feats)
    end)
  end)

  it("gives a sample in a batch what it gives it alone, to the bit", function()
    local alone = prop.rows { count = 30, high = 6, least = 1 }
    prop.check("batch", with { rows = alone, others = alone }, function(case)
      local w, x = weight_of(case), sparse(case)
      local z = sparse(case, case.seed + 5, 3, case.others)
      local both = conv(case, lacuna.sparse_collate { z, x }, w)
      local y = conv(case, x, w)
      assert.are.same(y.coords:totable(), both:sample(1).coords:totable())
      support.same(both:sample(1).feats, y.feats)
    end)
  end)

  it("does not depend on threads, dataflow and fusion, to the bit", function()
    local flows = {
      { dataflow = "FetchOnDemand" }, { dataflow = "ImplicitGEMM", ifsort = false },
      { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 }, { dataflow = "auto" },
    }
    prop.check("one answer", with { cin = prop.int(1, 40), cout = prop.int(1, 40) }, function(case)
      local x, w = sparse(case, nil, case.cin), weight_of(case, case.cin, case.cout)
      local threads, want = lacuna.get_num_threads(), nil
      for i, flow in ipairs(flows) do
        lacuna.set_num_threads(1 + i % 3)
        lacuna.set_eager(i % 2 == 0)
        flow.downsample_mode, flow.kmap_mode = case.mode, case.kmap
        local y = F.relu(conv(case, x, w, { config = flow, bias = tensor(7, case.cout) })).feats
        want = want or y:clone()
        support.same(y, want, flow.dataflow)
      end
      lacuna.set_eager(false)
      lacuna.set_num_threads(threads)
    end)
  end)

  it("is the dense one on a full box", function()
    prop.check("dense", {
      size = prop.list(3, 1, 4), half = prop.list(3, 0, 1), seed = prop.seed(),
      kmap = CASE.kmap, dilation = CASE.dilation,
    }, function(case)
      local rows, s = {}, case.size
      for i = 0, s[1] * s[2] * s[3] - 1 do
        rows[i + 1] = { 0, math.floor(i / (s[2] * s[3])), math.floor(i / s[3]) % s[2], i % s[3] }
      end
      case.kernel, case.stride, case.padding, case.mode = {}, 1, 0, "spconv"
      for a = 1, 3 do case.kernel[a] = 2 * case.half[a] + 1 end
      local x, w = sparse(case, case.seed, 2, rows), weight_of(case, 2, 1)
      x = lacuna.SparseTensor(x.feats, rows, 1, { 1, unpack(s) })
      local y = conv(case, x, w):dense():totable()
      local f, weights, k = x.feats:totable(), w:totable(), naive.taps(case.kernel)
      for _, r in ipairs(rows) do
        local sum = 0
        for t, j in ipairs(k) do -- zeros around the box
          local inside, at = true, 0
          for a = 1, 3 do
            local p = r[a + 1] + case.dilation * (j[a] - case.half[a])
            inside, at = inside and p >= 0 and p < s[a], at * s[a] + p
          end
          for c = 1, inside and 2 or 0 do sum = sum + f[at + 1][c] * weights[t][c][1] end
        end
        assert(math.abs(y[1][r[2] + 1][r[3] + 1][r[4] + 1][1] - sum) < 1e-5)
      end
    end)
  end)
end)
