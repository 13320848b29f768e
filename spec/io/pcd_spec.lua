-- pcd_spec.lua: ascii, binary and compressed .pcd files, and headers that lie.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local bytes = require "spec.io.bytes"

local pack = bytes.pack
local read = lacuna.io.read_points

local function pcd(header, body)
  return support.write_file(support.tmp(".pcd"), table.concat(header, "\n") .. "\n" .. (body or ""))
end

local function header(points, data, more)
  more = more or {}
  return {
    "# .PCD v0.7 - Point Cloud Data file format",
    "VERSION 0.7",
    more.fields or "FIELDS ring intensity x y z t",
    more.size or "SIZE 2 4 4 4 4 8",
    more.type or "TYPE U F F F F F",
    more.count or "COUNT 1 1 1 1 1 1",
    more.width or "WIDTH " .. points,
    "HEIGHT 1",
    "VIEWPOINT 0 0 0 1 0 0 0",
    "POINTS " .. points,
    "DATA " .. data,
  }
end

local WANT = { { 1, 2, 3, 0.5, 7, 0.125 }, { -1, -2, -3, 0.25, 9, 1e10 } }

local function record(ring, intensity, x, y, z, t)
  return pack("uint16_t", { ring }) .. pack("float", { intensity, x, y, z }) .. pack("double",
    { t })
end

-- The values field by field, as compressed files have them.
local PLANES = pack("uint16_t", { 7, 9 }) .. pack("float", { 0.5, 0.25, 1, -1, 2, -2, 3, -3 })
  .. pack("double", { 0.125, 1e10 })

