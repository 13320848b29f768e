local ffi = require "ffi"
local create = require "lacuna.create"
local T = require "lacuna.tensor"
local S = require "spec.tensor.support"

local dtypes = { "float32", "float16", "bfloat16", "float64", "int32", "int64", "uint8" }

describe("lacuna.tensor of a table", function()
  it("nests to any depth, in every dtype", function()
    for _, dtype in ipairs(dtypes) do
      for _, shape in ipairs { {}, { 0 }, { 3 }, { 2, 3 }, { 2, 0 }, { 2, 1, 3, 2 } } do
        local a = S.random_table(shape, 0, 99)
        local t = create.tensor(a, { dtype = dtype })
        assert.equal(dtype, t:dtype())
        assert.same(shape, t:size())
        assert.same(a, t:totable())
      end
    end
    assert.equal("float32", create.tensor({ 1 }):dtype())
    assert.equal("int64", create.tensor(5LL):dtype())
    assert.same({ { 1, 2 }, { 3, 4 } },
      create.tensor({ 1, 2, 3, 4 }, { shape = { 2, 2 } }):totable())
  end)

  it("keeps int64 exact, as numbers where that is possible", function()
    local t = create.tensor({ 9007199254740993LL, 5LL, 7 }, { dtype = "int64" })
    local list = t:totable()
    assert.is_true(list[1] == 9007199254740993LL)
    assert.equal("cdata", type(list[1]))
    assert.same({ 5, 7 }, { list[2], list[3] })
    assert.equal("number", type(list[2]))
    assert.equal("cdata", type(t:narrow(1, 2, 1):item()))
    assert.equal("number", type(create.tensor({ 5 }, { dtype = "int32" }):item()))
  end)

  it("raises for ragged tables and wrong elements, saying where", function()
    local function message(v, dtype)
      return S.message(function() return create.tensor(v, { dtype = dtype }) end)
    end
    assert.matches("tensor: element %[2%] has 1 elements, expected 2", message { { 1, 2 }, { 3 } })
    assert.matches("tensor: element %[2%] is a number, expected a table of 2",
      message { { 1, 2 }, 3 })
    assert.matches("tensor: element %[1%]%[2%] is a table, expected a number",
      message { { 1, { 2 } } })
    assert.matches("tensor: element %[2%] is a string, expected a number", message { 1, "2" })
    assert.matches("tensor: element %[1%] is 1.5, which does not fit int32",
      message({ 1.5 }, "int32"))
    assert.matches("tensor: element %[1%] is 256, which does not fit uint8",
      message({ 256 }, "uint8"))
    assert.matches("tensor: element %[1%] is 4294967296LL, which does not fit int32",
      message({ 4294967296LL }, "int32"))
    assert.matches("tensor: the value is nan, which does not fit int64",
      (message(0 / 0, "int64"):gsub("-nan", "nan")))
    assert.matches("tensor: a string, expected a number, a table", message "x")
    assert.matches("no dtype 'float31', did you mean 'float32'", message({ 1 }, "float31"))
    assert.matches("unknown option 'dtpye', did you mean 'dtype'", S.message(function()
      return create.tensor({ 1 }, { dtpye = "int32" })
    end))
    assert.matches("tensor: no device 'gpu', expected 'cpu', 'cuda' or 'cuda:1'",
      S.message(function() return create.tensor({ 1 }, { device = "gpu" }) end))
    local deep = 1
    for _ = 1, 9 do deep = { deep } end
    assert.matches("tensor: 9 dimensions, expected at most 8", message(deep))
  end)

  it("copies tensors", function()
    local t = create.ones(2)
    local c = create.tensor(t)
    c:fill_(5)
    assert.same({ 1, 1 }, t:totable())
    assert.equal("int32", create.tensor(t, { dtype = "int32" }):dtype())
  end)
end)

