-- Where in a file the weights are: wrapper dicts, prefixes, what is beside them.

local bytes = require "spec.support.bytes"
local lacuna = require "lacuna"
local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

local P = torch_file.P

-- A float32 tensor of one element.
local function tensor(value)
  return { value = value }
end

-- A pickle of nested lists of { key, value }, and its storages.
local function pth(root)
  local storages = {}
  local function put(v)
    if type(v) == "number" then return P.int(v) end
    if type(v) == "string" then return P.text(v) end
    if v.value then
      local key = tostring(#storages)
      storages[#storages + 1] = { key, torch_file.raw("float", { v.value }) }
      return P.tensor(P.storage("FloatStorage", key, 1), { 1 }, { 1 })
    end
    local items = {}
    for i, pair in ipairs(v) do items[i] = { P.text(pair[1]), put(pair[2]) } end
    return P.dict(items)
  end
  local body = put(root)
  return support.write_file(support.tmp(".pth"), torch_file.save(P.pickle(body), storages))
end

local function values(path, opts)
  local dict, report = lacuna.convert.load(path, opts)
  local found = {}
  for name, t in dict do found[#found + 1] = name .. "=" .. t:item() end
  return table.concat(found, " "), report
end

describe("the weights of a checkpoint", function()
  after_each(support.clean)

  it("are found under any of the usual names, and in none", function()
    for _, name in ipairs { "state_dict", "model", "model_state", "net", "anything" } do
      local path = pth {
        { "epoch", 3 }, { name, { { "a.weight", tensor(1) }, { "a.bias", tensor(2) } } },
        { "optimizer", { { "state", { { "0", { { "exp_avg", tensor(3) } } } } } } },
      }
      local text, report = values(path)
      assert.equal("a.weight=1 a.bias=2", text)
      assert.equal(name, report.wrapper)
    end
    local text, report = values(pth { { "a.weight", tensor(1) }, { "version", "1" } })
    assert.equal("a.weight=1", text)
    assert.equal("", report.wrapper)
  end)

  it("are taken from the likeliest of several dicts, whatever their order", function()
    local path = pth {
      { "ema", { { "a", tensor(5) } } }, { "model", { { "a", tensor(6) } } },
      { "state_dict", { { "a", tensor(7) } } },
    }
    assert.equal("a=7", (values(path)))
    assert.equal("a=5", (values(path, { prefix = "ema" })))
    assert.equal("a=6", (values(path, { prefix = "model." })))
  end)

  it("are asked for where nothing tells", function()
    local path = pth {
      { "teacher", { { "a", tensor(5) } } }, { "student", { { "a", tensor(6) } } },
    }
    support.raises(function() values(path) end, path, "'teacher', 'student'", "--prefix")
    assert.equal("a=6", (values(path, { prefix = "student" })))
  end)

  it("lie inside dicts of dicts", function()
    local path = pth { { "model", { { "state_dict", { { "a", tensor(1) } } } } } }
    local text, report = values(path)
    assert.equal("a=1", text)
    assert.equal("model.state_dict", report.wrapper)
  end)

  it("lose the module. of a parallel training if all have it", function()
    assert.equal("a=1 b.c=2", (values(pth {
      { "module.a", tensor(1) }, { "module.b.c", tensor(2) },
    })))
    assert.equal("module.a=1 b.c=2", (values(pth {
      { "module.a", tensor(1) }, { "b.c", tensor(2) },
    })))
  end)

  it("are those under a prefix, with or without module.", function()
    local path = pth {
      { "module.net.a", tensor(1) }, { "module.head.a", tensor(2) }, { "module.neta", tensor(3) },
    }
    for _, prefix in ipairs { "net", "net.", "module.net", "module.net." } do
      local text, report = values(path, { prefix = prefix })
      assert.equal("a=1", text)
      assert.are.same({ "module.head.a", "module.neta" }, report.not_taken)
    end
    support.raises(function() values(path, { prefix = "nets" }) end, path, "'nets'")
  end)

  it("are those that a model has, under the prefixes of whole detectors", function()
    local net = lacuna.nn.Linear(1, 1, { bias = true })
    for _, prefix in ipairs {
      "", "backbone_3d.", "middle_encoder.", "backbone.", "encoders.lidar.backbone.",
    } do
      local path = pth {
        { "other", { { "weight", tensor(9) } } },
        { "model_state", { { prefix .. "bias", tensor(4) }, { "head.x", tensor(5) } } },
      }
      local dict, report = lacuna.convert.load(path, { model = net })
      assert.equal(4, dict.bias:item())
      assert.equal((prefix:gsub("%.$", "")), report.prefix)
      assert.are.same({ "weight" }, report.missing)
    end
  end)

  it("are no tensors at all in some files", function()
    local path = pth { { "epoch", 3 } }
    support.raises(function() values(path) end, path, "no tensors")
  end)

  it("come from safetensors too", function()
    local path = support.write_file(support.tmp(".x"), bytes.safetensors(
      '{"a.b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes.array("float", { 8 })))
    assert.equal("a.b=8", (values(path)))
  end)

  it("come from HDF5: nested or flat, at the root or in a group", function()
    for _, place in ipairs { "/", "/state_dict/", "/model_state/" } do
      for _, separator in ipairs { ".", "/" } do
        local path = support.tmp(".h5")
        local f = lacuna.hdf5.open(path, "w")
        f:write(place .. "a" .. separator .. "b", lacuna.ones(1))
        f:close()
        assert.equal("a.b=1", (values(path)))
      end
    end
  end)

  it("of Lacuna's own files are at the root, even where a layer is called model", function()
    local path = support.tmp(".h5")
    local net = lacuna.nn.Sequential()
    net:add_module("model", lacuna.nn.Linear(2, 2))
    net:save(path)
    local dict = lacuna.convert.load(path)
    assert.is_not_nil(dict["model.weight"])
  end)
end)

describe("lacuna.convert.read", function()
  after_each(support.clean)

  it("gives all that is in a file as nested tables", function()
    local all = lacuna.convert.read(pth {
      { "epoch", 3 }, { "name", "net" }, { "model", { { "b", tensor(1) }, { "a", tensor(2) } } },
    })
    assert.equal(3, all.epoch)
    assert.equal("net", all.name)
    assert.equal(2, all.model.a:item())
    local order = {}
    for key in all.model do order[#order + 1] = key end
    assert.are.same({ "b", "a" }, order)
  end)

  it("keeps lists, and a table that is there twice one", function()
    local shared = "q\1" -- the memo's slot 1
    local pickle = P.pickle(P.dict {
      { P.text "list", P.list(P.int(1), P.text "two") },
      { P.text "x", P.dict { { P.text "n", P.int(1) } } .. shared }, { P.text "y", "h\1" },
    })
    local path = support.write_file(support.tmp(".pth"), torch_file.save(pickle, {}))
    local all = lacuna.convert.read(path)
    assert.are.same({ 1, "two" }, { all.list[1], all.list[2] })
    assert.equal(all.x, all.y)
  end)

  it("keeps dtypes, which load widens only where they are halves", function()
    local path = support.write_file(support.tmp(".x"), bytes.safetensors(
      '{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},'
        .. '"b":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},'
        .. '"d":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}}',
      "\0\60" .. "\128\63" .. bytes.array("double", { 1 })))
    local all = lacuna.convert.read(path)
    assert.equal("float16 bfloat16 float64",
      all.h:dtype() .. " " .. all.b:dtype() .. " " .. all.d:dtype())
    local function dtypes(opts)
      local dict = lacuna.convert.load(path, opts)
      assert.equal(1, dict.h:item())
      assert.equal(1, dict.b:item())
      return dict.h:dtype() .. " " .. dict.b:dtype() .. " " .. dict.d:dtype()
    end
    assert.equal("float32 float32 float64", dtypes())
    assert.equal("float16 bfloat16 float64", dtypes { dtype = "keep" })
    assert.equal("float32 float32 float32", dtypes { dtype = "float32" })
  end)
end)
