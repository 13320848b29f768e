-- The numbers that lacuna.h promises: what is just inside is computed, what is beyond is an error
-- that names it.

local ffi = require "ffi"
local lacuna = require "lacuna"
local native = require "lacuna.native"
local support = require "spec.support.init"

local C, nn = native.C, lacuna.nn
local LOW, HIGH = -2 ^ 31, 2 ^ 31 - 1

ffi.cdef [[
void *mmap(void *, size_t, int, int, int, int64_t);
int munmap(void *, size_t);
]]

local function int32(rows) return lacuna.tensor(rows, { dtype = "int32" }) end

-- A tensor whose rows are pages that nobody has written: as many as one likes, at no cost.
local function untouched(rows, columns, dtype)
  local bytes = rows * columns * 4
  local READ, PRIVATE_ANONYMOUS_NORESERVE = 1, 0x4022
  local memory = ffi.C.mmap(nil, bytes, READ, PRIVATE_ANONYMOUS_NORESERVE, -1, 0)
  assert.is_true(ffi.cast("intptr_t", memory) ~= -1)
  local T = require "lacuna.tensor"
  local desc, t = ffi.new "lac_tensor_desc", T.blank()
  desc.size, desc.ndim = ffi.sizeof "lac_tensor_desc", 2
  desc.dtype = dtype
  desc.shape[0], desc.shape[1] = rows, columns
  native.call(C.lac_tensor_wrap, native.ctx, desc, memory, nil, nil, t.box)
  return T.filled(t), function() ffi.C.munmap(memory, bytes) end
end

describe("the limits of lacuna.h", function()
  local x

  before_each(function()
    x = lacuna.SparseTensor(lacuna.ones(2, 1), int32 { { 0, 0, 0, 0 }, { 0, 5, 6, 7 } })
  end)

  it("of tensors are 8 dimensions and 2^63 bytes", function()
    assert.equal(8, lacuna.zeros(1, 1, 1, 1, 1, 1, 1, 2):dim())
    support.raises(function() lacuna.zeros(1, 1, 1, 1, 1, 1, 1, 1, 2) end, "9 dimensions",
      "at most 8")
    support.raises(function() lacuna.zeros(2 ^ 40, 2 ^ 30) end, "more than 2^63 bytes")
  end)

  it("of kernels are 1024 on an axis and 32,768 taps", function()
    assert.equal(2, nn.Conv3d(1, 1, { 1024, 1, 32 })(x):size(1))
    support.raises(function() nn.Conv3d(1, 1, { 1, 1025, 1 })(x):size(1) end,
      "kernel_size 1025 on axis 2", "1 to 1024")
    support.raises(function() nn.Conv3d(1, 1, { 64, 64, 9 })(x):size(1) end,
      "36864 taps", "at most 32768")
  end)

  it("of padding and dilation are 2^20, of strides 2^31 - 1", function()
    local far = { stride = HIGH, padding = 2 ^ 20, dilation = 2 ^ 20 }
    assert.is_true(nn.Conv3d(1, 1, 3, far)(x):size(1) >= 0)
    for _, name in ipairs { "padding", "dilation" } do
      support.raises(function()
        nn.Conv3d(1, 1, 3, { stride = 2, [name] = 2 ^ 20 + 1 })(x):size(1)
      end, name .. " 1048577", "1048576")
    end
    support.raises(function() nn.Conv3d(1, 1, 3, { stride = 2 ^ 31 })(x):size(1) end, "2147483648")
  end)

  it("of coordinates are those of int32, which are computed with", function()
    local rows = { { 0, LOW, LOW, LOW }, { 0, LOW + 1, LOW, LOW }, { HIGH, HIGH, HIGH, HIGH } }
    local ends = lacuna.SparseTensor(lacuna.tensor { { 1 }, { 2 }, { 4 } }, int32(rows))
    local conv = nn.Conv3d(1, 1, 3)
    conv.kernel:fill_(1)
    assert.same({ { 3 }, { 3 }, { 4 } }, conv(ends).feats:totable())
    support.raises(function() int32 { { 0, 2 ^ 31, 0, 0 } } end, "2147483648", "int32")
    support.raises(function()
      lacuna.quantize(lacuna.tensor { { 3e9, 0, 0, 1 } }, { voxel_size = 1 })
    end, "point 0", "3000000000", "int32")
  end)

  it("of rows are 2^31 - 1, refused before one is read", function()
    local points, free_points = untouched(2 ^ 31, 4, C.LAC_DTYPE_F32)
    support.raises(function() lacuna.quantize(points, { voxel_size = 1 }) end, "2147483648")
    support.raises(function()
      lacuna.voxelize(points, { voxel_size = 1, range = { 0, 0, 0, 1, 1, 1 } })
    end, "2147483648")
    local coords, free_coords = untouched(2 ^ 31, 4, C.LAC_DTYPE_I32)
    local feats, free_feats = untouched(2 ^ 31, 1, C.LAC_DTYPE_F32)
    support.raises(function() lacuna.SparseTensor(feats, coords) end, "2147483648", "2^31 - 1")
    points, coords, feats = points:free(), coords:free(), feats:free()
    free_points()
    free_coords()
    free_feats()
  end)
end)
