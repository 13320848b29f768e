-- `lacuna segment` as a user runs it: what it writes and prints, and how it refuses bad input.

local shell = require "spec.support.shell"

local MODEL = shell.tree .. "/spec/support/tiny_model.lua"
local nan = 0 / 0

describe("lacuna segment #process", function()
  local folder, remove

  setup(function()
    folder, remove = shell.folder()
    local r = shell.lacuna("examples/lua/make_scan.lua", folder .. "/street.bin",
      folder .. "/street.label")
    assert.equal(0, r.status, r.err)
  end)
  teardown(function() remove() end)

  -- Points on a line, `columns` values each.
  local function cloud(name, count, columns)
    local values = {}
    for i = 1, count do
      for column = 1, columns do values[#values + 1] = column == 1 and i * 0.3 or column end
    end
    local path = folder .. "/" .. name
    shell.write(path, shell.floats(values))
    return path
  end

  local function out(name) return folder .. "/" .. name end

  local function street(...)
    return shell.lacuna("segment", out "street.bin", "--columns", 4, ...)
  end

  -- A network of full size: minutes under a sanitizer; the smaller ones below run the same code.
  it("labels a scan with MinkUNet and a fresh initialisation #unsanitized", function()
    local r = street("--model", "minkunet", "-o",
      out "mink/deep")
    assert.equal(0, r.status, r.err)
    assert.equal("", r.err)
    assert.matches("minkunet: fresh initialisation", r.out)
    assert.matches("columns 1%-4 of 4, taken as x y z intensity", r.out)
    assert.matches("[%d,]+ voxels, 50 conv and linear layers", r.out)
    assert.matches("network [%d.]+ ms", r.out)
    assert.matches("peak memory", r.out)
    assert.equal("street.label street.ply street.png", shell.list(out "mink/deep"))
    local points = #shell.read(out "street.bin") / 16
    assert.equal(points * 4, #shell.read(out "mink/deep/street.label"))
    assert.matches("^ply\n", shell.read(out "mink/deep/street.ply"))
    assert.matches("^\137PNG", shell.read(out "mink/deep/street.png"))
  end)

  -- As above.
  it("labels a scan with SPVCNN and SPVNAS, as their weights name them #unsanitized", function()
    local code = [[
      lacuna.models.spvcnn{ cr = 0.125 }:save(%q)
      local config = require("lacuna.spvnas.net_config").widest()
      for key, value in pairs(config) do
        if key:find("layers.0$") then config[key] = 8 end
        if key:find("transition") then config[key] = 8 end
        if key:find("feature$") then config[key] = 1 end
      end
      lacuna.models.spvnas{ net_config = config }:save(%q)]]
    local r = shell.lacuna("-e", code:format(out "spvcnn.h5", out "spvnas.h5"))
    assert.equal(0, r.status, r.err)
    for _, name in ipairs { "spvcnn", "spvnas" } do
      r = street("--weights", out(name .. ".h5"), "-o", out(name))
      assert.equal(0, r.status, r.err)
      assert.matches(name .. ": ", r.out)
      assert.equal("street.label street.ply street.png", shell.list(out(name)))
      assert.equal(#shell.read(out "street.bin") / 4, #shell.read(out(name .. "/street.label")))
    end
    r = shell.lacuna("segment", cloud("few.bin", 9, 4), "--columns", 4, "--model", "spvcnn", "-o",
      out "few")
    assert.equal(0, r.status, r.err)
    assert.matches("spvcnn: fresh initialisation", r.out)
  end)

  it("writes the raw label ids of the model's class table", function()
    local r = street("--model", MODEL, "-o", out "ids")
    assert.equal(0, r.status, r.err)
    local text, seen = shell.read(out "ids/street.label"), {}
    for i = 1, #text, 4 do
      local a, b, c, d = text:byte(i, i + 3)
      seen[a + 256 * (b + 256 * (c + 256 * d))] = true
    end
    assert.is_not_nil(next(seen))
    for id in pairs(seen) do assert.is_true(id == 40 or id == 50 or id == 70, "label " .. id) end
  end)

  it("gives the same files for any number of threads", function()
    for threads = 1, 2 do
      local r = street("--model", MODEL, "--threads", threads,
        "-o", out("threads" .. threads))
      assert.equal(0, r.status, r.err)
    end
    for _, name in ipairs { "street.label", "street.ply", "street.png" } do
      assert.is_true(shell.read(out("threads1/" .. name)) == shell.read(out("threads2/" .. name)))
    end
  end)

  it("runs in the other dtypes", function()
    for _, dtype in ipairs { "float16", "bfloat16" } do
      local r = street("--model", MODEL, "--dtype", dtype, "-o",
        out(dtype))
      assert.equal(0, r.status, r.err)
      assert.equal("street.label street.ply street.png", shell.list(out(dtype)))
    end
  end)

  it("takes many scans with one model, and prints IoU over all of them", function()
    local other = cloud("other.bin", 7, 4)
    shell.write(out "other.label", ("\40\0\1\0"):rep(5) .. ("\250\0\0\0") .. ("\0\0\0\0"))
    local r = street(other, "--model", MODEL, "-o", out "two", "--labels", out "street.label",
      "--labels", out "other.label")
    assert.equal(0, r.status, r.err)
    assert.equal("other.label other.ply other.png street.label street.ply street.png",
      shell.list(out "two"))
    assert.matches("mIoU +[%d.]+ %%", r.out)
    assert.matches("low +[%d.]+ %% +%d+", r.out)
  end)

  it("counts IoU as it is defined", function()
    -- Truth: what was predicted, except the first point, which gets another class; the last does
    -- not count.
    local scan = cloud("known.bin", 10, 4)
    assert.equal(0, shell.lacuna("segment", scan, "--model", MODEL, "--columns", 4, "-o",
      out "known").status)
    local text = shell.read(out "known/known.label")
    local ids = {}
    for i = 1, 10 do ids[i] = text:byte(4 * i - 3) end
    local swapped = ids[1] == 40 and 50 or 40
    local inter, truth, found = {}, {}, {}
    local names = { [40] = "low", [50] = "middle", [70] = "high" }
    for _, id in ipairs { 40, 50, 70 } do inter[id], truth[id], found[id] = 0, 0, 0 end
    for i = 1, 9 do
      local t = i == 1 and swapped or ids[i]
      truth[t], found[ids[i]] = truth[t] + 1, found[ids[i]] + 1
      if t == ids[i] then inter[t] = inter[t] + 1 end
    end
    shell.write(out "known.label", string.char(swapped, 0, 0, 0) .. text:sub(5, 36) .. "\0\0\0\0")
    local r = shell.lacuna("segment", scan, "--model", MODEL, "--columns", 4, "-o", out "known",
      "--labels", out "known.label")
    assert.equal(0, r.status, r.err)
    for id, name in pairs(names) do
      local union = truth[id] + found[id] - inter[id]
      local wanted = union > 0 and string.format("%.1f %%", 100 * inter[id] / union) or "-"
      assert.equal(wanted, (r.out:match(name .. " +([%d.]+ %%)") or r.out:match(name .. " +(%-)")),
        r.out)
    end
  end)

  it("names the columns that the model takes of more than it needs", function()
    local r = shell.lacuna("segment", cloud("room.bin", 5, 6), "--columns", 6, "--model", MODEL,
      "-o", out "room")
    assert.equal(0, r.status, r.err)
    assert.matches("columns 1%-4 of 6, taken as x y z intensity %(likely x y z r g b%)", r.out)
    r = shell.lacuna("segment", cloud("ring.bin", 5, 5), "--columns", 5, "--model", MODEL, "-o",
      out "ring")
    assert.equal(0, r.status, r.err)
    assert.matches("columns 1%-4 of 5", r.out)
  end)

  it("drops points with NaN, counts them and labels them 0", function()
    shell.write(out "holes.bin", shell.floats {
      1, 1, 1, 0.5, nan, 1, 1, 0.5, 2, 1, 1, 0.5, 1, 1 / 0, 1, 0.5,
    })
    local r = shell.lacuna("segment", out "holes.bin", "--columns", 4, "--model", MODEL, "-o",
      out "holes")
    assert.equal(0, r.status, r.err)
    assert.matches("\n  2 points dropped", r.out)
    local labels = shell.read(out "holes/holes.label")
    assert.equal(16, #labels)
    assert.equal("\0\0\0\0", labels:sub(5, 8))
    assert.equal("\0\0\0\0", labels:sub(13, 16))
    assert.not_equal("\0\0\0\0", labels:sub(1, 4))
    r = shell.lacuna("segment", out "holes.bin", "--columns", 4, "--model", MODEL, "-o",
      out "strict", "--strict")
    assert.equal(1, r.status)
    assert.equal("", shell.list(out "strict"))
  end)

  it("runs a script that says nothing of its input and classes", function()
    shell.write(out "silent.lua", [[
      local nn = require("lacuna").nn
      local Silent = nn.class("Silent", nn.Module)
      function Silent:__init() self.conv = nn.Conv3d(4, 5, 3) end
      function Silent:forward(x) return self.conv(x).feats end
      return Silent]])
    local r = shell.lacuna("segment", cloud("silent.bin", 9, 4), "--columns", 4, "--model",
      out "silent.lua", "-o", out "silent")
    assert.equal(0, r.status, r.err)
    assert.equal("silent.label silent.ply silent.png", shell.list(out "silent"))
  end)

  it("runs weights that were saved, with the model that the file names", function()
    local r = shell.lacuna("-e", string.format(
      "lacuna.models.minkunet{ num_classes = 19, cr = 0.5 }:save(%q)", out "half.h5"))
    assert.equal(0, r.status, r.err)
    r = shell.lacuna("segment", cloud("short.bin", 9, 4), "--columns", 4, "--model", "minkunet",
      "--weights", out "half.h5", "-o", out "weights")
    assert.equal(0, r.status, r.err)
    assert.matches("minkunet: " .. out("half.h5"):gsub("%p", "%%%0"), r.out)
    assert.equal("short.label short.ply short.png", shell.list(out "weights"))
  end)

  describe("refuses", function()
    local good

    setup(function() good = cloud("good.bin", 9, 4) end)

    -- Each of these ends with status 1, one line that names the file, and nothing written.
    local function refuses(reason, named, ...)
      local r = shell.lacuna("segment", "-o", out "refused", ...)
      assert.equal(1, r.status, r.out .. r.err)
      assert.equal(1, select(2, r.err:gsub("\n", "")), r.err)
      assert.matches("^lacuna: ", r.err)
      assert.is_not_nil(r.err:find(named, 1, true), r.err)
      assert.matches(reason, r.err)
      assert.equal("", shell.list(out "refused"))
    end

    it("a scan that is missing", function()
      refuses("No such file", "nosuch.bin", out "nosuch.bin", "--model", MODEL)
    end)

    it("a folder in the place of a scan", function()
      refuses("directory", folder, folder, "--model", MODEL)
    end)

    it("a truncated scan", function()
      shell.write(out "cut.bin", shell.read(good):sub(1, -7))
      refuses("", out "cut.bin", out "cut.bin", "--model", MODEL, "--columns", 4)
      refuses("", out "cut.bin", out "cut.bin", "--model", MODEL)
    end)

    it("a scan whose size fits several column counts", function()
      -- 60 floats are 20 points of 3, 15 of 4, 12 of 5 and 10 of 6
      refuses("3, 4, 5, 6 columns.*pass %-%-columns", out "many.bin", cloud("many.bin", 15, 4),
        "--model", MODEL)
    end)

    it("a scan whose size fits no column count", function()
      shell.write(out "seven.bin", shell.floats { 1, 2, 3, 4, 5, 6, 7 })
      refuses("", out "seven.bin", out "seven.bin", "--model", MODEL)
    end)

    it("fewer columns than the model takes", function()
      refuses("3 columns, the model takes 4", out "thin.bin", cloud("thin.bin", 5, 3), "--columns",
        3, "--model", MODEL)
    end)

    it("an empty scan", function()
      shell.write(out "empty.bin", "")
      refuses("", out "empty.bin", out "empty.bin", "--columns", 4, "--model", MODEL)
    end)

    it("coordinates that do not fit int32", function()
      shell.write(out "far.bin", shell.floats { 1e12, 0, 0, 0, 1, 2, 3, 4 })
      refuses("int32", out "far.bin", out "far.bin", "--columns", 4, "--model", MODEL)
    end)

    it("a model that is unknown", function()
      refuses("unknown model 'minkunit'", "minkunet", good, "--columns", 4, "--model", "minkunit")
      refuses("No such file", "nosuch.lua", good, "--columns", 4, "--model", "./nosuch.lua")
    end)

    it("weights that are missing, no HDF5, or another model's", function()
      refuses("No such file", "nosuch.h5", good, "--columns", 4, "--model", "minkunet", "--weights",
        out "nosuch.h5")
      shell.write(out "text.h5", "not HDF5 at all\n")
      refuses("", out "text.h5", good, "--columns", 4, "--model", "minkunet", "--weights",
        out "text.h5")
      assert.equal(0, shell.lacuna("-e", string.format("lacuna.nn.Linear(2, 2):save(%q)",
        out "linear.h5")).status)
      refuses("", out "linear.h5", good, "--columns", 4, "--model", "minkunet", "--weights",
        out "linear.h5")
    end)

    it("a results folder that cannot be written", function()
      shell.write(out "file", "")
      local r = shell.lacuna("segment", good, "--columns", 4, "--model", MODEL, "-o", out "file")
      assert.equal(1, r.status)
      assert.equal("lacuna: " .. out "file" .. ": this is not a folder\n", r.err)
      r = shell.lacuna("segment", good, "--columns", 4, "--model", MODEL, "-o", out "file/below")
      assert.equal(1, r.status)
      assert.matches("file is not a folder\n$", r.err)
    end)

    it("labels of another length", function()
      shell.write(out "three.label", ("\40\0\0\0"):rep(3))
      refuses("3 labels, the scan has 9 points", out "three.label", good, "--columns", 4, "--model",
        MODEL, "--labels", out "three.label")
    end)

    it("two scans whose results have one name", function()
      shell.run("mkdir -p " .. out "sub" .. " && cp " .. good .. " " .. out "sub/good.bin")
      refuses("overwrite", "good.bin", good, out "sub/good.bin", "--columns", 4, "--model", MODEL)
    end)

    it("a GPU that is not there", function()
      refuses("cuda", "--device cuda:99", good, "--columns", 4, "--model", MODEL, "--device",
        "cuda:99")
    end)

    it("a wrong number of label files, as wrong usage", function()
      local r = shell.lacuna("segment", good, "--model", MODEL, "-o", out "refused", "--labels",
        good, "--labels", good)
      assert.equal(2, r.status)
      assert.matches("2 %-%-labels for 1 scans", r.err)
    end)
  end)

  it("leaves no file of a scan whose results cannot all be written", function()
    -- The picture cannot replace a folder that is not empty.
    shell.run("mkdir -p " .. out "half/good.png/x")
    local r = shell.lacuna("segment", cloud("good.bin", 9, 4), "--columns", 4, "--model", MODEL,
      "-o", out "half")
    assert.equal(1, r.status)
    assert.matches("good.png", r.err)
    assert.equal("good.png", shell.list(out "half"))
  end)
end)
