-- `lacuna encode` as a user runs it: what it writes and prints, and how it refuses bad input.

local lacuna = require "lacuna"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local nan = 0 / 0

-- An encoder on a small grid, so that it takes milliseconds.
local MODEL = [[
local lacuna = require "lacuna"
local nn = lacuna.nn
local Tiny = nn.class("Tiny", nn.BevEncoder)
function Tiny:__init(config)
  self.config = { in_channels = 4, sparse_shape = { 6, 20, 30 }, axis_order = "zyx" }
  self.input = {
    columns = { "x", "y", "z", "intensity" }, order = "zyx", voxel_size = { 0.5, 0.5, 1 },
    range = { 0, -5, -2, 15, 5, 3 }, max_points = 3, max_voxels = 1000,
  }
  self.conv = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU())
  self.out = nn.Sequential(
    nn.Conv3d(8, 4, { 3, 1, 1 }, { stride = { 2, 1, 1 } }), nn.BatchNorm(4), nn.ReLU())
  self.to_bev = self:make_bev()
end
function Tiny:encode(x, named)
  x = named("conv", self.conv(x))
  return named("out", self.out(x))
end
return Tiny
]]

describe("lacuna encode #process", function()
  local folder, remove, model

  local function out(name) return folder .. "/" .. name end

  -- Points on a diagonal of the grid, 4 values each; two share a voxel.
  local function cloud(name, more)
    local values = {}
    for i = 0, 8 do
      for _, v in ipairs { 1 + i, -4 + i, -1.5 + i * 0.5, 0.1 * i } do values[#values + 1] = v end
    end
    for _, v in ipairs { 1.2, -4.1 + 0.2, -1.6, 1 } do values[#values + 1] = v end
    for _, v in ipairs(more or {}) do values[#values + 1] = v end
    shell.write(out(name), shell.floats(values))
    return out(name)
  end

  setup(function()
    folder, remove = shell.folder()
    model = out "tiny.lua"
    shell.write(model, MODEL)
  end)
  teardown(function() remove() end)

  local function encode(...)
    return shell.lacuna("encode", "--columns", 4, ...)
  end

  it("writes the view that the model makes of the voxelized points", function()
    local scan = cloud("scan.bin")
    assert.equal(0, shell.lacuna("-e", string.format(
      "lacuna.manual_seed(7); lacuna.models[%q]{}:save(%q)", model, out "tiny.h5")).status)
    local r = encode(scan, "--model", model, "--weights", out "tiny.h5", "-o", out "view/deep")
    assert.equal(0, r.status, r.err)
    assert.equal("", r.err)
    assert.matches("10 points, columns 1%-4 of 4, taken as x y z intensity", r.out)
    assert.matches("0 points out of range, 0 more than", r.out)
    assert.matches("9 voxels, 2 conv layers", r.out)
    assert.matches("view 8 x 20 x 30", r.out)
    assert.equal("scan.h5", shell.list(out "view/deep"))

    local net = lacuna.models[model]({}):load(out "tiny.h5")
    local x = lacuna.voxelize(lacuna.io.read_points(scan, { columns = 4 }), {
      voxel_size = net.input.voxel_size, range = net.input.range, order = "zyx",
      max_points = 3, max_voxels = 1000,
    })
    local f = lacuna.hdf5.open(out "view/deep/scan.h5")
    local bev = f:read("/bev")
    support.same(bev, net(x))
    assert.is_true(bev:abs():max():item() > 0)
    assert.equal("batch channel y x", f:attr("/bev", "axes"))
    assert.equal(model, f:attr("/bev", "model"))
    assert.equal(out "tiny.h5", f:attr("/bev", "weights"))
    assert.equal(scan, f:attr("/bev", "scan"))
    assert.equal(9, f:attr("/bev", "voxels"))
    assert.are.same({ 0.5, 0.5, 1 }, f:attr("/bev", "voxel_size"))
    assert.are.same({ 0, -5, -2, 15, 5, 3 }, f:attr("/bev", "range"))
    f:close()
  end)

  it("draws the view, and gives the same values for any number of threads", function()
    local a, b = cloud("a.bin"), cloud("b.bin", { 3, 3, 0, 1 })
    for threads = 1, 2 do
      local r = encode(a, b, "--model", model, "--image", "--threads", threads, "--seed", 3, "-o",
        out("threads" .. threads))
      assert.equal(0, r.status, r.err)
      assert.matches("fresh initialisation, seed 3", r.out)
      assert.equal("a.h5 a.png b.h5 b.png", shell.list(out("threads" .. threads)))
    end
    for _, name in ipairs { "a", "b" } do
      local views = {}
      for threads = 1, 2 do
        local f = lacuna.hdf5.open(out("threads" .. threads .. "/" .. name .. ".h5"))
        views[threads] = f:read("/bev")
        f:close()
      end
      support.same(views[1], views[2])
      local first = shell.read(out("threads1/" .. name .. ".png"))
      assert.matches("^\137PNG", first)
      assert.is_true(first == shell.read(out("threads2/" .. name .. ".png")))
      -- Width and height of the picture: y across, x upwards, 18 pixels a cell.
      assert.equal("\0\0\1\104\0\0\2\28", first:sub(17, 24))
    end
    local r = encode(a, "--model", model, "--image", "--image-of", "mean", "--seed", 3, "-o",
      out "mean")
    assert.equal(0, r.status, r.err)
    assert.is_false(shell.read(out "mean/a.png") == shell.read(out "threads1/a.png"))
  end)

  it("runs in the other dtypes", function()
    for _, dtype in ipairs { "float16", "bfloat16" } do
      local r = encode(cloud("half.bin"), "--model", model, "--dtype", dtype, "--image", "-o",
        out(dtype))
      assert.equal(0, r.status, r.err)
      local f = lacuna.hdf5.open(out(dtype .. "/half.h5"))
      assert.equal(dtype, f:read("/bev"):dtype())
      f:close()
    end
  end)

  it("counts the points that it leaves out", function()
    local scan = cloud("out.bin", { nan, 0, 0, 0, 2, 1, 1, 1 / 0, 99, 0, 0, 0, 1.1, -3.9, -1.6, 1,
      1.3, -3.8, -1.7, 1 })
    local r = encode(scan, "--model", model, "-o", out "counts")
    assert.equal(0, r.status, r.err)
    assert.matches("\n  2 points dropped %(NaN or infinite%)\n", r.out)
    assert.matches("\n  1 points out of range, 1 more than a voxel", r.out)
    assert.matches("\n  9 voxels", r.out)
    r = encode(scan, "--model", model, "-o", out "strict", "--strict")
    assert.equal(1, r.status)
    assert.matches("^lacuna: .*out.bin: 2 points have NaN or infinite values", r.err)
    assert.equal("", shell.list(out "strict"))
  end)

  it("encodes with the models that are there", function()
    local values = {}
    for i = 1, 60 do
      for _, v in ipairs { i * 0.3, math.sin(i) * 5, -1 + i * 0.01, 0.5, 0 } do
        values[#values + 1] = v
      end
    end
    shell.write(out "five.bin", shell.floats(values))
    local r = shell.lacuna("encode", out "five.bin", "--columns", 5, "--model", "second", "-o",
      out "second")
    assert.equal(0, r.status, r.err)
    assert.matches("view 256 x 200 x 176", r.out)
    r = shell.lacuna("encode", out "five.bin", "--columns", 5, "--model", "bevfusion", "-o",
      out "bevfusion")
    assert.equal(0, r.status, r.err)
    assert.matches("view 256 x 180 x 180", r.out)
    local f = lacuna.hdf5.open(out "bevfusion/five.h5")
    assert.equal("batch channel x y", f:attr("/bev", "axes"))
    f:close()
  end)

  describe("refuses", function()
    local good

    setup(function() good = cloud "good.bin" end)

    -- Each of these ends with status 1, one line that names what is wrong, and nothing written.
    local function refuses(reason, ...)
      local r = shell.lacuna("encode", "-o", out "refused", "--columns", 4, ...)
      assert.equal(1, r.status, r.out .. r.err)
      assert.equal(1, select(2, r.err:gsub("\n", "")), r.err)
      assert.matches("^lacuna: ", r.err)
      assert.matches(reason, r.err)
      assert.equal("", shell.list(out "refused"))
    end

    it("a scan that is missing, empty or too narrow", function()
      refuses("nosuch.bin: No such file", out "nosuch.bin", "--model", model)
      shell.write(out "empty.bin", "")
      refuses("empty.bin", out "empty.bin", "--model", model)
      refuses("good.bin: 4 columns, the model takes 5: x y z intensity time", good, "--model",
        "bevfusion")
    end)

    it("a scan without a point in range", function()
      shell.write(out "far.bin", shell.floats { 100, 0, 0, 0, 1e12, 0, 0, 0 })
      refuses("far.bin: no point left", out "far.bin", "--model", model)
    end)

    it("a model that is no encoder, or whose grid lies nowhere", function()
      shell.write(out "net.lua", "local lacuna = require 'lacuna'\n"
        .. "return function() return lacuna.models.minkunet{ cr = 0.125 } end")
      refuses("takes no grid of voxels, expected a detection encoder", good, "--model",
        out "net.lua")
      shell.write(out "grid.lua", "local lacuna = require 'lacuna'\n"
        .. "return function() return lacuna.models.second{ sparse_shape = { 9, 9, 9 } } end")
      refuses("where its grid lies", good, "--model", out "grid.lua")
    end)

    it("two scans of one name, and a folder that cannot be written", function()
      shell.run("mkdir -p " .. out "sub" .. " && cp " .. good .. " " .. out "sub/good.bin")
      refuses("overwrite", good, out "sub/good.bin", "--model", model)
      shell.write(out "file", "")
      local r = encode(good, "--model", model, "-o", out "file")
      assert.equal(1, r.status)
      assert.equal("lacuna: " .. out "file" .. ": this is not a folder\n", r.err)
    end)

    it("wrong usage", function()
      assert.equal(2, encode(good, "--model", model).status)
      assert.equal(2, encode(good, "--model", model, "-o", out "x", "--image-of", "sum").status)
      local r = encode(good, "--model", model, "-o", out "x", "--voxel-size", 1)
      assert.equal(2, r.status)
      assert.matches("unknown option '%-%-voxel%-size'", r.err)
      r = shell.lacuna("bench", "--model", model, "--voxel-size", 1)
      assert.equal(1, r.status)
      assert.matches("the grid of this model is fixed, its voxels are 0.5 x 0.5 x 1", r.err)
    end)
  end)

  it("leaves no file of a scan whose results cannot all be written", function()
    shell.run("mkdir -p " .. out "half/scan.png/x")
    local r = encode(cloud "scan.bin", "--model", model, "--image", "-o", out "half")
    assert.equal(1, r.status)
    assert.matches("scan.png", r.err)
    assert.equal("scan.png", shell.list(out "half"))
  end)
end)
