-- `lacuna convert`, and `lacuna inspect` on what is no HDF5 file, as a user runs them.

local cjson = require "cjson"
local checkpoint = require "spec.support.checkpoint"
local lacuna = require "lacuna"
local shell = require "spec.support.shell"
local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

local MODEL = [[
local nn = require("lacuna").nn
local Net = nn.class("Net", nn.Module)
function Net:__init(config)
  self.config = nn.config("net", config, { width = 4 })
  self.stem = nn.Sequential(nn.Conv3d(2, self.config.width, 3), nn.BatchNorm(self.config.width))
end
return Net
]]

describe("lacuna convert #process", function()
  local folder, remove, input, output, model

  setup(function()
    folder, remove = shell.folder()
    input, output, model = folder .. "/in.pth", folder .. "/out.h5", folder .. "/net.lua"
    lacuna.manual_seed(2)
    shell.write(model, MODEL)
    shell.write(input, checkpoint.pth {
      { "module.stem.0.weight", lacuna.randn(3, 3, 3, 2, 4) },
      { "module.stem.1.weight", lacuna.ones(4) }, { "module.stem.1.bias", lacuna.zeros(4) },
      { "module.stem.1.running_mean", lacuna.zeros(4) },
      { "module.stem.1.running_var", lacuna.ones(4) },
      { "module.stem.1.num_batches_tracked", lacuna.tensor(5, { dtype = "int64" }) },
    })
  end)
  teardown(function() remove() end)
  before_each(function() os.remove(output) end)

  local function fails(status, ...)
    local r = shell.lacuna("convert", ...)
    assert.equal(status, r.status, r.err)
    assert.is_nil(shell.read(output))
    assert.equal("in.pth net.lua", shell.list(folder))
    return r
  end

  it("writes a weights file and says what became of every tensor", function()
    local r = shell.lacuna("convert", input, output)
    assert.equal(0, r.status, r.err)
    assert.matches("layout: spconv1: module.stem.0.weight %[3, 3, 3, 2, 4%]", r.out)
    assert.matches("module%.stem%.0%.weight +%[3, 3, 3, 2, 4%] +float32 +spconv1: permute +"
      .. "stem%.0%.kernel +%[27, 2, 4%]", r.out)
    assert.matches("out.h5: 6 tensors\n$", r.out)
    assert.equal("", r.err)
    local f = lacuna.hdf5.open(output)
    assert.equal("lacuna-weights", f:attr("/", "format"))
    assert.equal(1, f:attr("/", "version"))
    assert.equal("in.pth", f:attr("/", "source"))
    assert.is_nil(f:attr("/", "arch"))
    assert.equal(5, tonumber(f:read("/stem/1/num_batches_tracked"):item()))
    local dict = lacuna.convert.load(input)
    support.same(f:read("/stem/0/kernel"), dict["stem.0.kernel"])
    f:close()
    assert.equal("in.pth net.lua out.h5", shell.list(folder))
  end)

  it("gives the same as JSON", function()
    local r = shell.lacuna("convert", input, output, "--json")
    assert.equal(0, r.status, r.err)
    local found = cjson.decode(r.out)
    assert.equal("spconv1", found.layout)
    assert.equal("state_dict", found.wrapper)
    assert.equal(output, found.output)
    assert.are.same({
      source = "module.stem.0.weight", shape = { 3, 3, 3, 2, 4 }, dtype = "float32",
      rule = "spconv1: permute", target = "stem.0.kernel", target_shape = { 27, 2, 4 },
    }, found.tensors[1])
    assert.matches('"not_taken":%[%]', r.out)
  end)

  it("checks that a model is complete, and notes how it is made", function()
    local r = shell.lacuna("convert", input, output, "--model", model)
    assert.equal(0, r.status, r.err)
    local f = lacuna.hdf5.open(output)
    assert.are.same({ model = model, config = { width = 4 } }, cjson.decode(f:attr("/", "arch")))
    f:close()
    lacuna.models[model]():load(output)
  end)

  it("writes nothing where the file does not fit, unless asked to", function()
    local r = fails(1, input, output, "--model", model, "--config", '{"width":5}')
    assert.matches("%d wrong shape: stem.0.kernel is %[27, 2, 4%], expected %[27, 2, 5%]", r.err)
    r = fails(1, input, output, "--model", model, "--config", '{"width":5}', "--json")
    assert.is_false(cjson.decode(r.out).complete)
    r = shell.lacuna("convert", input, output, "--model", model, "--config", '{"width":5}',
      "--no-strict")
    assert.equal(0, r.status, r.err)
    assert.is_not_nil(shell.read(output))
  end)

  it("takes the layout, the axes, a prefix and a dtype", function()
    local r = shell.lacuna("convert", input, output, "--from", "spconv1", "--axes", "xyz",
      "--prefix", "stem.", "--dtype", "float16", "--compress", "4")
    assert.equal(0, r.status, r.err)
    local f = lacuna.hdf5.open(output)
    local want = lacuna.convert.load(input, { from = "spconv1", axes = "xyz", prefix = "stem" })
    assert.equal("float32", f:attr("/0/kernel", "source_dtype"))
    support.same(f:read("/0/kernel"), want["0.kernel"]:half())
    f:close()
  end)

  it("refuses wrong usage, bad files and one file for both, in one line", function()
    fails(2, input)
    fails(2, input, output, "--from", "spconv9")
    fails(2, input, output, "--kernel-size", "a=b")
    fails(2, input, output, "--config", "{")
    local r = fails(1, folder .. "/nosuch.pth", output)
    assert.equal("lacuna: " .. folder .. "/nosuch.pth: No such file or directory\n", r.err)
    r = fails(1, model, output)
    assert.equal(1, select(2, r.err:gsub("\n", "")))
    assert.is_not_nil(r.err:find(model, 1, true))
    r = fails(1, input, folder .. "/./in.pth")
    assert.matches("the same file", r.err)
    r = shell.lacuna("convert", input, folder .. "/nowhere/out.h5")
    assert.equal(1, r.status)
    assert.matches("nowhere/out.h5", r.err)
  end)

  it("leaves nothing of a file with a defect in its last tensor", function()
    local P = torch_file.P
    local function tensor(key) return P.tensor(P.storage("FloatStorage", key, 2), { 2 }, { 1 }) end
    local whole = torch_file.save(P.pickle(P.dict {
      { P.text "a", tensor "0" }, { P.text "b", tensor "1" },
    }), { { "0", ("\1"):rep(8) }, { "1", ("\2"):rep(8) } })
    local broken = folder .. "/in.pth.broken"
    shell.write(broken, (whole:gsub(("\2"):rep(8), ("\2"):rep(7) .. "\3", 1)))
    local r = shell.lacuna("convert", broken, output)
    os.remove(broken)
    assert.equal(1, r.status)
    assert.is_not_nil(r.err:find(broken, 1, true), r.err)
    assert.equal(1, select(2, r.err:gsub("\n", "")))
    assert.equal("in.pth net.lua", shell.list(folder))
  end)

  it("refuses names that HDF5 cannot have side by side", function()
    local path = folder .. "/in.pth.names"
    shell.write(path, checkpoint.pth { { "a", lacuna.ones(1) }, { "a.b", lacuna.ones(1) } })
    local r = shell.lacuna("convert", path, output)
    os.remove(path)
    assert.equal(1, r.status)
    assert.matches("'a' and 'a.b'", r.err)
  end)

  it("gives what is expected of the files of the folder of test data", function()
    local path = support.shared("vectors/import/sparseresnet21d_legacy.pth")
    if not path then return pending("../shared is not there") end
    local r = shell.lacuna("convert", path, output)
    assert.equal(0, r.status, r.err)
    local got, want = lacuna.hdf5.open(output), lacuna.hdf5.open(path .. ".h5")
    local function walk(at)
      for _, name in ipairs(want:list("/state_dict" .. at)) do
        local inner = at .. "/" .. name
        if want:kind("/state_dict" .. inner) == "group" then
          walk(inner)
        else
          support.same(got:read(inner), want:read("/state_dict" .. inner), inner)
          assert.equal(want:attr("/state_dict" .. inner, "source_dtype"),
            got:attr(inner, "source_dtype"))
        end
      end
    end
    walk ""
    got:close()
    want:close()
  end)
end)

