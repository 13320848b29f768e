-- bin_spec.lua: headerless points, and which column counts are guessed.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local bytes = require "spec.io.bytes"
local ffi = require "ffi"
local native = require "lacuna.native"

local pack = bytes.pack

local function bin(text)
  return support.write_file(support.tmp(".bin"), text)
end

local function log_lines()
  local lines, text = {}, ffi.new("char[512]")
  while native.C.lac_log_poll(native.ctx, nil, text, 512) == 1 do
    lines[#lines + 1] = ffi.string(text)
  end
  return lines
end

describe("read_points of a .bin", function()
  after_each(support.clean)
  local read = lacuna.io.read_points

  it("reads float32 with the columns that are asked for", function()
    local path = bin(pack("float", { 1, 2, 3, 0.5, -1, -2, -3, 0.25 }))
    local points = read(path, { columns = 4 })
    assert.equal("float32", points:dtype())
    assert.same({ { 1, 2, 3, 0.5 }, { -1, -2, -3, 0.25 } }, points:totable())
    assert.same({ 1, 8 }, read(path, { columns = 8 }):size())
  end)

  it("reads float16", function()
    local path = bin(pack("uint16_t", { 0x3c00, 0xc000, 0x4200, 0x0001, 0x7bff, 0x8000 }))
    assert.same({ { 1, -2, 3 }, { 2 ^ -24, 65504, 0 } }, read(path, { columns = 3,
      dtype = "float16" }):totable())
  end)

  it("takes the one column count that fits, and says so", function()
    log_lines()
    local path = bin(pack("float", { 1, 2, 3, 4, 5, 6, 7 * 0, 8 })) -- 8 numbers: 4 alone
    assert.same({ 2, 4 }, read(path):size())
    local lines = log_lines()
    assert.equal(1, #lines)
    assert.truthy(lines[1]:find("took 4 float32 columns", 1, true))
    assert.truthy(lines[1]:find(path, 1, true))
    read(path, { columns = 4 })
    assert.same({}, log_lines())
    assert.same({ 5, 5 }, read(bin(("\0"):rep(100))):size())
  end)

  it("keeps the newest 256 of what nobody takes from the log", function()
    log_lines()
    local old, new = bin(("\0"):rep(100)), bin(("\0"):rep(100))
    for _ = 1, 9 do read(old) end
    for _ = 1, 255 do read(new) end
    local lines = log_lines()
    assert.equal(256, #lines)
    assert.truthy(lines[1]:find(old, 1, true))
    assert.truthy(lines[2]:find(new, 1, true))
    assert.truthy(lines[256]:find(new, 1, true))
  end)

  it("refuses a size that several counts fit, or none", function()
    local twelve = bin(("\0"):rep(48))
    support.raises(function() read(twelve) end, twelve, "48 bytes", "3, 4, 6 columns", "columns=")
    local seven = bin(("\0"):rep(28))
    support.raises(function() read(seven) end, seven, "28 bytes", "no whole number", "columns=")
    support.raises(function() read(seven, { columns = 4 }) end, seven, "28 bytes",
      "4 float32 columns",
      "truncated")
    local odd = bin(("\0"):rep(47))
    support.raises(function() read(odd) end, odd, "truncated")
  end)

  it("gives no points for an empty file whose columns are known", function()
    local path = bin("")
    assert.same({ 0, 5 }, read(path, { columns = 5 }):size())
    assert.same({ 0, 3 }, read(path, { columns = 3, dtype = "float16" }):size())
    support.raises(function() read(path) end, path, "is empty", "columns=")
  end)

  it("keeps NaN and infinity, which quantize drops", function()
    local path = bin(pack("uint32_t", { 0x7fc00000, 0x7f800000, 0xff800000 }))
    local row = read(path, { columns = 3 })[1]:totable()
    assert.is_true(row[1] ~= row[1])
    assert.equal(math.huge, row[2])
    assert.equal(-math.huge, row[3])
  end)

  it("refuses what makes no sense, in one line", function()
    support.raises(function() read("/nowhere/x.bin") end, "/nowhere/x.bin", "No such file")
    support.raises(function() read("spec/io") end, "spec/io", "expected .bin, .pcd or .ply")
    local folder = support.tmp(".bin")
    os.execute("mkdir '" .. folder .. "'")
    support.raises(function() read(folder) end, folder, "is a directory")
    os.execute("rmdir '" .. folder .. "'")
    support.raises(function() read("a.xyz") end, "a.xyz", "expected .bin, .pcd or .ply")
    support.raises(function() read("") end, "empty")
    support.raises(function() read(5) end, "path is a number")
    local path = bin(("\0"):rep(48))
    support.raises(function() read(path, { columns = 2 }) end, "columns = 2", "expected 3 to 256")
    support.raises(function() read(path, { columns = 0 }) end, "columns = 0", "expected 3 to 256")
    support.raises(function() read(path, { columns = 2.5 }) end, "columns = 2.5", "integer")
    support.raises(function() read(path, { columns = "4" }) end, "columns is a string")
    support.raises(function() read(path, { column = 4 }) end, "did you mean 'columns'")
    support.raises(function() read(path, { dtype = "int32" }) end, "dtype int32", "float16")
    support.raises(function() read(path, { dtype = "floaty" }) end, "floaty")
  end)

  it("reads the shared scans", function()
    local path = support.shared("data/semantickitti_08_000000.bin")
    if not path then return pending("the shared data are not here") end
    assert.same({ 123389, 4 }, read(path):size())
    assert.same({ 123389 }, lacuna.io.read_labels((path:gsub("bin$", "label"))):size())
    local nuscenes = support.shared("data/nuscenes_n015_1532402927647951.bin")
    support.raises(function() read(nuscenes) end, nuscenes, "4, 5 columns")
    assert.same({ 34688, 5 }, read(nuscenes, { columns = 5 }):size())
    local sweeps = support.shared("data/nuscenes_10sweeps_fp16.bin")
    assert.same({ 271156, 5 }, read(sweeps, { columns = 5, dtype = "float16" }):size())
  end)
end)

describe("labels", function()
  after_each(support.clean)
  local io = lacuna.io

  it("come back as they were, up to the highest uint32", function()
    local path = support.tmp(".label")
    local labels = lacuna.tensor({ 0, 40, 65536 * 3 + 10, 4294967295 }, { dtype = "int64" })
    io.write_labels(path, labels)
    assert.equal(pack("uint32_t", { 0, 40, 65536 * 3 + 10, 4294967295 }), bytes.of(path))
    local got = io.read_labels(path)
    assert.equal("int64", got:dtype())
    assert.same(labels:totable(), got:totable())
    io.write_labels(path, lacuna.zeros(0, { dtype = "int32" }))
    assert.same({ 0 }, io.read_labels(path):size())
    io.write_labels(path, lacuna.tensor({ 7 }, { dtype = "uint8" }))
    assert.same({ 7 }, io.read_labels(path):totable())
  end)

  it("that do not fit leave the older file as it was", function()
    local path = support.write_file(support.tmp(".label"), "abcd")
    local function write(values, dtype)
      return function() io.write_labels(path, lacuna.tensor(values, { dtype = dtype })) end
    end
    support.raises(write({ 1, -1 }, "int32"), path, "label -1 of point 1", "uint32")
    support.raises(write({ 2 ^ 32 }, "int64"), path, "label 4294967296 of point 0")
    support.raises(write({ 1.5 }, "float32"), "float32", "expected int32")
    support.raises(write({ { 1 } }, "int32"), "2 dimensions")
    assert.equal("abcd", bytes.of(path))
    support.raises(function() io.write_labels("/nowhere/x.label", lacuna.zeros(1,
      { dtype = "int32" })) end,
      "cannot write /nowhere/x.label", "No such file or directory")
    support.raises(function() io.write_labels(path, nil) end, "labels", "expected a Tensor")
  end)

  it("of a truncated file are refused", function()
    local path = support.write_file(support.tmp(".label"), "abcde")
    support.raises(function() io.read_labels(path) end, path, "5 bytes", "truncated")
    support.raises(function() io.read_labels("/nowhere/x.label") end, "/nowhere/x.label",
      "No such file")
  end)
end)
