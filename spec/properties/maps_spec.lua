-- What holds for every kernel map, every quantized cloud and every file of weights.

local lacuna = require "lacuna"
local prop = require "spec.support.prop"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local ROWS = prop.rows { count = 50, low = -3, high = 6, batch = 2 }

local function on(rows)
  return lacuna.SparseTensor(lacuna.zeros(#rows, 1), #rows > 0 and rows
    or lacuna.zeros({ 0, 4 }, { dtype = "int32" }))
end

-- The pairs of a tap as a set of "input,output", or with `swap` of "output,input".
local function pairs_of(map, tap, swap)
  local set = {}
  for _, p in ipairs(map:pairs(tap):totable()) do
    set[swap and p[2] .. "," .. p[1] or p[1] .. "," .. p[2]] = true
  end
  return set
end

describe("every kernel map #host", function()
  it("of a submanifold kernel of odd size mirrors itself", function()
    prop.check("mirror", {
      rows = ROWS, half = prop.list(3, 0, 2), dilation = prop.choice { 1, 2 },
    }, function(case)
      local kernel = {}
      for a = 1, 3 do kernel[a] = 2 * case.half[a] + 1 end
      local map = F.build_kernel_map(on(case.rows),
        { kernel_size = kernel, dilation = case.dilation })
      for tap = 1, map:taps() do
        assert.are.same(pairs_of(map, tap, true), pairs_of(map, map:taps() + 1 - tap))
      end
    end, 40)
  end)

  it("has the same pairs exchanged when it is transposed, and itself when it is twice", function()
    prop.check("transposed", {
      rows = ROWS, kernel = prop.list(3, 1, 3), stride = prop.list(3, 1, 3),
      padding = prop.list(3, 0, 1), mode = prop.choice { "spconv", "minkowski" },
    }, function(case)
      local map = F.build_kernel_map(on(case.rows), {
        kernel_size = case.kernel, stride = case.stride, padding = case.padding,
        config = { downsample_mode = case.mode },
      })
      local back = F.transpose_kernel_map(map)
      assert.is_true(F.transpose_kernel_map(back) == map)
      for tap = 1, map:taps() do
        assert.are.same(pairs_of(map, tap, true), pairs_of(back, tap))
        local last = -1
        for _, p in ipairs(back:pairs(tap):totable()) do
          assert.is_true(p[2] > last) -- sorted by output row
          last = p[2]
        end
      end
    end, 60)
  end)
end)

describe("every quantized cloud #host", function()
  local CLOUD = {
    count = prop.int(0, 80), spread = prop.choice { 1, 30, 1000 }, seed = prop.seed(),
    voxel = prop.choice { 1, 0.5, 0.3 }, rounding = prop.choice { "floor", "round" },
  }

  local function cloud(case)
    lacuna.manual_seed(case.seed)
    return (lacuna.rand(case.count, 4) - 0.5) * case.spread
  end

  it("has each point in its voxel, each voxel once, and counts all", function()
    prop.check("quantize", CLOUD, function(case)
      local points = cloud(case)
      local x, inverse, index, counts = lacuna.quantize(points,
        { voxel_size = case.voxel, rounding = case.rounding })
      local rows, list, seen = x.coords:totable(), points:totable(), {}
      for _, row in ipairs(rows) do
        local key = table.concat(row, ",")
        assert.is_nil(seen[key])
        seen[key] = 0
      end
      local first = index:totable()
      for i, voxel in ipairs(inverse:totable()) do
        local row, key = rows[voxel + 1], table.concat(rows[voxel + 1], ",")
        for a = 1, 3 do
          local cell = list[i][a] / case.voxel
          local away = cell - row[a + 1] -- in float64, as it was
          if case.rounding == "floor" then assert.is_true(away >= 0 and away < 1)
          else assert.is_true(math.abs(away) <= 0.5) end
        end
        if seen[key] == 0 then assert.equal(i - 1, first[voxel + 1]) end
        seen[key] = seen[key] + 1
      end
      local sum = counts.invalid + counts.out_of_range
      for _, n in pairs(seen) do
        assert.is_true(n > 0)
        sum = sum + n
      end
      assert.equal(case.count, sum)
      support.same(F.spcount(inverse, #rows):long(), lacuna.tensor((function()
        local list_of = {}
        for i, row in ipairs(rows) do list_of[i] = seen[table.concat(row, ",")] end
        return list_of
      end)(), { dtype = "int64", shape = { #rows } }))
    end, 40)
  end)

  it("does not depend on the order of its points", function()
    prop.check("order", CLOUD, function(case)
      local points = cloud(case)
      local order = lacuna.rand(case.count):argsort(1)
      local opts = { voxel_size = case.voxel, rounding = case.rounding, reduce = "max" }
      local x = lacuna.quantize(points, opts)
      local y = lacuna.quantize(points:index_select(1, order), opts)
      assert.are.same(x.coords:totable(), y.coords:totable())
      support.same(y.feats, x.feats)
    end, 40)
  end)
end)

describe("every tensor #host", function()
  after_each(support.clean)

  it("comes back from an HDF5 file as it went, whatever its dtype and shape", function()
    prop.check("HDF5", {
      shape = prop.list(3, 0, 5), dims = prop.int(0, 3), seed = prop.seed(),
      compress = prop.choice { 0, 6 },
      dtype = prop.choice {
        "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8",
      },
    }, function(case)
      lacuna.manual_seed(case.seed)
      local t = (lacuna.rand({ case.shape[1], case.shape[2], case.shape[3] }) * 1000)
      for _ = case.dims + 1, 3 do t = t:sum(1) end
      t = t:to(case.dtype)
      local path = support.tmp(".h5")
      local f = lacuna.hdf5.open(path, "w")
      f:write("/a/b", t, { compress = case.compress })
      f:close()
      f = lacuna.hdf5.open(path, "r")
      local back = f:read("/a/b")
      f:close()
      os.remove(path)
      assert.are.same(t:size(), back:size())
      support.same(back, t)
    end, 60)
  end)
end)

describe("every convolution #process", function()
  local script = [[
local prop = require "spec.support.prop"
local ffi, sum = require "ffi", 0
local F = lacuna.nn.functional
prop.check("isa", {
  rows = prop.rows { count = 40, high = 6, batch = 2, least = 1 }, kernel = prop.list(3, 1, 3),
  stride = prop.choice { 1, 2 }, cin = prop.int(1, 40), cout = prop.int(1, 70),
  flow = prop.choice { "FetchOnDemand", "ImplicitGEMM" }, seed = prop.seed(),
}, function(case)
  lacuna.manual_seed(case.seed)
  local x = lacuna.SparseTensor(lacuna.randn(#case.rows, case.cin), case.rows)
  local w = lacuna.randn(case.kernel[1] * case.kernel[2] * case.kernel[3], case.cin, case.cout)
  local y = F.silu(F.conv3d(x, w, { kernel_size = case.kernel, stride = case.stride,
    bias = lacuna.randn(case.cout), config = { dataflow = case.flow } })).feats
  local words = ffi.cast("uint32_t *", y:data())
  for i = 0, y:numel() - 1 do sum = (sum * 31 + tonumber(words[i])) % 2 ^ 45 end
end, 60)
print(("%.0f"):format(sum))
]]

  it("gives the same bits on every instruction set", function()
    local function run(isa)
      local result = shell.run("LACUNA_ISA=" .. isa .. " " .. shell.program .. " -e "
        .. shell.quote(script))
      assert.equal(0, result.status, result.err)
      return result.out
    end
    local reference = run "reference"
    assert.matches("^%d+\n$", reference)
    assert.equal(reference, run "avx2") -- where a CPU lacks it, this runs the next narrower set
    assert.equal(reference, run "avx512")
  end)
end)
