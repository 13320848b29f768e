-- What a weights file may say about its model, and what it may not.

local lacuna = require "lacuna"
local arch = require "lacuna.cli.arch"
local checkpoint = require "spec.support.checkpoint"
local hdf5 = require "lacuna.hdf5"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

-- A weights file with this attribute and some values.
local function weights(text, values)
  local path = support.tmp(".h5")
  local f = hdf5.open(path, "w")
  f:write("/head/weight", lacuna.ones(values or 10))
  f:write("/head/bias", lacuna.ones(2, 3), { compress = 1 })
  if text ~= nil then f:attr("/", "arch", text) end
  f:close()
  return path
end

describe("the arch of a weights file", function()
  after_each(support.clean)

  it("is the model's name and config, and how many values the file has", function()
    local path = weights('{"model": "minkunet", "config": {"cr": 0.5, "deep": {"a": [1, null]}, '
      .. '"not_given": null}}')
    local found = arch.read(path)
    assert.same({ model = "minkunet", elements = 16, config = { cr = 0.5, deep = { a = { 1 } } } },
      found)
    assert.same({}, arch.read(weights '{"model": "second"}').config)
    assert.same({}, arch.read(weights '{"model": "second", "config": null}').config)
  end)

  it("may be missing", function()
    assert.is_nil(arch.read(weights(nil)))
    local other = "{}" .. (" "):rep(6)
    local path = support.write_file(support.tmp(".safetensors"), "\8" .. ("\0"):rep(7) .. other)
    assert.is_nil(arch.read(path))
  end)

  it("is found behind a block of another program", function()
    local path = weights '{"model": "second"}'
    local behind = support.write_file(support.tmp(".h5"), ("#"):rep(1024) .. shell.read(path))
    assert.equal("second", arch.read(behind).model)
  end)

  it("is an error of one line, naming the file, where it is something else", function()
    local function refuses(text, ...)
      local path = weights(text)
      support.raises(function() arch.read(path) end, path, "'arch'", ...)
    end
    refuses("", "expected JSON")
    refuses("{", "expected JSON")
    refuses("minkunet", "expected JSON")
    refuses("17", "a number", "expected JSON")
    refuses("null", "a userdata", "expected JSON")
    refuses(("["):rep(100000), "nested")
    refuses('{"model": "second", "config": ' .. ('{"a":'):rep(40) .. "1" .. ("}"):rep(41), "nested")
    refuses(7, "a number", "as a text")
    refuses("{}", "model is a nil")
    refuses('{"model": 3}', "model is a number")
    refuses('{"model": null}', "model is a userdata")
    refuses('{"model": ["second"]}', "model is a table")
    refuses('{"model": ""}', "model is ''")
    refuses('{"model": "a\\nb\\u001b"}', "model is 'a?b?'")
    refuses('{"model": "a\\u0000b"}', "model is 'a?b'")
    refuses('{"model": "second", "config": 5}', "config is a number")
    refuses('{"model": "spvnas", "config": {"net_config": "/etc\\n/passwd"}}', "'/etc?/passwd'",
      "path")
  end)
end)

describe("weights that name their model #process", function()
  local folder, remove, scan

  setup(function()
    folder, remove = shell.folder()
    scan = folder .. "/scan.bin"
    local values = {}
    for i = 1, 30 do
      for _, v in ipairs { i * 0.3, 1, -1, 0.5 } do values[#values + 1] = v end
    end
    shell.write(scan, shell.floats(values))
  end)
  teardown(function()
    remove()
    support.clean()
  end)

  local function run(command, path, ...)
    return shell.lacuna(command, scan, "--columns", 4, "--weights", path, "-o", folder .. "/out",
      ...)
  end

  local function refuses(path, ...)
    local r = run("segment", path)
    assert.equal(1, r.status, r.out .. r.err)
    assert.equal(1, select(2, r.err:gsub("\n", "")), r.err)
    for _, text in ipairs { path, ... } do assert.is_not_nil(r.err:find(text, 1, true), r.err) end
    assert.equal("", shell.list(folder .. "/out"))
  end

  it("need no --model to segment or to encode", function()
    for command, code in pairs {
      segment = "lacuna.models.minkunet{ cr = 0.125, num_classes = 19 }:save(%q, { compress = 1 })",
      encode = "lacuna.models.second{ base_channels = 4, output_channels = 8, "
        .. "encoder_channels = { { 4 }, { 4, 4, 4 }, { 4, 4, 4 }, { 4, 4, 4 } } }:save(%q)",
    } do
      local path = ("%s/%s.h5"):format(folder, command)
      local r = shell.lacuna("-e", code:format(path))
      assert.equal(0, r.status, r.err)
      r = run(command, path)
      assert.equal(0, r.status, r.err)
      assert.is_not_nil(r.out:find(path, 1, true), r.out)
    end
    shell.run("rm -r " .. shell.quote(folder .. "/out"))
  end)

  it("name it also where `lacuna convert` wrote them for a model", function()
    local plain, out = folder .. "/plain.h5", folder .. "/converted.h5"
    local r = shell.lacuna("-e", ([[local f = lacuna.hdf5.open(%q, "w")
      for name, t in lacuna.models.minkunet{ cr = 0.125 }:state_dict() do f:write(name, t) end
      f:close()]]):format(plain))
    assert.equal(0, r.status, r.err)
    refuses(plain, "no model", "--model")
    r = shell.lacuna("convert", plain, out, "--model", "minkunet", "--config", '{"cr": 0.125}')
    assert.equal(0, r.status, r.err)
    r = run("segment", out)
    assert.equal(0, r.status, r.err)
    shell.run("rm -r " .. shell.quote(folder .. "/out"))
  end)

  it("may be a checkpoint of PyTorch, which names none", function()
    local script = shell.tree .. "/spec/support/tiny_model.lua"
    lacuna.manual_seed(5)
    local net = lacuna.models[script] {}
    net:save(folder .. "/tiny.h5")
    local tensors = {}
    for name, t in net:state_dict() do tensors[#tensors + 1] = { name, t } end
    local path = folder .. "/tiny.pth"
    shell.write(path, checkpoint.pth(tensors))
    refuses(path, "no model", "--model")
    local r = run("segment", path, "--model", script)
    assert.equal(0, r.status, r.err)
    local labels = shell.read(folder .. "/out/scan.label")
    shell.run("rm -r " .. shell.quote(folder .. "/out"))
    r = run("segment", folder .. "/tiny.h5", "--model", script)
    assert.equal(0, r.status, r.err)
    assert.is_true(#labels == 120 and labels == shell.read(folder .. "/out/scan.label"))
    shell.run("rm -r " .. shell.quote(folder .. "/out"))
  end)

  it("are refused where they name none, or none that is here", function()
    refuses(weights(nil), "no model", "--model")
    refuses(weights '{"model": "minkunit"}', "unknown model 'minkunit'")
    refuses(weights '{"model": "minkunet", "config": {"colour": 1}}', "colour")
  end)

  it("run no script that the file names", function()
    local script, mark = folder .. "/hostile.lua", folder .. "/mark"
    shell.write(script, ("io.open(%q, 'w'):close()\nreturn lacuna.nn.Identity"):format(mark))
    refuses(weights(('{"model": %q}'):format(script)), script, "--model")
    refuses(weights '{"model": "hostile.lua"}', "hostile.lua", "--model")
    assert.is_nil(shell.read(mark))
  end)

  it("cannot make a model larger than the file", function()
    refuses(weights '{"model": "minkunet", "config": {"cr": 90}}',
      "more parameters than its weights file has values, 16")
  end)
end)
