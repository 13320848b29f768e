local ffi = require "ffi"
local create = require "lacuna.create"
local native = require "lacuna.native"
local T = require "lacuna.tensor"
local S = require "spec.tensor.support"

local C = native.C
local stats = ffi.new("lac_memory")
local function live()
  C.lac_memory_stats(native.ctx, stats)
  return tonumber(stats.live)
end
local function reserved()
  C.lac_memory_stats(native.ctx, stats)
  return tonumber(stats.reserved)
end

describe("tensor memory", function()
  before_each(function() collectgarbage() collectgarbage() end)

  it("goes back at once with free; a freed tensor raises, its views live on #host", function()
    local before = live()
    local t = create.zeros(1000, 100)
    assert.is_true(live() >= before + 400000)
    local row = t:select(1, 3)
    t:free()
    t:free()
    assert.is_true(live() >= before + 400000)
    assert.equal(0, row:sum():item())
    row:free()
    assert.is_true(live() < before + 4000)
    assert.equal("Tensor (freed)", tostring(t))
    local n = create.zeros(3)
    for name, fn in pairs {
      size = function() return t:size() end, add = function() return t + 1 end,
      sum = function() return t:sum() end, to = function() return t:to("float16") end,
      clone = function() return t:clone() end, tensor = function() return t[1] end,
      data = function() return t:data() end, fill_ = function() return t:fill_(1) end,
      copy_ = function() return n:copy_(t) end, totable = function() return t:totable() end,
      matmul = function() return n:matmul(t) end, contiguous = function() return t:contiguous() end,
      cat = function() return create.cat { n, t } end,
    } do
      assert.matches(name .. ": the tensor was freed", S.message(fn))
    end
    assert.is_true(t == t)
    assert.is_false(t == n)
  end)

  it("of garbage is used again without the user's help", function()
    local t = create.rand(1000, 250) -- 1 MB
    for _ = 1, 3 do t = t + 0 end
    collectgarbage() collectgarbage()
    local base = reserved()
    collectgarbage("stop")
    for _ = 1, 40 do t = (t * 2 + 1 - t) * 0.5 end -- 160 MB of temporaries
    collectgarbage("restart")
    assert.is_true(reserved() < base + 40e6)
  end)

  it("does not leak where an operation fails", function()
    local t, wide = create.ones(300, 300), create.ones(7)
    local index = create.full({ 2 }, 999, { dtype = "int64" })
    local before = live()
    for _ = 1, 20 do
      pcall(function() return t + wide end)
      pcall(function() return t:t():int() % 0 end)
      pcall(function() return t:half():index_select(1, index) end)
      pcall(function() return t:scatter_add(1, index:view(2, 1), t) end)
      pcall(function() return create.cat { t, wide } end)
      pcall(function() return t:topk(1000) end)
      pcall(function() return create.arange(1000, { dtype = "uint8" }) end)
    end
    collectgarbage() collectgarbage()
    assert.is_true(live() <= before + 64)
  end)

  it("walks through refused allocations: every operation fails cleanly or succeeds", function()
    -- A context of its own with a budget that is used up.
    local out, box = ffi.new("lac_context *[1]"), ffi.new("lac_tensor *[1]")
    local size = ffi.sizeof("lac_context_options")
    local options = ffi.new("lac_context_options", { size = size, budget = 65536 })
    assert.equal(0, tonumber(C.lac_context_create(options, out)))
    local ctx = out[0]
    local desc = ffi.new("lac_tensor_desc", { size = ffi.sizeof("lac_tensor_desc"), ndim = 1 })
    desc.shape[0] = 3000
    assert.equal(0, tonumber(C.lac_tensor_create(ctx, desc, box)))
    local a = box[0]
    assert.equal(0, tonumber(C.lac_fill(ctx, a, 1, 0)))
    C.lac_memory_stats(ctx, stats)
    local blocks = tonumber(stats.blocks)
    local failures = 0
    local hogs = {}
    for fill = 0, 5 do
      for _, run in ipairs {
        function() return C.lac_convert(ctx, a, C.LAC_DTYPE_F64, box) end,
        function() return C.lac_binary_scalar(ctx, C.LAC_BINARY_GT, a, 0.5, 0, box) end,
        function() return C.lac_reduce(ctx, C.LAC_REDUCE_SUM, a, 0, 0, box) end,
        function() return C.lac_masked_select(ctx, a, a, box) end,
        function() return C.lac_nonzero(ctx, a, box) end,
        function() return C.lac_softmax(ctx, a, 0, box) end,
        function() return C.lac_sort(ctx, a, 0, 0, -1, box, nil) end,
      } do
        local status = run()
        if status == 0 then C.lac_tensor_release(box[0]) else failures = failures + 1 end
        C.lac_memory_stats(ctx, stats)
        assert.equal(blocks + #hogs, tonumber(stats.blocks))
      end
      desc.shape[0] = 2000
      if C.lac_tensor_create(ctx, desc, box) == 0 then hogs[fill + 1] = box[0] end
    end
    assert.is_true(failures > 0)
    for _, h in ipairs(hogs) do C.lac_tensor_release(h) end
    C.lac_tensor_release(a)
    C.lac_memory_stats(ctx, stats)
    assert.equal(blocks - 1, tonumber(stats.blocks))
    C.lac_context_release(ctx)
  end)

  it("is counted by version and read through data() #host", function()
    local t = create.tensor { 1, 2, 3 }
    local v = t:version()
    local p = t:data()
    assert.equal("ctype<float *>", tostring(ffi.typeof(p)))
    assert.equal(3, p[2])
    p[0] = 9
    t:modified()
    assert.is_true(t:version() > v)
    assert.equal(9, t[1])
    assert.equal("ctype<unsigned short *>", tostring(ffi.typeof(t:half():data())))
    assert.equal(2, t:narrow(1, 2, 2):data()[0])
  end)

  it("tells a listener about every new tensor", function()
    local seen = {}
    T.on_wrap = function(t) seen[#seen + 1] = t end
    local t = create.ones(2) + 1
    T.on_wrap = nil
    assert.equal(2, #seen)
    assert.is_true(seen[2] == t)
  end)

  it("survives NaN with any bits in it", function()
    local words = ffi.new("uint32_t[4]", { 0xffffffff, 0x7fc12345, 0xff800001, 0x7f800001 })
    local t = create.tensor(ffi.cast("float *", words), { shape = { 4 } })
    for _, dtype in ipairs { "float32", "float64", "float16", "bfloat16" } do
      for _, v in ipairs(t:to(dtype):totable()) do
        assert.equal("number", type(v))
        assert.is_true(v ~= v)
      end
      assert.is_true(t:to(dtype)[1] ~= t:to(dtype)[1])
    end
    assert.matches("nan", tostring(t))
  end)
end)