describe("lacuna.tensor of C memory", function()
  it("takes the dtype from the C type and the shape from the option", function()
    local ctypes = {
      float = "float32", double = "float64", int32_t = "int32", int64_t = "int64",
      uint8_t = "uint8",
    }
    for ctype, dtype in pairs(ctypes) do
      local array = ffi.new(ctype .. "[6]", { 1, 2, 3, 4, 5, 6 })
      assert.same({ { 1, 2, 3 }, { 4, 5, 6 } },
        create.tensor(array, { shape = { 2, 3 } }):totable())
      assert.same({ 1, 2, 3, 4, 5, 6 }, create.tensor(array):totable())
      local t = create.tensor(ffi.cast("const " .. ctype .. " *", array) + 1, { shape = { 2 } })
      assert.equal(dtype, t:dtype())
      array[1] = 9
      assert.same({ 2, 3 }, t:totable())
      assert.equal("float16", create.tensor(array, { dtype = "float16" }):dtype())
    end
    local halves = ffi.new("uint16_t[2]", { 0x3c00, 0xc000 })
    assert.same({ 1, -2 }, create.tensor(halves, { dtype = "float16" }):totable())
  end)

  it("raises where something is missing", function()
    local array = ffi.new("float[4]")
    assert.matches("a C pointer needs shape=", S.message(function()
      return create.tensor(ffi.cast("float *", array))
    end))
    assert.matches("a C array of 16 bytes for a shape of 20", S.message(function()
      return create.tensor(array, { shape = { 5 } })
    end))
    assert.matches("a NULL pointer", S.message(function()
      return create.tensor(ffi.cast("float *", nil), { shape = { 5 } })
    end))
    assert.matches("C type", S.message(function() return create.tensor(ffi.new("uint16_t[2]")) end))
    assert.matches("copy=false of float32 as int32", S.message(function()
      return create.tensor(array, { copy = false, dtype = "int32" })
    end))
    assert.matches("size %-1 of dimension 1 is negative", S.message(function()
      return create.tensor(ffi.cast("float *", array), { shape = { -1 } })
    end))
  end)

  it("shares memory with copy=false and keeps the cdata alive #host", function()
    local held = T.wrapped_count()
    local alive = setmetatable({}, { __mode = "v" })
    local function share()
      local array = ffi.new("float[6]", { 1, 2, 3, 4, 5, 6 })
      alive[1] = array
      local t = create.tensor(array, { shape = { 2, 3 }, copy = false })
      array[0] = 7
      assert.equal(7, t[1][1])
      t[{ 2, 3 }] = 8
      assert.equal(8, array[5])
      return t:narrow(1, 2, 1)
    end
    local function is_alive() return alive[1] ~= nil end
    local view = share()
    collectgarbage() collectgarbage()
    assert.is_true(is_alive())
    assert.same({ { 4, 5, 8 } }, view:totable())
    assert.equal(held + 1, T.wrapped_count())
    view:free()
    collectgarbage() collectgarbage()
    assert.equal(held, T.wrapped_count())
  end)
end)

describe("constructors", function()
  it("take sizes or a table, and options", function()
    assert.same({ { 0, 0, 0 }, { 0, 0, 0 } }, create.zeros(2, 3):totable())
    assert.same({ 2, 3 }, create.ones({ 2, 3 }, { dtype = "int64" }):size())
    assert.equal("int64", create.ones(2, 3, { dtype = "int64" }):dtype())
    assert.same({ 1, 1 }, create.ones(2, { dtype = "uint8" }):totable())
    assert.same({}, create.zeros({}):size())
    assert.same({ { 2.5 } }, create.full({ 1, 1 }, 2.5):totable())
    assert.equal(-3, create.full({ 2 }, -3, { dtype = "int32" })[2])
    for _, make in ipairs { create.zeros, create.ones, create.rand, create.randn } do
      assert.same({ 3, 0 }, make(3, 0):size())
      assert.equal("bfloat16", make({ 2 }, { dtype = "bfloat16" }):dtype())
    end
  end)

  it("raise for bad sizes", function()
    assert.matches("zeros: size 2 is 1.5, expected a whole number", S.message(function()
      return create.zeros(1, 1.5)
    end))
    assert.matches("zeros: size %-1 of dimension 1 is negative", S.message(function()
      return create.zeros(-1)
    end))
    assert.matches("ones: unknown option 'dtyp', did you mean 'dtype'", S.message(function()
      return create.ones(2, { dtyp = "int32" })
    end))
    assert.matches("full: shape is a number", S.message(function() return create.full(2, 3) end))
    assert.matches("more than 2%^63 bytes", S.message(function()
      return create.zeros(2^40, 2^40)
    end))
    assert.matches("memory", S.message(function() return create.zeros(2^45) end))
  end)

  it("count with arange", function()
    assert.same({ 0, 1, 2, 3 }, create.arange(4):totable())
    assert.equal("int64", create.arange(4):dtype())
    assert.same({ 2, 3, 4 }, create.arange(2, 5):totable())
    assert.same({ 5, 3, 1 }, create.arange(5, 0, -2):totable())
    assert.same({ 0, 0.25, 0.5, 0.75 }, create.arange(0, 1, 0.25):totable())
    assert.equal("float32", create.arange(0, 1, 0.25):dtype())
    assert.equal("int32", create.arange(0, 3, 1, { dtype = "int32" }):dtype())
    assert.same({ 0, 1 }, create.arange(2, { dtype = "float16" }):totable())
    assert.same({ 250, 253 }, create.arange(250, 256, 3, { dtype = "uint8" }):totable())
    assert.same({ 0 }, create.arange(0):size())
    assert.matches("arange: from 0 to 3 by %-1 never arrives", S.message(function()
      return create.arange(0, 3, -1)
    end))
    assert.matches("arange: from 0 to 3 by 0 never arrives", S.message(function()
      return create.arange(0, 3, 0)
    end))
    assert.matches("arange: a boolean", S.message(function() return create.arange() end))
    assert.matches("arange: from 0 to 256 by 1 in uint8", S.message(function()
      return create.arange(257, { dtype = "uint8" })
    end))
  end)
end)
