-- A convolution or linear layer reads the two tensors of a concatenation where they lie.

local ffi = require "ffi"
local lacuna = require "lacuna"
local native = require "lacuna.native"
local nn = lacuna.nn

local function cube(n, channels, dtype)
  local rows = {}
  for i = 0, n ^ 3 - 1 do
    rows[#rows + 1] = { 0, math.floor(i / n ^ 2), math.floor(i / n) % n, i % n }
  end
  local feats = lacuna.randn { n ^ 3, channels }:to(dtype)
  return lacuna.SparseTensor(feats, lacuna.tensor(rows, { dtype = "int32" }))
end

local function equal(a, b)
  return a:eq(b):min():item() == 1
end

local function pending(t)
  return native.C.lac_tensor_is_pending(t.h) == 1
end

-- layer(cat(a, b)) deferred and with every operation computed at once.
local function both(layer, x, b)
  local function run()
    return layer(x:replace_feature(lacuna.cat({ x.feats, b }, 2))).feats:clone()
  end
  return run(), lacuna.with_modes({ eager = true }, run)
end

describe("concatenated features", function()
  for _, dtype in ipairs { "float32", "float16", "bfloat16" } do
    for _, channels in ipairs { { 4, 6 }, { 5, 3 }, { 33, 1 }, { 1, 32 } } do
      local name = string.format("%d + %d, %s", channels[1], channels[2], dtype)
      it("give the same bits: " .. name, function()
        lacuna.manual_seed(1)
        local x = cube(5, channels[1], dtype)
        local b = lacuna.randn { 125, channels[2] }:to(dtype)
        local cin = channels[1] + channels[2]
        for _, layer in ipairs { nn.Conv3d(cin, 35, 3, { bias = true }), nn.Linear(cin, 3),
          nn.Conv3d(cin, 8, 2, { stride = 2 }), nn.Conv3d(cin, 8, 3) } do
          local got, want = both(layer:to(dtype), x, b)
          assert.is_true(equal(got, want))
        end
      end)
    end
  end

  it("are not copied for a convolution, but for anybody else", function()
    local x = cube(4, 8, "float32")
    local joined = lacuna.cat({ x.feats, x.feats + 1 }, 2)
    assert.is_true(pending(joined))
    nn.Conv3d(16, 4, 3)(x:replace_feature(joined)).feats:sum():item()
    assert.is_true(pending(joined))
    assert.is_true(equal(joined[{ {}, { 9, 16 } }], x.feats + 1))
    assert.is_false(pending(joined))
  end)

  it("are what they were when a source changes afterwards", function()
    local x = cube(4, 8, "float32")
    local a, b = x.feats:clone(), x.feats * 2
    local layer = nn.Conv3d(16, 4, 3)
    local want = layer(x:replace_feature(lacuna.cat({ a, b }, 2))).feats:clone()
    local joined = lacuna.cat({ a, b }, 2)
    local y = layer(x:replace_feature(joined))
    a:fill_(7)
    b:zero_()
    assert.is_true(equal(y.feats, want))
    assert.is_true(equal(joined[{ {}, { 1, 8 } }], x.feats))
  end)

  it("take a pointwise operation of their own", function()
    local x = cube(3, 2, "float32")
    local joined = lacuna.cat({ x.feats, x.feats - 1 }, 2)
    local y = nn.ReLU()(x:replace_feature(joined)).feats
    assert.is_true(equal(y[{ {}, { 3, 4 } }], (x.feats - 1):clamp(0)))
    assert.is_true(equal(joined[{ {}, { 1, 2 } }], x.feats))
  end)

  it("are joined for the dataflows that read one tensor", function()
    local x = cube(5, 8, "float32")
    local b = lacuna.randn { 125, 8 }
    local want = nn.Conv3d(16, 4, 3)
    local _, eager = both(want, x, b)
    for _, dataflow in ipairs { "ImplicitGEMM", "GatherScatter" } do
      nn.functional.conv_config.set_global { dataflow = dataflow }
      local got = both(want, x, b)
      nn.functional.conv_config.clear_global()
      assert.is_true((got - eager):abs():max():item() < 1e-5)
    end
  end)

  it("keep strided sources, and the memory that the host wrote #host", function()
    local x = cube(3, 4, "float32")
    local wide = lacuna.randn { 27, 6 }
    local layer = nn.Conv3d(6, 5, 3)
    local got, want = both(layer, x, wide:narrow(2, 3, 2))
    assert.is_true(equal(got, want))
    local pointer = wide:data()
    local joined = lacuna.cat({ x.feats, wide:narrow(2, 1, 2) }, 2)
    local first = wide[{ 1, 1 }]
    pointer[0] = first + 1
    wide:modified()
    assert.equal(first, joined[{ 1, 5 }])
    assert.is_true(ffi.istype("float *", pointer))
  end)
end)
