-- `lacuna bench` with several variants, --compare, --modes and --standard; `lacuna tune`.

local cjson = require "cjson"
local shell = require "spec.support.shell"

local MODEL = shell.tree .. "/spec/support/tiny_model.lua"

local function small(command, ...)
  return shell.lacuna(command, "--model", MODEL, "--voxel-size", 1, ...)
end

describe("lacuna bench #process", function()
  local folder, remove
  setup(function() folder, remove = shell.folder() end)
  teardown(function() remove() end)

  it("runs several dtypes and thread counts in turn", function()
    local r = small("bench", "--repeat", 2, "--dtype", "float32,bfloat16", "--threads", "1,2",
      "--json")
    assert.equal(0, r.status, r.err)
    local found = cjson.decode(r.out)
    local names = {}
    for i, run in ipairs(found.runs) do names[i] = run.dtype .. " " .. run.threads end
    assert.same({ "float32 1", "bfloat16 1", "float32 2", "bfloat16 2" }, names)
    assert.equal("float32", found.dtype)
    assert.is_nil(found.ratio)
    assert.is_true(found.runs[2].ratio > 0)
    assert.is_true(found.runs[2].rms > 0 and found.runs[2].rms < 0.05)
    assert.equal(0, found.runs[3].rms) -- float32 does not depend on threads
    assert.is_true(found.bandwidth_gbs > 0)
    r = small("bench", "--repeat", 1, "--dtype", "float32,bfloat16")
    assert.matches("times as fast as float32 on %d+ threads; relative RMS of the results", r.out)
  end)

  it("lists what the layers move", function()
    local found = cjson.decode(small("bench", "--repeat", 1, "--json", "--layers").out)
    local conv, linear = found.layers[1], found.layers[2]
    assert.equal(found.voxels * (4 + 8) * 4 + 27 * 4 * 8 * 4 + conv.pairs * 8, conv.bytes)
    assert.equal(found.voxels * (8 + 3) * 4 + (8 * 3 + 3) * 4, linear.bytes)
    assert.is_true(math.abs(conv.neighbours - conv.pairs / found.voxels) < 1e-9)
    assert.is_true(math.abs(conv.gbs - conv.bytes / conv.ms / 1e6) < 1e-9 * conv.gbs)
    assert.matches("nbrs +GMAC +ms +map ms GFLOP/s +share +MB +GB/s\n",
      small("bench", "--repeat", 1, "--layers").out)
  end)

  it("compares with an earlier run", function()
    local path = folder .. "/before.json"
    local before = cjson.decode(small("bench", "--repeat", 1, "--json", "--layers").out)
    before.ms = 1e6
    before.layers[1].ms = 1e6
    shell.write(path, cjson.encode(before))
    local r = small("bench", "--repeat", 1, "--layers", "--compare", path)
    assert.equal(0, r.status, r.err)
    assert.matches("against " .. path:gsub("%p", "%%%0") .. ":\n", r.out)
    assert.matches("ms, then 1000000.0 ms: ratio 0.000\n", r.out)
    assert.matches("\n    stem.0 +[%d.]+ ms 1000000.00 ms  0.000\n", r.out)
    local found = cjson.decode(small("bench", "--repeat", 1, "--json", "--compare", path).out)
    assert.is_true(math.abs(found.compare[1].ratio - found.ms / 1e6) < 1e-12)
    r = small("bench", "--repeat", 1, "--dtype", "bfloat16", "--compare", path)
    assert.equal(0, r.status)
    assert.matches("it has no run of the same model, device, dtype and threads", r.out)
  end)

  it("says in one line what is wrong with the file to compare with", function()
    local path = folder .. "/wrong.json"
    for text, message in pairs {
      ["no JSON"] = "not JSON", ["[]"] = "no 'model' in it", ['{"runs":[]}'] = "it holds no run",
      ['{"model":"m","device":"cpu","dtype":"float32","threads":1}'] = "no 'ms' in it",
      ['{"model":"m","device":"cpu","dtype":"float32","threads":1,"ms":0}'] = "ms is 0",
      ["3"] = "not JSON", ['{"runs":[3]}'] = "no 'model' in it",
    } do
      shell.write(path, text)
      local r = small("bench", "--repeat", 1, "--compare", path)
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.equal(1, select(2, r.err:gsub("\n", "")))
      assert.truthy(r.err:find(path .. ": " .. message, 1, true), text .. ": " .. r.err)
    end
    local r = small("bench", "--compare", folder .. "/nosuch.json")
    assert.equal(1, r.status)
    assert.equal("lacuna: " .. folder .. "/nosuch.json: No such file or directory\n", r.err)
  end)

  it("refuses what it does not know", function()
    local r = small("bench", "--dtype", "float32,int8")
    assert.equal(2, r.status)
    assert.matches("'int8' is none of: float32, float16, bfloat16", r.err)
    assert.equal(2, small("bench", "--threads", "1,none").status)
  end)

  -- Networks of full size: minutes under a sanitizer, and the smaller ones above run the same code.
  it("runs the standard set and prints each ratio beside its bar #unsanitized", function()
    local r = shell.lacuna("bench", "--standard", "--quick")
    assert.equal(0, r.status, r.err)
    local function row(what, bar)
      local line = r.out:match("\n?(" .. what:gsub("%p", "%%%0") .. " *|[^\n]*)\n")
      assert.is_not_nil(line, what)
      assert.matches("| [%d.]+", line)
      if bar then assert.truthy(line:find("| " .. bar, 1, true), line) end
    end
    row("MinkUNet 1.0x float32, 1 thread: share of sgemm", ">= 95.0 %")
    row("MinkUNet 0.5x float32, 1 thread: share of sgemm", ">= 85.0 %")
    row("MinkUNet 1.0x: bfloat16 over float32", ">= 1.90")
    row("MinkUNet 1.0x: relative RMS of bfloat16's results", "<= 2.00 %")
    row("27-tap kernel map, 1 thread, ns a voxel", "<= 45.0")
    row("MinkUNet 1.0x: peak memory over that, eager", "<= 1.50")
    row("MinkUNet 1.0x: peak memory over that, deferred", "<= 1.50")
    row("whole lacuna segment of 2 scans over its networks")
    row("MinkUNet 1.0x: AVX2 over the widest kernels", ">= 0.90")
    row("SPVCNN float32, 1 thread: share of sgemm")
    row("SECOND float32, 1 thread: share of sgemm", ">= 60.0 %")
    row("CenterPoint, 10 sweeps float32, 1 thread: share of sgemm", ">= 80.0 %")
    row("SpConv's benchmark network bfloat16, 1 thread: ms")
    r = shell.lacuna("bench", "--standard", "--quick", "--scans", folder)
    assert.equal(1, r.status)
    assert.matches("semantickitti_08_000000.bin: No such file", r.err)
  end)

  -- As above: SECOND of full size, once a mode.
  it("tells what the modes cost #unsanitized", function()
    local r = shell.lacuna("bench", "--modes", "--quick", "--threads", 1, "--json", "--model",
      "second")
    assert.equal(0, r.status, r.err)
    local found = cjson.decode(r.out)
    assert.equal(1, #found.rows)
    for _, row in ipairs(found.rows) do
      for _, name in ipairs { "ms", "mode 0", "mode 1", "mode 2", "hashmap", "tuned" } do
        assert.is_true(row[name] > 0, row.model .. ": " .. name)
      end
    end
  end)
end)

describe("lacuna tune #process", function()
  local folder, remove, path
  setup(function()
    folder, remove = shell.folder()
    path = folder .. "/tuning.txt"
  end)
  teardown(function() remove() end)

  it("writes choices that bench and segment follow", function()
    local r = small("tune", "--output", path, "--repeat", 1, "--check", 1, "--explain")
    assert.equal(0, r.status, r.err)
    assert.matches("\nstem.0 +27 +4 %-> 8 ", r.out)
    assert.matches("\n    FetchOnDemand [%d.]+ ms; ImplicitGEMM [%d.]+ ms; ImplicitGEMM/sorted",
      r.out)
    assert.matches("1 kinds of convolution, 1 measured", r.out)
    assert.matches("untuned [%d.]+ ms, tuned [%d.]+ ms", r.out)
    assert.matches("wrote " .. path:gsub("%p", "%%%0") .. "\n$", r.out)

    -- The choice is followed: the file says another, and that one runs.
    local text = shell.read(path):gsub("\t[%w/]+(\t[^\t\n]+\n)", "\tImplicitGEMM%1")
    shell.write(path, text)
    local found = cjson.decode(small("bench", "--repeat", 1, "--json", "--layers", "--tuning",
      path).out)
    assert.equal("ImplicitGEMM", found.layers[1].dataflow)
    r = small("tune", "--output", path, "--check", 0, "--json")
    assert.equal(0, cjson.decode(r.out).measured)
  end)

  it("says what of a file is ignored, and refuses one of no use", function()
    local other = folder .. "/other.txt"
    shell.write(other, "rubbish\n")
    local r = small("bench", "--repeat", 1, "--tuning", other)
    assert.equal(1, r.status)
    assert.truthy(r.err:find("other.txt: 1 damaged line ignored, the first is line 1\n", 1, true))
    assert.truthy(r.err:find("no choice for this machine and version", 1, true))
    r = small("bench", "--tuning", folder .. "/nosuch.txt")
    assert.equal(1, r.status)
    assert.matches("No such file", r.err)
  end)

  it("keeps the labels of segment the same", function()
    local scan = folder .. "/scan.bin"
    assert.equal(0, shell.lacuna("examples/lua/make_scan.lua", scan).status)
    assert.equal(0, small("tune", "--input", scan, "--columns", 4, "--output", path, "--repeat", 1,
      "--check", 0).status)
    assert.equal(0, small("segment", scan, "--columns", 4, "-o", folder .. "/plain").status)
    local r = small("segment", scan, "--columns", 4, "-o", folder .. "/tuned", "--tuning", path)
    assert.equal(0, r.status, r.err)
    assert.equal(shell.read(folder .. "/plain/scan.label"),
      shell.read(folder .. "/tuned/scan.label"))
  end)
end)
