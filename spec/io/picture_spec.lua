-- picture_spec.lua: .png files and the view from above.

local lacuna = require "lacuna"
local support = require "spec.support.init"
local bytes = require "spec.io.bytes"

local write = lacuna.io.write_png

-- A big-endian number of `n` bytes in `text`.
local function number(text, at, n)
  local value = 0
  for i = at, at + n - 1 do value = value * 256 + text:byte(i) end
  return value
end

describe("write_png", function()
  after_each(support.clean)

  it("writes colours and greys of the right size", function()
    local path = support.tmp(".png")
    for channels, colour_type in pairs { [3] = 2, [1] = 0 } do
      local image = channels == 3 and lacuna.zeros(5, 7, 3, { dtype = "uint8" })
        or lacuna.zeros(5, 7, { dtype = "uint8" })
      write(path, image)
      local text = bytes.of(path)
      assert.equal("\137PNG\r\n\26\n", text:sub(1, 8))
      assert.equal(7, number(text, 17, 4))
      assert.equal(5, number(text, 21, 4))
      assert.equal(8, text:byte(25))
      assert.equal(colour_type, text:byte(26))
      assert.truthy(text:find("IEND", 1, true))
    end
  end)

  it("refuses what is no image, and leaves no file", function()
    local path = support.tmp(".png")
    local function raises(image, ...)
      support.raises(function() write(path, image) end, ...)
      assert.is_nil(io.open(path, "rb"))
    end
    raises(lacuna.zeros(5, 7), "float32", "expected uint8")
    raises(lacuna.zeros(5, { dtype = "uint8" }), "1 dimensions", "[H,W]")
    raises(lacuna.zeros(5, 5, 4, { dtype = "uint8" }), "[H,W,3]")
    raises(lacuna.zeros(0, 5, { dtype = "uint8" }), "height of 0")
    raises("image", "expected a Tensor")
    support.raises(function() write("/nowhere/x.png", lacuna.zeros(5, 5, { dtype = "uint8" })) end,
      "cannot write /nowhere/x.png", "No such file")
  end)

  it("says when the disk is full, and leaves no file", function()
    local path = support.tmp(".png")
    local script = support.write_file(support.tmp(".lua"), ([[
      local lacuna = require "lacuna"
      local ok, message = pcall(lacuna.io.write_png, %q, (lacuna.rand(500, 500) * 255):to("uint8"))
      io.write(ok and "written" or message)
    ]]):format(path))
    -- A limit on the size of files stands in for the disk; the signal must not kill.
    local pipe = io.popen(("trap '' XFSZ; ulimit -f 64; LUA_PATH='%s' exec luajit '%s' 2>&1")
      :format(package.path, script))
    local text = pipe:read("*a")
    pipe:close()
    assert.truthy(text:find("cannot write " .. path, 1, true), text)
    assert.is_nil(io.open(path, "rb"))
  end)
end)

describe("birds_eye", function()
  local view = lacuna.io.birds_eye
  local red, green = { 255, 0, 0 }, { 0, 255, 0 }

  local function colours(...) return lacuna.tensor({ ... }, { dtype = "uint8" }) end

  it("puts x up, y left and the highest point on top", function()
    local points = lacuna.tensor({ { 3, 3, 0 }, { 3, 3, 1 }, { 3, 3, -1 }, { -3, -1, 0 } })
    local image = view(points, { colours = colours(red, green, red, red), pixels = 4,
      half_extent = 4 })
    assert.same({ 4, 4, 3 }, image:size())
    local t = image:totable()
    assert.same(green, t[1][1])
    assert.same(red, t[4][3])
    local background = t[2][2]
    for i = 1, 4 do
      for j = 1, 4 do
        if not ((i == 1 and j == 1) or (i == 4 and j == 3)) then assert.same(background,
          t[i][j]) end
      end
    end
  end)

  it("shows the points' own box, and leaves out NaN and what lies outside", function()
    local nan = 0 / 0
    local points = lacuna.tensor({ { 10, 10, 0 }, { 12, 12, 0 }, { nan, 0, 0 }, { 11, 11,
      math.huge } })
    local t = view(points, { colors = colours(red, green, red, red), pixels = 2 }):totable()
    assert.same(green, t[1][1])
    assert.same(red, t[2][2])
    local far = view(points, { colours = colours(red, red, red, red), pixels = 2,
      half_extent = 1 }):totable()
    assert.same(far[1][1], far[2][2])
    assert.same({ 3, 3, 3 }, view(lacuna.zeros(0, 3), { pixels = 3 }):size())
    assert.same({ 3, 3, 3 }, view(lacuna.zeros(1, 3), { pixels = 3 }):size())
  end)

  it("colours by height when it is given no colours", function()
    local t = view(lacuna.tensor({ { 1, 1, 0 }, { -1, -1, 5 } }), { pixels = 2 }):totable()
    assert.is_true(t[1][1][3] > t[1][1][1]) -- blue is low
    assert.is_true(t[2][2][1] > t[2][2][3]) -- red is high
  end)

  it("refuses what makes no sense", function()
    local points = lacuna.zeros(2, 3)
    support.raises(function() view(lacuna.zeros(2, 2)) end, "2 columns")
    support.raises(function() view(points, { pixels = 0 }) end, "pixels = 0")
    support.raises(function() view(points, { pixels = 2 ^ 40 }) end, "pixels")
    support.raises(function() view(points, { half_extent = -1 }) end, "half_extent = -1")
    support.raises(function() view(points, { half_extent = 0 / 0 }) end, "half_extent")
    support.raises(function() view(points, { colours = points }) end, "colours are float32")
    support.raises(function() view(points, { size = 3 }) end, "unknown option 'size'")
  end)
end)
