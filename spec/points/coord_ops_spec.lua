local ffi = require "ffi"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local function int(t) return lacuna.tensor(t, { dtype = "int32" }) end

describe("sphash and sphashquery", function()
  it("hash as FNV-1a does, a column at a time", function()
    local h = F.sphash(int { { 0, 0, 0, 0 }, { 0, 1, 2, 3 }, { 1, 2, 3, 0 } })
    assert.equal("int64", h:dtype())
    local want = { 0x4d25767f9dce13f5ULL, 0x4475327f98e05411ULL, 0xbe7a5a7751657191ULL }
    for i = 1, 3 do assert.is_true(h[i] == ffi.cast("int64_t", want[i])) end
  end)

  it("add offsets to x, y and z", function()
    local rows, offsets = support.voxels(20, -9, 9, 2), { { 0, 0, 0 }, { 1, -2, 3 } }
    local h = F.sphash(int(rows), int(offsets))
    assert.are.same({ 2, 20 }, h:size())
    for k, offset in ipairs(offsets) do
      local moved = {}
      for i, r in ipairs(rows) do
        moved[i] = { r[1], r[2] + offset[1], r[3] + offset[2], r[4] + offset[3] }
      end
      support.same(h[k], F.sphash(int(moved)))
    end
    assert.are.same({ 0 }, F.sphash(int(rows):narrow(1, 1, 0)):size())
  end)

  it("find hashes and rows, the first of equal ones", function()
    local reference = int { { 0, 1, 2, 3 }, { 0, -1, 2, 3 }, { 0, 1, 2, 3 } }
    local query = int { { 0, -1, 2, 3 }, { 0, 1, 2, 3 }, { 1, 1, 2, 3 } }
    local want = { 1, 0, -1 }
    assert.are.same(want, F.sphashquery(query, reference):totable())
    assert.are.same(want, F.sphashquery(F.sphash(query), F.sphash(reference)):totable())
    local both = F.sphash(query, int { { 0, 0, 0 }, { 2, 0, 0 } })
    assert.are.same({ { 1, 0, -1 }, { 0, -1, -1 } },
      F.sphashquery(both, F.sphash(reference)):totable())
    assert.are.same({ -1, -1, -1 }, F.sphashquery(query, reference:narrow(1, 1, 0)):totable())
    assert.are.same({ 0 }, F.sphashquery(query:narrow(1, 1, 0), reference):size())
    assert.are.same({ 0, 1, 2 }, F.sphashquery(query, lacuna.SparseTensor(lacuna.zeros(3, 1),
      query).coords):totable())
  end)

  it("refuse other dtypes and shapes", function()
    local rows = int { { 0, 1, 2, 3 } }
    support.raises(function() F.sphash(rows:long()) end, "sphash", "int64", "expected int32")
    support.raises(function() F.sphash(rows, rows) end, "offsets", "[K, 3]")
    support.raises(function() F.sphashquery(rows, rows:long()) end, "sphashquery", "int64")
    support.raises(function() F.sphashquery(rows:float(), rows:float()) end, "float32")
    support.raises(function() F.sphashquery(rows:narrow(2, 1, 3), rows) end, "[1, 3]")
  end)
end)

describe("spcount", function()
  it("counts what is not negative", function()
    local c = F.spcount(int { 3, -1, 0, 3, -7 }, 5)
    assert.equal("int32", c:dtype())
    assert.are.same({ 1, 0, 0, 2, 0 }, c:totable())
    assert.are.same({ 0, 0 }, F.spcount(int({ 1 }):narrow(1, 1, 0):long(), 2):totable())
    support.raises(function() F.spcount(int { 2 }, 2) end, "index 2", "less than 2")
    support.raises(function() F.spcount(int { 0 }, -1) end, "-1 rows")
    support.raises(function() F.spcount(int({ 0 }):float(), 1) end, "float32")
  end)
end)

