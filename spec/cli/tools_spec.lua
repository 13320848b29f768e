-- `lacuna inspect`, `lacuna info` and `lacuna bench` as a user or a script runs them.

local cjson = require "cjson"
local shell = require "spec.support.shell"

local MODEL = shell.tree .. "/spec/support/tiny_model.lua"

describe("lacuna inspect #process", function()
  local folder, remove, path

  setup(function()
    folder, remove = shell.folder()
    path = folder .. "/weights.h5"
    local r = shell.lacuna("-e", string.format([[
      local f = lacuna.hdf5.open(%q, "w")
      f:attr("/", "format", "lacuna-weights")
      f:attr("/", "version", 1)
      f:write("/stem/0/kernel", lacuna.zeros({ 27, 4, 8 }))
      f:write("/stem/count", lacuna.tensor(7, { dtype = "int64" }))
      f:close()]], path))
    assert.equal(0, r.status, r.err)
  end)
  teardown(function() remove() end)

  it("lists tensors, shapes, dtypes and attributes", function()
    local r = shell.lacuna("inspect", path)
    assert.equal(0, r.status, r.err)
    assert.matches("/ format = lacuna%-weights\n", r.out)
    assert.matches("/ version = 1\n", r.out)
    assert.matches("/stem/0/kernel +float32 +%[27, 4, 8%] +3.4 KiB\n", r.out)
    assert.matches("/stem/count +int64 +%[%] +8 bytes\n", r.out)
    assert.matches("2 tensors, 3.4 KiB", r.out)
  end)

  it("gives the same as JSON", function()
    local r = shell.lacuna("inspect", path, "--json")
    assert.equal(0, r.status, r.err)
    local found = cjson.decode(r.out)
    assert.equal(path, found.file)
    assert.equal(27 * 4 * 8 * 4 + 8, found.bytes)
    local by_name = {}
    for _, t in ipairs(found.tensors) do by_name[t.name] = t end
    assert.same({ 27, 4, 8 }, by_name["/stem/0/kernel"].shape)
    assert.equal("float32", by_name["/stem/0/kernel"].dtype)
    assert.same({}, by_name["/stem/count"].shape)
    assert.matches('"shape":%[%]', r.out)
    assert.same({ object = "/", name = "format", value = "lacuna-weights" }, found.attributes[1])
  end)

  it("refuses what is missing or no HDF5, in one line that names the file", function()
    local r = shell.lacuna("inspect", folder .. "/nosuch.h5")
    assert.equal(1, r.status)
    assert.equal("lacuna: " .. folder .. "/nosuch.h5: No such file or directory\n", r.err)
    shell.write(folder .. "/text.h5", "no HDF5\n")
    r = shell.lacuna("inspect", folder .. "/text.h5")
    assert.equal(1, r.status)
    assert.equal(1, select(2, r.err:gsub("\n", "")))
    assert.is_not_nil(r.err:find("text.h5", 1, true))
    assert.equal("", r.out)
  end)
end)

describe("lacuna info #process", function()
  it("says what build and machine have", function()
    local r = shell.lacuna("info")
    assert.equal(0, r.status, r.err)
    for word in ("version kernels threads HDF5 libpng OpenBLAS"):gmatch("%S+") do
      assert.matches("\n?" .. word .. " +%S", r.out)
    end
    local none = shell.run("LACUNA_CUDA_LIB=/nowhere.so " .. shell.program .. " info")
    assert.matches("CUDA +not available: liblacuna_cuda.so: cannot open /nowhere.so", none.out)
  end)

  it("gives the same as JSON", function()
    local found = cjson.decode(shell.lacuna("info", "--json").out)
    assert.equal("0.1.0", found.version)
    assert.equal("boolean", type(found.cuda.available))
    assert.equal("string", type(found.cuda.available and "" or found.cuda.reason))
    assert.is_true(found.threads >= 1)
    assert.is_true(found.isa == "avx512" or found.isa == "avx2" or found.isa == "reference")
    local narrow = shell.run("LACUNA_ISA=reference " .. shell.program .. " info --json")
    assert.equal("reference", cjson.decode(narrow.out).isa)
  end)
end)

describe("lacuna bench #process", function()
  local function bench(...)
    local r = shell.lacuna("bench", "--model", MODEL, "--repeat", 2, "--voxel-size", "0.5", ...)
    assert.equal(0, r.status, r.err)
    return r.out
  end

  it("prints time, rate and share", function()
    local out = bench()
    assert.matches("[%d.]+ ms %(p10 [%d.]+, p90 [%d.]+%), of it kernel maps [%d.]+ ms", out)
    assert.matches("GMAC, [%d.]+ GFLOP/s", out)
    assert.matches("sgemm 768 in the same run: [%d.]+ GFLOP/s; share [%d.]+ %%", out)
  end)

  it("gives one JSON object with the documented keys", function()
    local found = cjson.decode(bench("--json", "--threads", 1))
    local keys = {}
    for key in pairs(found) do keys[#keys + 1] = key end
    table.sort(keys)
    assert.equal("bandwidth_gbs device dtype gflops gmacs map_ms model ms ms_p10 ms_p90 peak_bytes "
      .. "sgemm_gflops share threads voxels", table.concat(keys, " "))
    assert.equal("cpu", found.device)
    assert.equal("float32", found.dtype)
    assert.equal(1, found.threads)
    assert.is_true(found.voxels > 1000)
    assert.is_true(found.ms_p10 <= found.ms and found.ms <= found.ms_p90)
    assert.is_true(found.map_ms > 0 and found.map_ms < found.ms, "maps are built in every repeat")
    assert.is_true(math.abs(found.gflops - 2 * found.gmacs / found.ms * 1e3) < 1e-6 * found.gflops)
    assert.is_true(math.abs(found.share - found.gflops / found.sgemm_gflops) < 1e-9)
  end)

  it("lists the layers", function()
    local found = cjson.decode(bench("--json", "--layers"))
    assert.equal(2, #found.layers)
    local conv, linear = found.layers[1], found.layers[2]
    assert.equal("stem.0", conv.path)
    assert.equal(4, conv.in_channels)
    assert.equal(8, conv.out_channels)
    assert.equal("3x3x3", conv.kernel)
    assert.equal(found.voxels, conv.voxels)
    assert.is_true(math.abs(conv.gmacs - conv.pairs * 4 * 8 / 1e9) < 1e-12)
    assert.equal("head", linear.path)
    assert.equal(found.voxels, linear.pairs)
    assert.matches("stem.0 +4 %-> 8 +3x3x3", bench("--layers"))
  end)
end)
