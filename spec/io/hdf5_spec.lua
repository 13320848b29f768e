-- hdf5_spec.lua: HDF5 files that we write, and what others may hand us.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local hdf5 = require "lacuna.hdf5"

local FOREIGN = "spec/io/fixtures/foreign.h5" -- made by fixtures/foreign.c

local function written(fn)
  local path = support.tmp(".h5")
  local f = hdf5.open(path, "w")
  fn(f)
  f:close()
  return path
end

local function listed(folder)
  local pipe = io.popen("ls -A '" .. folder .. "'")
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("hdf5", function()
  after_each(support.clean)

  it("gives back every dtype and shape to the bit", function()
    local tensors = {
      float32 = lacuna.tensor({ { 1.5, -2 }, { 1 / 3, 1e30 } }),
      float16 = lacuna.tensor({ 1.5, -65504, 6e-8, 0.1 }):half(),
      bfloat16 = lacuna.tensor({ 1.5, -1e38, 1e-38, 0.1 }):bfloat16(),
      float64 = lacuna.tensor({ 0.1, 1e300 }, { dtype = "float64" }),
      int32 = lacuna.tensor({ { { -2147483648, 2147483647 } } }, { dtype = "int32" }),
      int64 = lacuna.tensor({ -9007199254740992, 3 }, { dtype = "int64" }),
      uint8 = lacuna.tensor({ 0, 255 }, { dtype = "uint8" }),
    }
    local path = written(function(f)
      for name, t in pairs(tensors) do
        f:write("/plain/" .. name, t)
        f:write("/deflated/" .. name, t, { compress = 9 })
      end
    end)
    local f = hdf5.open(path)
    for name, t in pairs(tensors) do
      for _, group in ipairs { "/plain/", "/deflated/" } do
        local got = f:read(group .. name)
        assert.equal(name, got:dtype())
        assert.same(t:totable(), got:totable())
        local d = f:describe(group .. name)
        assert.equal(name, d.dtype)
        assert.same(t:size(), d.shape)
        assert.is_true(d.bytes > 0)
      end
    end
    f:close()
  end)

  it("keeps scalars and empty tensors", function()
    local path = written(function(f)
      f:write("/scalar", lacuna.tensor({ 2.5 }):reshape({}))
      f:write("/empty", lacuna.zeros(0, 4), { compress = 5 })
    end)
    local f = hdf5.open(path)
    assert.equal(0, f:read("/scalar"):dim())
    assert.equal(2.5, f:read("/scalar"):item())
    assert.same({ 0, 4 }, f:read("/empty"):size())
    f:close()
  end)

  it("writes a view that is not contiguous as it reads", function()
    local t = lacuna.arange(6):reshape(2, 3):t()
    local path = written(function(f) f:write("t", t) end)
    local f = hdf5.open(path)
    assert.same({ { 0, 3 }, { 1, 4 }, { 2, 5 } }, f:read("t"):totable())
  end)

  it("compresses in chunks", function()
    local zeros = lacuna.zeros(3000, 1000)
    local path = written(function(f) f:write("zeros", zeros, { compress = 6 }) end)
    local f = hdf5.open(path)
    assert.is_true(f:describe("zeros").bytes < 200000)
    assert.equal(0, f:read("zeros"):abs():sum():item())
  end)

  it("reads every dtype as h5repack chunks and filters it", function()
    local pipe = io.popen("command -v h5repack")
    local tool = pipe:read("*l")
    pipe:close()
    if not tool then return pending("h5repack is not installed") end
    local t = lacuna.randn(70, 13)
    local dtypes = { "float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8" }
    local path = written(function(f)
      for _, dtype in ipairs(dtypes) do f:write(dtype, (t * 20):abs():to(dtype)) end
    end)
    for _, options in ipairs {
      "-l CHUNK=7x5", "-l CHUNK=9x13 -f GZIP=9", "-l CHUNK=70x2 -f SHUF -f GZIP=1",
      "-l CHUNK=16x16 -f SHUF -f GZIP=4 -f FLET", "-l COMPA", "-L -l CONTI",
    } do
      local packed = support.tmp(".h5")
      assert.equal(0, os.execute(("%s %s %s %s"):format(tool, options, path, packed)))
      local f = hdf5.open(packed)
      for _, dtype in ipairs(dtypes) do
        assert.equal(dtype, f:read(dtype):dtype(), options)
        assert.same((t * 20):abs():to(dtype):totable(), f:read(dtype):totable())
      end
      f:close()
    end
  end)

  it("lists groups and attributes in the order of writing", function()
    local path = written(function(f)
      for _, name in ipairs { "zebra", "ape", "10", "9" } do
        f:write("/net/" .. name, lacuna.zeros(1))
        f:attr("/", name, 1)
      end
      f:make_group("/a/b/c")
    end)
    local f = hdf5.open(path)
    assert.same({ "zebra", "ape", "10", "9" }, f:list("/net"))
    assert.same({ "zebra", "ape", "10", "9" }, f:attrs())
    assert.same({ "net", "a" }, f:list())
    assert.equal("group", f:kind("/a/b"))
    assert.equal("dataset", f:kind("/net/ape"))
    assert.is_nil(f:kind("/net/ape/x"))
    assert.is_nil(f:kind("/nothing/x"))
    assert.is_true(f:exists("net/ape"))
    assert.is_false(f:exists("net/apes"))
  end)

  it("keeps attributes: texts, numbers, lists; the last write counts", function()
    local long = ("x"):rep(100000)
    local many = {}
    for i = 1, 20000 do many[i] = i + 0.5 end
    local path = written(function(f)
      f:attr("/", "text", "grün")
      f:attr("/", "none", "")
      f:attr("/", "long", long)
      f:attr("/", "n", 7)
      f:attr("/", "x", 0.1)
      f:attr("/", "list", { 1, -2, 3 })
      f:attr("/", "mixed", { 1, 2.5 })
      f:attr("/", "one", { 4 })
      f:attr("/", "many", many)
      f:attr("/", "tensor", lacuna.tensor({ 5, 6 }, { dtype = "int32" }))
      f:attr("/", "big", 2 ^ 60)
      f:attr("/", "n", 8)
      f:write("/w", lacuna.zeros(2))
      f:attr("/w", "unit", "m")
    end)
    local f = hdf5.open(path)
    assert.equal("grün", f:attr("/", "text"))
    assert.equal("", f:attr("/", "none"))
    assert.equal(long, f:attr("/", "long"))
    assert.equal(8, f:attr("/", "n"))
    assert.equal(0.1, f:attr("/", "x"))
    assert.same({ 1, -2, 3 }, f:attr("/", "list"))
    assert.same({ 1, 2.5 }, f:attr("/", "mixed"))
    assert.equal(4, f:attr("/", "one"))
    assert.same(many, f:attr("/", "many"))
    assert.same({ 5, 6 }, f:attr("/", "tensor"))
    assert.equal(2 ^ 60, f:attr("/", "big"))
    assert.equal("m", f:attr("/w", "unit"))
    assert.is_nil(f:attr("/", "missing"))
  end)

  it("gives the same bytes for the same content", function()
    local function make()
      return written(function(f)
        f:write("/a/b", lacuna.ones(3, 3), { compress = 3 })
        f:attr("/a", "n", 1)
      end)
    end
    local function bytes(path)
      local f = assert(io.open(path, "rb"))
      local text = f:read("*a")
      f:close()
      return text
    end
    assert.equal(bytes(make()), bytes(make()))
  end)

  it("shows a file only when it is closed, and nothing of one that is not", function()
    local folder = os.tmpname()
    os.remove(folder)
    os.execute("mkdir '" .. folder .. "'")
    local path = folder .. "/x.h5"
    do
      local f = hdf5.open(path, "w")
      f:write("a", lacuna.ones(10))
      assert.is_nil(io.open(path, "rb"))
      f = nil -- luacheck: ignore
    end
    collectgarbage()
    collectgarbage()
    assert.equal("", listed(folder))
    local f = hdf5.open(path, "w")
    f:write("a", lacuna.ones(10))
    f:close()
    assert.equal("x.h5\n", listed(folder))
    os.execute("rm -r '" .. folder .. "'")
  end)

  it("refuses what makes no sense, in one line", function()
    local path = support.tmp(".h5")
    local f = hdf5.open(path, "w")
    f:write("/a/w", lacuna.ones(2))
    support.raises(function() f:write("/a/w", lacuna.ones(2)) end, path, "/a/w", "exists already")
    support.raises(function() f:write("/a/w/x", lacuna.ones(2)) end, "/a/w", "is a dataset")
    support.raises(function() f:write("/b", 5) end, "hdf5: write", "expected a Tensor")
    support.raises(function() f:write("/b", lacuna.ones(1), { compress = 10 }) end, "compress = 10")
    support.raises(function() f:write("/b", lacuna.ones(1), { compres = 1 }) end,
      "did you mean 'compress'")
    support.raises(function() f:attr("/", "x", { "a" }) end, "attribute x", "expected")
    support.raises(function() f:attr("/nowhere", "x", 1) end, "/nowhere", "no such object")
    support.raises(function() f:write("", lacuna.ones(1)) end, "empty path")
    f:close()
    f:close()
    support.raises(function() f:list() end, path, "is closed")
    local r = hdf5.open(path)
    support.raises(function() r:write("/b", lacuna.ones(1)) end, path, "open for reading")
    support.raises(function() r:attr("/", "x", 1) end, path, "open for reading")
    support.raises(function() r:read("/a") end, path, "/a", "is no dataset")
    support.raises(function() r:read("/nope") end, path, "/nope", "no such object")
    support.raises(function() r:list("/a/w") end, path, "/a/w", "is no group")
    support.raises(function() return r.reed end, "did you mean 'read'")
    support.raises(function() hdf5.open(path, "a") end, "mode 'a'")
    support.raises(function() hdf5.open("/nowhere/x.h5", "w") end, "cannot write /nowhere/x.h5",
      "No such file or directory")
    support.raises(function() hdf5.open("/nowhere/x.h5") end, "/nowhere/x.h5", "No such file")
    support.raises(function() hdf5.open("spec") end, "spec: is a directory")
    support.raises(function() hdf5.open("spec", "w") end, "cannot write spec: it is a directory")
    support.raises(function() hdf5.open("Makefile") end, "Makefile", "is not an HDF5 file")
    support.raises(function() hdf5.open("/dev/null") end, "/dev/null", "regular file")
    support.raises(function() hdf5.open("/dev/null", "w") end, "/dev/null", "regular file")
  end)

  it("finds that a file is truncated", function()
    local path = written(function(f) f:write("w", lacuna.rand(1000)) end)
    local f = assert(io.open(path, "rb"))
    local text = f:read("*a")
    f:close()
    for _, size in ipairs { 0, 1, 100, #text - 1, #text - 2000 } do
      support.write_file(path, text:sub(1, size))
      support.raises(function() hdf5.open(path):read("w") end, path)
    end
  end)
end)

describe("hdf5 of other programs", function()
  local f
  before_each(function() f = hdf5.open(FOREIGN) end)
  after_each(function() f:close() end)

  local REALS = { 1.5, -2, 0.25, 1024 }

  it("reads both byte orders, and bfloat16 in both its forms", function()
    for name, dtype in pairs { f32_be = "float32", f64_be = "float64", f16_be = "float16",
      bf16_be = "bfloat16", bf16_u16 = "bfloat16", deflated = "float64" } do
      local t = f:read(name)
      assert.equal(dtype, t:dtype(), name)
      assert.same(REALS, support.flat(t), name)
    end
    assert.equal(1.5, f:read("scalar"):item())
  end)

  it("widens the integers that no tensor has", function()
    assert.same({ 1, -2, 100, 7 }, f:read("i8"):totable())
    assert.equal("int32", f:read("i8"):dtype())
    assert.same({ 1, -2, 100, 7 }, f:read("i16_be"):totable())
    assert.same({ 1, 2, 4294967295, 4 }, f:read("u32_be"):totable())
    assert.equal("int64", f:read("u32_be"):dtype())
    assert.same({ 1, 2, 3, 4 }, f:read("u64"):totable())
    assert.same({ 1, 0, 0, 1 }, f:read("boolean"):totable())
    assert.equal("uint8", f:read("boolean"):dtype())
    support.raises(function() f:read("u64_large") end, FOREIGN, "u64_large", "element 3", "int64")
  end)

  it("reads strings of fixed length as bytes", function()
    assert.same({ { 115, 116, 101, 109, 0 }, { 115, 116, 97, 103, 101 } },
      f:read("strings"):totable())
    assert.same({ 2, 5 }, f:describe("strings").shape)
  end)

  it("refuses types, filters and claims that it cannot trust", function()
    support.raises(function() f:read("long_double") end, FOREIGN, "long_double", "dtype")
    support.raises(function() f:read("variable_strings") end, "variable_strings", "dtype")
    support.raises(function() f:read("scaleoffset") end, "scaleoffset", "filter")
    support.raises(function() f:read("huge") end, "huge", "shape", "4000000000000 bytes")
    support.raises(function() f:read("huge_chunked") end, "huge_chunked", "shape")
    support.raises(function() f:read("external_data") end, "external_data", "another file")
  end)

  it("reads attributes", function()
    assert.equal("kernel", f:attr("group", "fixed"))
    assert.equal("kernel", f:attr("group", "spaces"))
    assert.equal("a longer text", f:attr("group", "variable"))
    assert.equal("", f:attr("group", "empty"))
    assert.same({ 1, -2, 100, 7 }, f:attr("group", "ints_be"))
    assert.same(REALS, f:attr("group", "reals_be"))
    assert.equal(1, f:attr("group", "flag"))
    support.raises(function() f:attr("group", "texts") end, "group: attribute texts",
      "list of texts")
  end)

  it("follows links within the file only, and not forever", function()
    assert.same(REALS, support.flat(f:read("group/soft")))
    assert.equal("group", f:kind("group/self/self"))
    assert.is_nil(f:kind("group/dangling"))
    assert.is_nil(f:kind("group/external"))
    support.raises(function() f:kind("group" .. ("/self"):rep(70)) end, "nest deeper")
  end)

  it("reads the shared vectors", function()
    local path = support.shared("vectors/conv.h5")
    if not path then return pending("the shared vectors are not here") end
    local v = hdf5.open(path)
    assert.equal(v:attr("/", "cases"), #v:list())
    local case = v:list()[1]
    assert.equal("group", v:kind(case))
    assert.equal("table", type(v:attr(case, "dilation")))
    assert.equal("string", type(v:attr(case, "downsample_mode")))
    for _, name in ipairs(v:list(case)) do
      if v:kind(case .. "/" .. name) == "dataset" then
        local t = v:read(case .. "/" .. name)
        assert.same(v:describe(case .. "/" .. name).shape, t:size())
      end
    end
    v:close()
  end)
end)