-- An LZF stream that holds `text` literally.
local function literal(text)
  local parts = {}
  for i = 1, #text, 32 do
    local piece = text:sub(i, i + 31)
    parts[#parts + 1] = string.char(#piece - 1) .. piece
  end
  return table.concat(parts)
end

local function compressed(stream, size)
  return pack("uint32_t", { #stream, size }) .. stream
end

describe("read_points of a .pcd", function()
  after_each(support.clean)

  it("puts x y z and intensity first, whatever the order in the file", function()
    local path = pcd(header(2, "ascii"), "7 0.5 1 2 3 0.125\n9 0.25 -1 -2 -3 1e10\n")
    assert.same(WANT, read(path):totable())
    assert.equal("float32", read(path):dtype())
  end)

  it("reads binary data", function()
    local path = pcd(header(2, "binary"), record(7, 0.5, 1, 2, 3, 0.125) .. record(9, 0.25, -1,
      -2, -3, 1e10))
    assert.same(WANT, read(path):totable())
  end)

  it("reads compressed data: literals, and copies that overlap themselves", function()
    assert.same(WANT, read(pcd(header(2, "binary_compressed"), compressed(literal(PLANES),
      #PLANES))):totable())
    -- 300 x (0, 0, 0): one zero byte, then 3599 more from 1 byte back, at most 264 at a time
    local xyz = { fields = "FIELDS x y z", size = "SIZE 4 4 4", type = "TYPE F F F",
      count = "COUNT 1 1 1" }
    local stream, left = { "\0\0" }, 3599
    while left > 8 do
      local n = math.min(left, 264)
      stream[#stream + 1] = string.char(7 * 32, n - 9, 0)
      left = left - n
    end
    if left >= 3 then stream[#stream + 1] = string.char((left - 2) * 32, 0) end
    local zeros = read(pcd(header(300, "binary_compressed", xyz), compressed(table.concat(stream),
      3600)))
    assert.same({ 300, 3 }, zeros:size())
    assert.equal(0, zeros:abs():sum():item())
  end)

  it("reads fields of several values, padding, and all types", function()
    local more = {
      fields = "FIELDS x y z _ a b n", size = "SIZE 8 4 4 1 1 2 4", type = "TYPE F I U U I U F",
      count = "COUNT 1 1 1 3 1 1 2",
    }
    local body = pack("double", { 0.5 }) .. pack("int32_t", { -7 }) .. pack("uint32_t",
      { 4000000000 })
      .. "pad" .. pack("int8_t", { -128 }) .. pack("uint16_t", { 65535 }) .. pack("float", { 1, 2 })
    assert.same({ { 0.5, -7, 4000000000, -128, 65535, 1, 2 } }, read(pcd(header(1, "binary",
      more), body)):totable())
  end)

  it("reads organised clouds, NaN, Windows line ends and files without COUNT", function()
    local path = support.write_file(support.tmp(".PCD"), table.concat({ "VERSION .7",
      "FIELDS x y z",
      "SIZE 4 4 4", "TYPE F F F", "WIDTH 2", "HEIGHT 2", "POINTS 4", "DATA ascii",
      "1 2 3", "nan nan nan", "4 5 6", "-inf 0 1e-3" }, "\r\n"))
    local points = read(path)
    assert.same({ 4, 3 }, points:size())
    assert.same({ 4, 5, 6 }, points[3]:totable())
    assert.is_true(points[2]:totable()[1] ~= points[2]:totable()[1])
  end)

  it("reads no points", function()
    for _, data in ipairs { "ascii", "binary" } do
      assert.same({ 0, 6 }, read(pcd(header(0, data))):size())
    end
    assert.same({ 0, 6 }, read(pcd(header(0, "binary_compressed"), pack("uint32_t", { 0,
      0 }))):size())
  end)

  it("refuses headers that lie, in one line", function()
    local function raises(h, body, ...)
      local path = pcd(h, body)
      support.raises(function() read(path) end, path, ...)
    end
    raises(header(3, "binary"), record(7, 0.5, 1, 2, 3, 0.125), "POINTS says 3", "26 bytes",
      "truncated")
    raises(header("1000000000000000000", "binary"), "", "POINTS")
    raises(header("9000000000000000000000", "binary"), "", "WIDTH")
    raises(header(1000000, "ascii"), "1 2 3", "POINTS says 1000000")
    raises(header(2, "ascii"), "7 0.5 1 2 3 0.125\n9 0.25 -1 -2      ", "ends in point 1 of 2")
    raises(header(1, "ascii"), "7 0.5 one 2 3 0.125", "point 0, field x", "'one' is no number")
    raises(header(-1, "ascii"), "", "WIDTH", "not negative")
    raises(header(2, "ascii", { width = "WIDTH 3" }), "", "POINTS", "WIDTH x HEIGHT")
    raises(header(1, "zip"), "", "DATA", "binary_compressed")
    raises(header(1, "ascii", { fields = "FIELDS a b c d e f" }), "1 2 3 4 5 6", "no field x")
    raises(header(1, "ascii", { size = "SIZE 4 4" }), "", "SIZE")
    raises(header(1, "ascii", { size = "SIZE 2 4 4 4 4 3" }), "", "field t", "3 bytes")
    raises(header(1, "ascii", { type = "TYPE U F F F F X" }), "", "TYPE")
    raises(header(1, "ascii", { count = "COUNT 1 1 1 1 1 0" }), "", "COUNT")
    raises(header(1, "ascii", { count = "COUNT 1 1 1 1 1 99999999" }), "", "COUNT")
    raises({ "hello" }, "", "no pcd file", "hello")
    raises({ "FIELDS x y z" }, "", "DATA: missing")
    raises({ "DATA ascii" }, "", "FIELDS: missing")
    local empty = support.write_file(support.tmp(".pcd"), "")
    support.raises(function() read(empty) end, empty, "is empty")
    support.raises(function() read(pcd(header(0, "ascii")), { columns = 4 }) end,
      "columns and dtype are for .bin")
  end)

  it("refuses compressed data that lie", function()
    local function raises(body, ...)
      local path = pcd(header(2, "binary_compressed"), body)
      support.raises(function() read(path) end, path, ...)
    end
    raises("", "truncated")
    raises(compressed(literal(PLANES), #PLANES):sub(1, -5), "compressed size", "truncated")
    raises(compressed(literal(PLANES), 4000000000), "uncompressed size is 4000000000")
    raises(compressed(literal(PLANES:sub(1, -2)), #PLANES), "compressed data are broken")
    raises(compressed(literal(PLANES) .. "\31", #PLANES), "compressed data are broken")
    raises(compressed("\32\255" .. literal(PLANES), #PLANES),
      "compressed data are broken") -- from before the start
    raises(compressed("\0a\224", #PLANES), "compressed data are broken")
    local path = pcd(header(100000, "binary_compressed"), compressed("\0\0", 2600000))
    support.raises(function() read(path) end, path, "POINTS says 100000")
  end)
end)