describe("spdownsample and spupsample_generative", function()
  local rows = int(support.voxels(150, 0, 20, 2))

  local function conv_rows(opts)
    local k = opts.kernel_size
    local x = lacuna.SparseTensor(lacuna.zeros(150, 1), rows)
    return F.conv3d(x, lacuna.zeros(k * k * k, 1, 1), opts).coords:tensor()
  end

  it("make the rows of a convolution", function()
    for _, mode in ipairs { "spconv", "minkowski" } do
      for _, o in ipairs { { 2, 2, 0 }, { 3, 2, 1 }, { 3, 2, 0 }, { 3, 3, 0 } } do
        local got = F.spdownsample(rows,
          { kernel_size = o[1], stride = o[2], padding = o[3], downsample_mode = mode })
        support.same(got:tensor(), conv_rows {
          kernel_size = o[1], stride = o[2], padding = o[3], config = { downsample_mode = mode },
        })
        got = F.spupsample_generative(rows,
          { kernel_size = o[1], stride = o[2], padding = o[3], downsample_mode = mode })
        local x = lacuna.SparseTensor { feats = lacuna.zeros(150, 1), coords = rows, stride = o[2] }
        support.same(got:tensor(), F.conv3d(x, lacuna.zeros(o[1] ^ 3, 1, 1), {
          kernel_size = o[1], stride = o[2], padding = o[3], config = { downsample_mode = mode },
          transposed = true, generative = true,
        }).coords:tensor())
      end
    end
    assert.are.same({ { 0, 0, 0, 0 }, { 0, 1, 0, 2 } },
      F.spdownsample { { 0, 1, 0, 0 }, { 0, 3, 1, 5 }, { 0, 2, 0, 4 } }:totable())
  end)

  it("limit the rows to the output's range", function()
    local all = F.spdownsample(rows, { kernel_size = 3, padding = 1 }):totable()
    local kept = {}
    for _, r in ipairs(all) do
      if r[2] < 8 and r[3] < 6 then kept[#kept + 1] = r end
    end
    assert.is_true(#kept < #all)
    assert.are.same(kept, F.spdownsample(rows,
      { kernel_size = 3, padding = 1, spatial_range = { 2, 8, 6, 100 } }):totable())
    local floors = F.spdownsample(rows, { downsample_mode = "minkowski",
      spatial_range = { 1, 1, 1, 1 } })
    assert.equal(#F.spdownsample(rows), #floors)
    assert.are.same({ { 0, 0, 0, 0 }, { 0, 0, 0, 1 } }, F.spupsample_generative(
      { { 0, 0, 0, 0 } }, { spatial_range = { 1, 1, 1, 9 } }):totable())
  end)

  it("follow the mode flags and refuse what they do not know", function()
    local below = { { 0, -4, 0, 0 }, { 0, 4, 0, 0 } }
    assert.equal(1, #F.spdownsample(below))
    assert.equal(2, #F.spdownsample(below, { downsample_mode = "minkowski" }))
    lacuna.with_modes({ allow_negative_coordinates = true }, function()
      assert.equal(2, #F.spdownsample(below))
    end)
    assert.equal(0, #F.spdownsample {})
    support.raises(function() F.spdownsample(rows, { kernel = 3 }) end, "spdownsample", "kernel")
    support.raises(function() F.spdownsample(rows, { downsample_mode = "x" }) end, "minkowski")
    support.raises(function() F.spdownsample(rows, { spatial_range = { 1 } }) end, "(B,X,Y,Z)")
    support.raises(function() F.spdownsample(rows:float()) end, "float32")
  end)
end)

describe("transpose_kernel_map", function()
  it("exchanges the pairs of every tap", function()
    local shuffled = support.voxels(120, -6, 6, 2, 9)
    for _, o in ipairs { { kernel_size = 3 }, { kernel_size = 2, stride = 2 },
      { kernel_size = 3, stride = 2, padding = 1 } } do
      local x = lacuna.SparseTensor(lacuna.zeros(120, 1), int(shuffled))
      local map = F.build_kernel_map(x, o)
      local back = F.transpose_kernel_map(map)
      local rows_in, rows_out = map:rows()
      assert.are.same({ rows_out, rows_in }, { back:rows() })
      assert.equal(map:pairs(), back:pairs())
      for tap = 1, #map do
        local want = {}
        for i, pair in ipairs(map:pairs(tap):totable()) do want[i] = { pair[2], pair[1] } end
        table.sort(want, function(a, b) return a[2] < b[2] end)
        assert.are.same(want, back:pairs(tap):totable())
      end
      assert.is_true(F.transpose_kernel_map(back) == map)
      assert.is_true(F.transpose_kernel_map(map) == back)
      assert.is_true(F.build_kernel_map(x, o) == map)
    end
    support.raises(function() F.transpose_kernel_map(3) end, "number", "KernelMap")
  end)
end)
