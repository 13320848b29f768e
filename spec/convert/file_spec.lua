local bytes = require "spec.support.bytes"
local file = require "lacuna.convert.file"
local support = require "spec.support.init"

local function write(text)
  return support.write_file(support.tmp(".bytes"), text)
end

describe("a byte file", function()
  after_each(support.clean)

  it("reads ranges and little-endian numbers", function()
    local path = write("\1\2\3\4\5\6\7\8abc")
    local f = file.open(path)
    assert.are.equal(path, f.path)
    assert.are.equal(11, f.size)
    assert.are.equal("\8abc", f:read(7, 4))
    assert.are.equal("", f:read(11, 0))
    assert.are.equal(2, f:u8(1))
    assert.are.equal(0x0302, f:u16(1))
    assert.are.equal(0x05040302, f:u32(1))
    f:close()
    f:close()
    support.raises(function() return f:u8(0) end, "convert: " .. path, "closed")
  end)

  it("reads texts of any size, zero bytes included", function()
    local text = ("a\0b\255"):rep(50000)
    local f = file.open(write(text))
    assert.is_true(f:read(0, #text) == text)
    assert.is_true(f:read(4 * 20000, 8) == "a\0b\255a\0b\255")
  end)

  it("reads an empty file", function()
    local f = file.open(write(""))
    assert.are.equal(0, f.size)
    assert.are.equal("", f:read(0, 0))
    support.raises(function() return f:u8(0) end, "1 bytes at byte 0", "has 0 bytes")
  end)

  it("gives numbers up to 2^53 and no others", function()
    local f = file.open(write(bytes.le(2^53, 8) .. ("\255"):rep(8)))
    assert.are.equal(2^53, f:u64(0))
    support.raises(function() return f:u64(8) end, "byte 8", "above 2^53")
  end)

  it("refuses ranges that are not inside the file", function()
    local f = file.open(write("0123456789"))
    for _, range in ipairs { { 0, 11 }, { 10, 1 }, { 11, 0 }, { -1, 2 }, { 0, -1 }, { 2^53, 1 },
      { 2^63, 8 }, { 5, 2^62 } } do
      support.raises(function() return f:read(range[1], range[2]) end, f.path, "has 10 bytes")
    end
    for _, range in ipairs { { 0.5, 1 }, { 0, 0 / 0 }, { "0", 1 }, { 0 } } do
      support.raises(function() return f:read(range[1], range[2]) end, "whole numbers")
    end
    support.raises(function() return f:u32(7) end, "4 bytes at byte 7")
  end)

  it("refuses what is no regular file", function()
    support.raises(function() return file.open("/tmp") end, "convert: /tmp: is a directory")
    support.raises(function() return file.open("/dev/zero") end, "convert: /dev/zero", "device")
    support.raises(function() return file.open(support.tmp(".none")) end, "convert: ",
      "No such file")
    support.raises(function() return file.open("") end, "path is empty")
    support.raises(function() return file.open(("x"):rep(5000)) end, "path is longer")
    support.raises(function() return file.open("a\0b") end, "zero byte")
    support.raises(function() return file.open("/tmp/no\nfile") end, "convert: /tmp/no?file: ")
    support.raises(function() return file.open(1) end, "expected a string")
  end)

  it("does not wait for a pipe", function()
    local path = support.tmp(".fifo")
    assert.are.equal(0, os.execute("mkfifo '" .. path .. "'"))
    support.raises(function() return file.open(path) end, "convert: " .. path, "pipe")
  end)

  it("says when the file was shortened while it was read", function()
    local path = write(("x"):rep(100))
    local f = file.open(path)
    support.write_file(path, ("x"):rep(40))
    assert.are.equal("xxxx", f:read(36, 4))
    support.raises(function() return f:read(30, 20) end, "convert: " .. path, "ends at byte 40",
      "of its 100", "shortened")
  end)

  it("reads beyond 4 GiB", function()
    local path = support.tmp(".large")
    local out = assert(io.open(path, "wb"))
    local far = 5 * 2^30 + 3
    assert(out:seek("set", far)) -- a hole: no blocks on the disk
    out:write("here")
    out:close()
    local f = file.open(path)
    assert.are.equal(far + 4, f.size)
    assert.are.equal("here", f:read(far, 4))
    support.raises(function() return f:read(0, 2^28 + 1) end, "at most 256 MiB")
  end)

  it("keeps its messages to one line", function()
    local f = file.open(write("x"))
    local message = support.raises(function()
      f:fail("entry '%s': is odd", "a\nb\0c" .. ("long"):rep(1000))
    end, "convert: " .. f.path .. ": entry 'a?b?clong")
    assert.is_true(#message < 1000)
  end)
end)
