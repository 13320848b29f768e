local bytes = require "spec.support.bytes"
local ffi = require "ffi"
local file = require "lacuna.convert.file"
local lacuna = require "lacuna"
local stored = require "lacuna.convert.stored"
local support = require "spec.support.init"

local opened

-- A file of these bytes; those of the storage begin at byte 16.
local function open(data)
  local path = support.write_file(support.tmp(".bytes"), ("#"):rep(16) .. data .. "behind")
  opened = file.open(path)
  return opened
end

local function storage_of(f, dtype, fields)
  local storage = { key = "7", offset = 16, dtype = dtype,
    count = (f.size - 22) / stored.element_size(dtype) }
  for name, value in pairs(fields or {}) do storage[name] = value end
  return storage
end

-- A tensor over one storage that is all of `data`.
local function over(dtype, data, spec, fields)
  local f = open(data)
  spec = spec or {}
  spec.file, spec.dtype, spec.name = f, spec.dtype or dtype, spec.name or "stem.weight"
  spec.storage = storage_of(f, dtype, fields)
  spec.shape = spec.shape or { spec.storage.count }
  return stored.new(spec)
end

local function counting(n)
  local list = {}
  for i = 1, n do list[i] = i - 1 end
  return list
end

describe("a stored tensor", function()
  after_each(function()
    if opened then opened:close() end
    opened = nil
    support.clean()
  end)

  it("knows its shape, dtype and size without being read", function()
    local s = over("float16", ("\0"):rep(48), { shape = { 2, 3, 4 } })
    assert.is_true(stored.is(s))
    assert.is_false(stored.is({}))
    assert.is_false(stored.is(nil))
    assert.are.same({ 2, 3, 4 }, s.shape)
    assert.are.same({ 12, 4, 1 }, s.strides)
    assert.are.equal(24, s:numel())
    assert.are.equal(48, s:bytes())
    assert.are.equal("float16", s:target_dtype())
    assert.is_false(s:is_shared())
  end)

  -- name in the file, C type, values, dtype of the tensor
  local cases = {
    { "float32", "float", { 1.5, -2, 0, 2^100 }, "float32" },
    { "float64", "double", { 1.5, -2, 0, 1e300 }, "float64" },
    { "float16", "uint16_t", { 0x3e00, 0xc000, 0, 0x7bff }, "float16", { 1.5, -2, 0, 65504 } },
    { "bfloat16", "uint16_t", { 0x3fc0, 0xc000, 0, 0x4380 }, "bfloat16", { 1.5, -2, 0, 256 } },
    { "int64", "int64_t", { 1, -2, 2^40, -2^52 }, "int64" },
    { "int32", "int32_t", { 1, -2, 2^31 - 1, -2^31 }, "int32" },
    { "int16", "int16_t", { 1, -2, 32767, -32768 }, "int32" },
    { "int8", "int8_t", { 1, -2, 127, -128 }, "int32" },
    { "uint8", "uint8_t", { 1, 2, 255, 0 }, "uint8" },
    { "uint16", "uint16_t", { 1, 2, 65535, 0 }, "int32" },
    { "uint32", "uint32_t", { 1, 2, 2^32 - 1, 0 }, "int64" },
    { "uint64", "uint64_t", { 1, 2, 2^52, 0 }, "int64" },
    { "bool", "uint8_t", { 1, 0, 1, 0 }, "uint8" },
  }
  for _, case in ipairs(cases) do
    local dtype, ctype, raw, target, want = unpack(case)
    want = want or raw
    it("reads " .. dtype .. " as " .. target .. ", in both byte orders", function()
      local text = bytes.array(ctype, raw)
      local t = over(dtype, text):read()
      assert.are.equal(target, t:dtype())
      assert.are.same(want, support.flat(t))
      local size = ffi.sizeof(ctype)
      local swapped = text:gsub(("."):rep(size), string.reverse)
      t = over(dtype, swapped, nil, { big_endian = true }):read()
      assert.are.same(want, support.flat(t))
      -- Every second one, from the second on: the path that gathers.
      t = over(dtype, swapped, { shape = { 2 }, strides = { 2 }, offset = 1 },
        { big_endian = true }):read()
      assert.are.same({ want[2], want[4] }, support.flat(t))
    end)
  end

  it("gives a bool that is neither 0 nor 1 as 1", function()
    assert.are.same({ 1, 0, 1 }, support.flat(over("bool", "\255\0\2"):read()))
  end)

  it("refuses a uint64 that int64 does not hold", function()
    local text = bytes.le(5, 8) .. ("\255"):rep(8) .. bytes.le(6, 8)
    local s = over("uint64", text)
    support.raises(function() return s:read() end, opened.path, "stem.weight", "uint64", "2^63 - 1")
    s = over("uint64", text, { shape = { 2 }, strides = { 2 } })
    assert.are.same({ 5, 6 }, support.flat(s:read()))
    s = over("uint64", text, { shape = { 2, 2 }, strides = { 1, 1 } })
    support.raises(function() return s:read() end, "2^63 - 1")
  end)

  it("reads scalars and empty tensors", function()
    local t = over("float32", bytes.array("float", { 7, 8 }), { shape = {}, offset = 1 }):read()
    assert.are.equal(0, t:dim())
    assert.are.equal(8, t:item())
    t = over("float32", "", { shape = { 3, 0, 2 } }):read()
    assert.are.same({ 3, 0, 2 }, t:size())
    t = over("int64", ("\0"):rep(8), { shape = { 0 }, offset = 1 }):read()
    assert.are.equal(0, t:numel())
  end)

  -- The elements of a view of 0, 1, 2, ... one by one.
  local function naive(shape, strides, offset)
    local list, index = {}, {}
    for i = 1, #shape do index[i] = 0 end
    local total = 1
    for i = 1, #shape do total = total * shape[i] end
    for _ = 1, total do
      local at = offset
      for i = 1, #shape do at = at + index[i] * strides[i] end
      list[#list + 1] = at
      for i = #shape, 1, -1 do
        index[i] = index[i] + 1
        if index[i] < shape[i] then break end
        index[i] = 0
      end
    end
    return list
  end

  it("gathers any strides: rows, columns, steps, repeats and windows that overlap", function()
    local n = 400
    local text = bytes.array("int16_t", counting(n))
    for _, view in ipairs {
      { { 4, 5 }, { 5, 1 }, 3 }, { { 4, 5 }, { 1, 4 }, 0 }, { { 3, 4, 5 }, { 1, 15, 3 }, 2 },
      { { 3, 4, 5 }, { 20, 1, 4 }, 0 }, { { 7 }, { 50 }, 9 }, { { 3, 1, 4 }, { 9, 77, 2 }, 0 },
      { { 5, 3 }, { 0, 1 }, 4 }, { { 3, 5 }, { 1, 0 }, 4 }, { { 2, 2 }, { 0, 0 }, 399 },
      { { 10, 4 }, { 1, 1 }, 0 }, { { 6, 3, 3 }, { 10, 3, 2 }, 1 }, { { 1, 1 }, { 9, 9 }, 399 },
      { { 2, 3, 2, 2, 2, 2, 1, 2 }, { 1, 100, 2, 4, 8, 16, 0, 32 }, 0 },
    } do
      local shape, strides, offset = unpack(view)
      local want = naive(shape, strides, offset)
      local s = over("int16", text, { shape = shape, strides = strides, offset = offset })
      local t = s:read()
      assert.are.same(shape, t:size())
      assert.is_true(t:is_contiguous())
      assert.are.same(want, support.flat(t))
      -- The same with a checksum over the storage, and out of a storage in memory.
      local crc = bytes.crc32(text)
      s = over("int16", text, { shape = shape, strides = strides, offset = offset },
        { crc32 = crc })
      assert.are.same(want, support.flat(s:read()))
      stored.new { file = opened, dtype = "int16", shape = { 1 }, storage = s.storage }
      assert.is_true(s:is_shared())
      assert.are.same(want, support.flat(s:read()))
    end
  end)

  it("gathers out of storages that are read in many pieces", function()
    local n = 1200000 -- 4.8 MB
    local buffer = ffi.new("int32_t[?]", n)
    for i = 0, n - 1 do buffer[i] = i end
    local text = ffi.string(buffer, 4 * n)
    local crc = bytes.crc32(text)
    local function sums(shape, strides, offset)
      local s = over("int32", text, { shape = shape, strides = strides, offset = offset },
        { crc32 = crc })
      local t = s:read():to("int64")
      local want, index = 0, offset
      for j = 0, shape[2] - 1 do want = want + index + j * strides[2] end
      assert.are.equal(want, t[1]:sum():item())
      local last = t[shape[1]]:sum():item()
      assert.are.equal(want + shape[2] * (shape[1] - 1) * strides[1], last)
    end
    sums({ 1000, 1200 }, { 1, 1000 }, 0) -- transposed
    sums({ 1000, 300 }, { 1200, 4 }, 3)
    sums({ 3, 400 }, { 1, 2999 }, 17) -- columns far apart
    sums({ 1100, 1000 }, { 1000, 1 }, 99000)
    sums({ 500, 1000 }, { 700, 1 }, 5) -- overlapping rows
  end)

  it("checks a storage against its crc32", function()
    local text = bytes.array("float", counting(1000))
    local good, bad = bytes.crc32(text), bytes.crc32(text .. "x")
    for _, view in ipairs { { { 1000 } }, { { 3 } }, { { 3 }, { 2 }, 500 }, { { 0 } },
      { { 10, 100 }, { 1, 10 } }, { { 4, 4 }, { 1, 1 }, 7 } } do
      local spec = { shape = view[1], strides = view[2], offset = view[3] }
      local s = over("float32", text, spec, { crc32 = good })
      assert.are.equal(s:numel(), s:read():numel())
      s = over("float32", text, spec, { crc32 = bad })
      support.raises(function() return s:read() end, "convert: " .. opened.path, "stem.weight",
        "crc32", ("%08x"):format(good), ("%08x"):format(bad), "damaged")
    end
    local s = over("float32", "", { shape = { 0 } }, { crc32 = 0 })
    assert.are.equal(0, s:read():numel())
  end)

  it("reads a storage under several tensors once, and keeps it only as long", function()
    local text = bytes.array("float", counting(12))
    local f = open(text)
    local storage = storage_of(f, "float32", { crc32 = bytes.crc32(text) })
    local a = stored.new { file = f, name = "a", dtype = "float32", shape = { 3, 4 },
      storage = storage }
    local b = stored.new { file = f, name = "b", dtype = "float32", shape = { 4, 3 },
      strides = { 1, 4 }, storage = storage }
    assert.is_true(a:is_shared() and b:is_shared())
    assert.are.same(counting(12), support.flat(a:read()))
    support.write_file(f.path, "") -- what is read from now on comes from memory
    local t = b:read()
    assert.are.same({ 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11 }, support.flat(t))
    assert.is_nil(storage.loaded)
    support.raises(function() return a:read() end, ": a: the file ends", "shortened")
  end)

  it("gives tensors of a shared storage memory of their own", function()
    local f = open(bytes.array("float", { 1, 2 }))
    local storage = storage_of(f, "float32")
    local spec = { file = f, dtype = "float32", shape = { 2 }, storage = storage }
    local a, b = stored.new(spec), stored.new(spec)
    local x, y = a:read(), b:read()
    x:fill_(9)
    assert.are.same({ 1, 2 }, support.flat(y))
  end)

  it("gives back a kept storage on request, and survives a scope that did", function()
    local f = open(bytes.array("float", counting(4)))
    local storage = storage_of(f, "float32")
    local views = {}
    for i = 1, 3 do
      views[i] = stored.new { file = f, dtype = "float32", shape = { 1 }, offset = i,
        storage = storage }
    end
    lacuna.scope(function() views[1]:read() end)
    assert.are.equal(2, views[2]:read():item())
    assert.is_not_nil(storage.loaded)
    stored.release(storage)
    assert.is_nil(storage.loaded)
    assert.are.equal(3, views[3]:read():item())
    assert.is_nil(storage.loaded)
  end)

  it("reads storages beyond 4 GiB", function()
    local path = support.tmp(".large")
    local out = assert(io.open(path, "wb"))
    local far = 4 * 2^30 + 1024
    assert(out:seek("set", far))
    out:write(bytes.array("float", { 1, 2, 3 }))
    out:close()
    opened = file.open(path)
    local storage = { key = "0", offset = 0, count = far / 4 + 3, dtype = "float32" }
    local s = stored.new { file = opened, dtype = "float32", shape = { 2 }, strides = { 2 },
      offset = far / 4, storage = storage }
    assert.are.same({ 1, 3 }, support.flat(s:read()))
    s = stored.new { file = opened, dtype = "float32", shape = { 2 },
      strides = { far / 4 + 1 }, offset = 1, storage = { key = "1", offset = 0,
        count = far / 4 + 3, dtype = "float32" } }
    assert.are.same({ 0, 3 }, support.flat(s:read()))
  end)

  it("takes a storage of bytes for any dtype", function()
    local s = over("uint8", bytes.array("float", { 1, 2, 3 }), { dtype = "float32",
      shape = { 2 }, offset = 1 })
    assert.are.same({ 2, 3 }, support.flat(s:read()))
    support.raises(function()
      return over("uint8", ("\0"):rep(11), { dtype = "float32", shape = { 3 } })
    end, "has 2 elements", "element 3")
  end)

  it("refuses what a file must not claim", function()
    local text = bytes.array("float", counting(12))
    for _, case in ipairs {
      { { shape = { 13 } }, "has 12 elements", "element 13" },
      { { shape = { 4 }, offset = 9 }, "element 13" },
      { { shape = { 3, 4 }, strides = { 5, 1 } }, "element 14" },
      { { shape = { 2, 2 }, strides = { 2^52, 2^52 } }, "has 12 elements" },
      { { shape = { 2, 2 }, strides = { -1, 1 } }, "strides: -1" },
      { { shape = { 2 }, offset = -1 }, "offset: -1" },
      { { shape = { 2 }, strides = { 1, 1 } }, "strides: 2 of them for 1 dimensions" },
      { { shape = { -1 } }, "shape: -1" },
      { { shape = { 1.5 } }, "shape: 1.5" },
      { { shape = { 0 / 0 } }, "shape: " },
      { { shape = { 2^53 } }, "shape: 9.007" },
      { { shape = { 2^30, 2^30 } }, "shape: more than 2^53 bytes" },
      { { shape = { 2^30, 2^30, 0 } }, "shape: more than 2^53 bytes" },
      { { shape = { "3" } }, "shape: 3" },
      { { shape = { 1, 1, 1, 1, 1, 1, 1, 1, 1 } }, "shape: 9 dimensions" },
      { { shape = { 2^23 }, strides = { 0 } }, "shape: 33554432 bytes in a file of 70" },
      { { shape = { 1 }, dtype = "complex64" }, "dtype: 'complex64'" },
    } do
      support.raises(function() return over("float32", text, case[1]) end,
        "convert: ", "stem.weight: ", case[2], case[3] or "")
    end
    for _, case in ipairs {
      { { count = 19 }, "storage '7': 76 bytes at byte 16, but the file has 70" },
      { { offset = 71, count = 0 }, "at byte 71" },
      { { offset = -1 }, "storage offset: -1" },
      { { count = 2^52 }, "storage '7'" },
      { { count = 2.5 }, "storage size: 2.5" },
      { { count = -1 }, "storage size: -1" },
      { { dtype = "float31" }, "dtype: 'float31'" },
    } do
      support.raises(function()
        return over("float32", text, { shape = { 1 } }, case[1])
      end, "convert: ", "stem.weight: ", case[2])
    end
  end)

  it("says when the file was shortened before it was read", function()
    local s = over("float32", bytes.array("float", counting(100)))
    support.write_file(opened.path, ("#"):rep(100))
    support.raises(function() return s:read() end, "convert: " .. opened.path, "stem.weight",
      "ends at byte 100", "shortened")
    opened:close()
    support.raises(function() return s:read() end, "is closed")
  end)
end)
