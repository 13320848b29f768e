-- ply_spec.lua: .ply files in three formats, what we write, and headers that lie.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local bytes = require "spec.io.bytes"

local pack = bytes.pack
local read = lacuna.io.read_points

local function ply(format, elements, body)
  return support.write_file(support.tmp(".ply"), "ply\nformat " .. format ..
    " 1.0\ncomment made by hand\n"
    .. elements .. "\nend_header\n" .. (body or ""))
end

-- A list element before the vertices, a list inside of them, and faces behind.
local ELEMENTS = table.concat({
  "element camera 2", "property uchar id", "property list uchar short path",
  "element vertex 2", "property double x", "property list int float neighbours", "property float y",
  "property uchar red", "property float z", "property ushort scalar_Intensity",
  "element face 1", "property list uchar int vertex_indices",
}, "\n")

local WANT = { { 1, 2, 3, 500, 255 }, { -1, -2, -3, 0, 7 } }

local function binary_body(big)
  local function p(ctype, ...) return pack(ctype, { ... }, big) end
  return p("uint8_t", 1, 2) .. p("int16_t", -5, 6) .. p("uint8_t", 2, 0)
    .. p("double", 1) .. p("int32_t", 1) .. p("float", 9) .. p("float", 2) .. p("uint8_t", 255)
    .. p("float", 3) .. p("uint16_t", 500)
    .. p("double", -1) .. p("int32_t", 0) .. p("float", -2) .. p("uint8_t", 7) .. p("float", -3)
    .. p("uint16_t", 0)
    .. p("uint8_t", 3) .. p("int32_t", 0, 1, 0)
end

describe("read_points of a .ply", function()
  after_each(support.clean)

  it("reads all three formats past lists and other elements", function()
    assert.same(WANT, read(ply("ascii", ELEMENTS,
      "1 2 -5 6\n2 0\n1 1 9 2 255 3 500\n-1 0 -2 7 -3 0\n3 0 1 0\n"))
      :totable())
    assert.same(WANT, read(ply("binary_little_endian", ELEMENTS, binary_body(false))):totable())
    assert.same(WANT, read(ply("binary_big_endian", ELEMENTS, binary_body(true))):totable())
  end)

  it("reads no vertices", function()
    local none = "element vertex 0\nproperty float x\nproperty float y\nproperty float z"
    assert.same({ 0, 3 }, read(ply("ascii", none)):size())
    assert.same({ 0, 3 }, read(ply("binary_little_endian", none)):size())
  end)

  it("refuses headers that lie, in one line", function()
    local xyz = "\nproperty float x\nproperty float y\nproperty float z"
    local function raises(format, elements, body, ...)
      local path = ply(format, elements, body)
      support.raises(function() read(path) end, path, ...)
    end
    local little = "binary_little_endian"
    raises(little, "element vertex 2" .. xyz, ("\0"):rep(23), "vertex says 2", "23 bytes",
      "truncated")
    raises(little, "element vertex 900000000000000000" .. xyz, "", "vertex says")
    raises("ascii", "element vertex 900000000000000000" .. xyz, "", "vertex says")
    raises("ascii", "element vertex 99999999999999999999" .. xyz, "", "vertex", "count")
    raises(little, "element vertex -1" .. xyz, "", "vertex", "not negative")
    raises("ascii", "element vertex 2" .. xyz, "1 2 3 4 5      ", "ends in vertex 1 of 2")
    raises("ascii", "element vertex 1" .. xyz, "1 2 zwei", "vertex 0, property z",
      "'zwei' is no number")
    raises("ascii", "element vertex 1\nproperty float x\nproperty float y", "1 2", "no field z")
    raises("ascii", "element face 0\nproperty float x", "", "no element vertex")
    raises("ascii", "property float x", "", "before any element")
    raises("ascii", "element vertex 1\nproperty quad x", "", "property")
    raises("ascii", "element vertex 1\nproperty list float int x", "", "property list")
    raises("ascii", "surprise", "", "unknown line 'surprise'")
    raises("base64", "element vertex 1" .. xyz, "", "format")
    raises(little, "element a 1\nproperty list int int l\nelement vertex 0" .. xyz,
      pack("int32_t", { -1 }),
      "a 0, property l", "-1 items")
    raises(little, "element a 1\nproperty list uint int l\nelement vertex 0" .. xyz,
      pack("uint32_t", { 4294967295 }), "a 0, property l", "4294967295 items")
    raises(little, "element a 900000000000000000\nproperty uchar l\nelement vertex 0" .. xyz, "xy",
      "ends in a 2", "truncated")
    local function raw(text, ...)
      local path = support.write_file(support.tmp(".ply"), text)
      support.raises(function() read(path) end, path, ...)
    end
    raw("", "is empty")
    raw("plyy\n", "no ply file")
    raw("ply\nformat ascii 1.0\n", "end_header", "missing")
    raw("ply\nend_header\n", "format", "missing")
  end)

  it("does not mind any number of elements without properties", function()
    local elements = "element a 900000000000000000\nelement vertex 1\nproperty int x\n"
      .. "property int y\nproperty int z"
    assert.same({ { 1, 2, 3 } }, read(ply("ascii", elements, "1 2 3")):totable())
  end)
end)

describe("write_ply", function()
  after_each(support.clean)
  local write = lacuna.io.write_ply
  local points = lacuna.tensor({ { 1, 2, 3, 0.5 }, { -1, -2, -3, 0.25 } })
  local colours = lacuna.tensor({ { 255, 0, 1 }, { 2, 3, 4 } }, { dtype = "uint8" })
  local labels = lacuna.tensor({ 40, 50 }, { dtype = "int64" })

  it("writes what read_points reads", function()
    local path = support.tmp(".ply")
    write(path, points)
    assert.same({ { 1, 2, 3 }, { -1, -2, -3 } }, read(path):totable())
    write(path, points, { colours = colours, labels = labels })
    assert.same({ { 1, 2, 3, 255, 0, 1, 40 }, { -1, -2, -3, 2, 3, 4, 50 } }, read(path):totable())
    for _, name in ipairs { "red", "green", "blue" } do
      assert.truthy(bytes.of(path):find("property uchar " .. name .. "\n", 1, true))
    end
    write(path, points:double(), { colors = colours })
    assert.same({ 2, 6 }, read(path):size())
    write(path, lacuna.zeros(0, 3))
    assert.same({ 0, 3 }, read(path):size())
  end)

  it("refuses what does not go together, and leaves no file", function()
    local path = support.tmp(".ply")
    local function raises(...)
      support.raises(...)
      assert.is_nil(io.open(path, "rb"))
    end
    raises(function() write(path, lacuna.zeros(2, 2)) end, "2 columns", "x y z")
    raises(function() write(path, lacuna.zeros(3)) end, "1 dimensions")
    raises(function() write(path, points, { colours = colours[{ { 1, 1 }, {} }] }) end, "colours",
      "[1, 3]")
    raises(function() write(path, points, { colours = points }) end, "colours are float32")
    raises(function() write(path, points, { labels = points }) end, "labels are float32")
    raises(function() write(path, points, { labels = labels[{ { 1, 1 } }] }) end,
      "1 labels for 2 points")
    raises(function() write(path, points, { labels = labels + 2 ^ 40 }) end, path,
      "does not fit int32")
    raises(function() write(path, points, { colours = colours, colors = colours }) end, "both")
    raises(function() write(path, points, { label = labels }) end, "did you mean 'labels'")
    raises(function() write("/nowhere/x.ply", points) end, "cannot write /nowhere/x.ply")
    raises(function() write("/dev/null", points) end, "/dev/null", "device")
  end)
end)