describe("lacuna inspect of a checkpoint #process", function()
  local P = torch_file.P
  local path

  setup(function()
    path = os.tmpname()
    local storage = P.storage("HalfStorage", "0", 12)
    local metadata = P.ordered_dict {
      { P.text "a", P.dict { { P.text "version", P.int(2) } } },
    }
    local dict = P.build(P.ordered_dict {
      { P.text "a.weight", P.tensor(storage, { 2, 3 }, { 3, 1 }) },
      { P.text "b.weight", P.tensor(storage, { 3, 2 }, { 1, 3 }, 6) },
    }, P.dict { { P.text "_metadata", metadata } })
    shell.write(path, torch_file.save(P.pickle(P.dict {
      { P.text "epoch", P.int(7) }, { P.text "log", P.text(("x"):rep(1000)) },
      { P.text "model", dict },
    }), { { "0", ("\0"):rep(24) } }))
  end)
  teardown(function() os.remove(path) end)

  it("lists tensors, shared storages, values and metadata", function()
    local r = shell.lacuna("inspect", path)
    assert.equal(0, r.status, r.err)
    assert.matches("epoch = 7\n", r.out)
    assert.matches("log = x+%.%.%.\n", r.out)
    assert.is_true(#r.out < 1500)
    assert.matches("/model a.version = 2\n", r.out)
    assert.matches("model.a.weight +float16 +%[2, 3%] +12 bytes\n", r.out)
    assert.matches("model.b.weight +float16 +%[3, 2%] +12 bytes  shares the storage of "
      .. "model.a.weight, strides %[1, 3%], offset 6\n", r.out)
    assert.matches("2 tensors, 24 bytes %(24 bytes in the file%)\n$", r.out)
  end)

  it("gives the same as JSON", function()
    local r = shell.lacuna("inspect", path, "--json")
    assert.equal(0, r.status, r.err)
    local found = cjson.decode(r.out)
    assert.equal("pytorch", found.kind)
    assert.equal("model.a.weight", found.tensors[2].shares)
    assert.are.same({ 1, 3 }, found.tensors[2].strides)
    assert.equal(24, found.stored)
    assert.are.same({ name = "epoch", value = 7 }, found.values[1])
    assert.are.same({ object = "/model", name = "a.version", value = 2 }, found.metadata[1])
    assert.matches('"attributes":%[%]', r.out)
  end)
end)
