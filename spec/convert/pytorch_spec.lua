-- pytorch_spec.lua: what torch.save writes, as a zip archive and as it was before version 1.6.

local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"
local file = require "lacuna.convert.file"
local metadata = require "lacuna.convert.metadata"
local ordered = require "lacuna.nn.ordered"
local pytorch = require "lacuna.convert.pytorch"
local stored = require "lacuna.convert.stored"

local P, raw = torch_file.P, torch_file.raw

local opened = {}

local function open(bytes)
  local f = file.open(support.write_file(support.tmp(".pth"), bytes))
  opened[#opened + 1] = f
  return f
end

local function close_all()
  for i = 1, #opened do opened[i]:close() end
  opened = {}
  support.clean()
end

local function read_zip(body, storages, extra)
  return pytorch.read_zip(open(torch_file.save(P.pickle(body), storages, extra)))
end

local function read_legacy(body, storages, facts)
  return pytorch.read_legacy(open(torch_file.save_legacy(P.pickle(body), storages, facts)))
end

local function refused(fn, ...)
  local message = support.raises(fn, "convert: ", ".pth: ", ...)
  assert(not message:find("lacuna/convert", 1, true), message)
end

local function refused_zip(body, storages, ...)
  return refused(function() read_zip(body, storages) end, ...)
end

local SIX = raw("float", { 1, 2, 3, 4, 5, 6 })
local six = P.storage("FloatStorage", "0", 6)

describe("convert.pytorch, zip", function()
  after_each(close_all)

  it("reads a state dict in its order, with its metadata", function()
    local dict = P.ordered_dict {
      { P.text "b.weight", P.tensor(six, { 2, 3 }, { 3, 1 }) },
      { P.text "a.bias", P.tensor(P.storage("HalfStorage", "1", 2), { 2 }, { 1 }) },
    }
    local meta = P.dict { { P.text "_metadata", P.ordered_dict {
      { P.text "b", P.dict { { P.text "version", P.int(2) } } } } } }
    local value = read_zip(P.build(dict, meta), { { "0", SIX }, { "1", "\0\60\0\192" } })
    assert.same({ "b.weight", "a.bias" }, ordered.names(value))
    local weight = value["b.weight"]
    assert.is_true(stored.is(weight))
    assert.same({ 2, 3 }, weight.shape)
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, weight:read():totable())
    assert.equal("float16", value["a.bias"]:read():dtype())
    assert.same({ 1, -2 }, value["a.bias"]:read():totable())
    assert.equal(2, metadata.get(value).b.version)
  end)

  it("reads every storage class, on any device", function()
    local cases = {
      { "DoubleStorage", "double", { 1.5, -2 } }, { "LongStorage", "int64_t", { 5, -6 } },
      { "IntStorage", "int32_t", { 5, -6 } }, { "ShortStorage", "int16_t", { 5, -6 } },
      { "CharStorage", "int8_t", { 5, -6 } }, { "ByteStorage", "uint8_t", { 5, 250 } },
      { "BoolStorage", "uint8_t", { 1, 0 } }, { "FloatStorage", "float", { 0.5, 3 } },
    }
    for _, case in ipairs(cases) do
      local value = read_zip(P.tensor(P.storage(case[1], "0", 2), { 2 }, { 1 }),
        { { "0", raw(case[2], case[3]) } })
      assert.same(case[3], value:read():totable(), case[1])
    end
    local value = read_zip(P.tensor(P.storage("BFloat16Storage", "0", 2), { 2 }, { 1 }),
      { { "0", "\192\63\0\192" } })
    assert.same({ 1.5, -2 }, value:read():totable())
    local id = P.tuple(P.text "storage", P.global("torch.cuda", "FloatStorage"), P.text "0",
      P.text "cuda:3", P.int(6)) .. "Q"
    assert.same({ 6 }, read_zip(P.tensor(id, { 6 }, { 1 }), { { "0", SIX } }).shape)
  end)

  it("follows strides and offsets, and shares storages", function()
    local value = read_zip(P.list(P.tensor(six, { 3, 2 }, { 1, 3 }), P.tensor(six, { 2 }, { 2 }, 3),
      P.tensor(six, {}, {}, 5), P.tensor(six, { 0, 4 }, { 4, 1 }),
      P.tensor(six, { 2, 2 }, { 0, 1 })), { { "0", SIX } })
    assert.is_true(rawequal(value[1].storage, value[2].storage))
    assert.is_not_nil(value[1].storage.crc32)
    assert.same({ { 1, 4 }, { 2, 5 }, { 3, 6 } }, value[1]:read():totable())
    assert.same({ 4, 6 }, value[2]:read():totable())
    assert.same({}, value[3].shape)
    assert.equal(6, value[3]:read():item())
    assert.equal(0, value[4]:numel())
    assert.same({ { 1, 2 }, { 1, 2 } }, value[5]:read():totable())
  end)

  it("reads parameters, untyped storages, bare storages and other shapes of files", function()
    local tensor = P.tensor(six, { 6 }, { 1 })
    local rebuild = P.global("torch._utils", "_rebuild_parameter")
    local value = read_zip(P.call(rebuild, tensor, P.yes, P.none), { { "0", SIX } })
    assert.same({ 6 }, value.shape)
    local from_type = P.call(P.global("torch._tensor", "_rebuild_from_type_v2"),
      P.global("torch._utils", "_rebuild_tensor_v2"), P.global("torch.nn.parameter", "Parameter"),
      P.tuple(six, P.int(0), P.sizes { 2 }, P.sizes { 1 }, P.no, P.none), P.dict {})
    assert.same({ 2 }, read_zip(from_type, { { "0", SIX } }).shape)
    local untyped = P.tuple(P.text "storage", P.global("torch.storage", "UntypedStorage"),
      P.text "0", P.text "cpu", P.int(24)) .. "Q"
    local v3 = P.call(P.global("torch._utils", "_rebuild_tensor_v3"), untyped, P.int(1),
      P.sizes { 5 }, P.sizes { 1 }, P.no, P.none, P.global("torch", "float32"))
    assert.same({ 2, 3, 4, 5, 6 }, read_zip(v3, { { "0", SIX } }):read():totable())
    value = read_zip(P.list(six), { { "0", SIX } })
    assert.same({ 6 }, value[1].shape)
    value = read_zip(P.dict { { P.text "dtype", P.global("torch", "bfloat16") },
      { P.text "size", P.call(P.global("torch", "Size"), P.sizes { 2, 3 }) },
      { P.text "device", P.call(P.global("torch", "device"), P.text "cuda", P.int(1)) } })
    assert.equal("torch.bfloat16", value.dtype)
    assert.same({ 2, 3 }, value.size)
    assert.equal("cuda:1", value.device)
  end)

  it("obeys the byte order of the archive", function()
    local swapped = SIX:gsub("....", string.reverse)
    local value = read_zip(P.tensor(six, { 6 }, { 1 }), { { "0", swapped } },
      { { "net/byteorder", "big" } })
    assert.same({ 1, 2, 3, 4, 5, 6 }, value:read():totable())
    value = read_zip(P.tensor(six, { 6 }, { 1 }), { { "0", SIX } },
      { { "net/byteorder", "little" } })
    assert.same({ 1, 2, 3, 4, 5, 6 }, value:read():totable())
    refused(function()
      read_zip(P.tensor(six, { 6 }, { 1 }), { { "0", SIX } }, { { "net/byteorder", "middle" } })
    end, "byteorder is 'middle', expected little or big")
  end)

  it("refuses tensors that do not fit their storage, with their place", function()
    local storages = { { "0", SIX } }
    refused_zip(P.tensor(six, { 7 }, { 1 }), storages, "data.pkl at byte ", "storage '0'")
    refused_zip(P.tensor(six, { 2, 3 }, { 4, 1 }), storages, "storage '0'", "6 elements")
    refused_zip(P.tensor(six, { 6 }, { 1 }, 1), storages, "reaches to element 7")
    refused_zip(P.tensor(six, { -1 }, { 1 }), storages, "data.pkl at byte ", "size[0]", "-1")
    refused_zip(P.tensor(six, { 2, 2 }, { 1, -1 }), storages, "data.pkl at byte ", "stride[1]",
      "-1")
    refused_zip(P.tensor(six, { 2 }, { 1 }, -1), storages, "offset of a tensor is -1")
    refused_zip(P.tensor(six, { 2 }, { 1, 1 }), storages, "1 sizes and 2 strides")
    refused_zip(P.tensor(six, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }),
      storages, "9 items, expected at most 8")
    refused_zip(P.tensor(six, { 2147483647, 2147483647, 2147483647 }, { 0, 0, 0 }), storages,
      "shape", "more than 2^53 bytes")
    refused_zip(P.tensor(six, { 2147483647 }, { 0 }), storages, "bytes in a file of")
    refused_zip(P.tensor(P.none, { 2 }, { 1 }), storages, "storage of a tensor is a None")
    refused_zip(P.tensor(P.storage("FloatStorage", "0", 5), { 2 }, { 1 }), storages,
      "5 elements of float32, 20 bytes, but its entry has 24 bytes")
    refused_zip(P.list(six, P.storage("IntStorage", "0", 6)), storages, "storage '0' is 6 elements",
      "int32 here", "float32 elsewhere")
    refused_zip(P.tensor(P.storage("FloatStorage", "9", 6), { 2 }, { 1 }), storages,
      "storage '9' is not in the archive")
    refused_zip(P.tensor(P.storage("FloatStorage", "../../x\n", 6), { 2 }, { 1 }), storages,
      "storage '../../x?' is not in the archive")
    refused_zip(P.call(P.global("torch._utils", "_rebuild_parameter"), P.int(1)), storages,
      "the data of a parameter is a number")
    refused_zip(P.tuple(P.text "module", P.none, P.text "net.py", P.text "source") .. "Q", {},
      "pickled module", "state_dict()")
    refused_zip(P.tuple(P.text "storage", P.int(1), P.text "0", P.text "cpu", P.int(6)) .. "Q", {},
      "class of a storage is a number")
    refused_zip(P.tuple(P.text "blob") .. "Q", {}, "a persistent id (\"blob\", ...)")
  end)

  it("detects damaged data by the checksum of the entry", function()
    local bytes = torch_file.save(P.pickle(P.tensor(six, { 6 }, { 1 })), { { "0", SIX } })
    local at = bytes:find(SIX, 1, true)
    local value = pytorch.read_zip(open(bytes:sub(1, at - 1) .. "\1" .. bytes:sub(at + 1)))
    refused(function() value:read() end, "crc")
  end)

  it("says what another archive is", function()
    local pickle = P.pickle(P.none)
    refused(function() pytorch.read_zip(open(torch_file.zip { { "a.npy", "x" } })) end,
      "without a data.pkl", "begins with a.npy")
    refused(function()
      pytorch.read_zip(open(torch_file.save(pickle, {}, { { "net/constants.pkl", pickle } })))
    end, "TorchScript archive", "state_dict()")
    refused(function()
      pytorch.read_zip(open(torch_file.save(pickle, {}, { { "net/code/__torch__.py", "" } })))
    end, "TorchScript archive (it holds net/code/__torch__.py)")
    refused(function()
      pytorch.read_zip(open(torch_file.save(pickle, {}, { { "other/data.pkl", pickle } })))
    end, "net/data.pkl and other/data.pkl")
    assert.is_false(read_zip(P.none))
  end)
end)

describe("convert.pytorch, legacy", function()
  after_each(close_all)

  local tensor = P.tensor(P.storage("FloatStorage", "70", 6, P.none), { 2, 3 }, { 3, 1 })
  local storages = { { "70", 6, SIX } }

  it("reads tensors, shared storages and metadata", function()
    local half = P.tensor(P.storage("HalfStorage", "71", 2, P.none), { 2 }, { 1 })
    local value = read_legacy(P.build(
      P.ordered_dict { { P.text "w", tensor }, { P.text "h", half },
        { P.text "v", P.tensor(P.storage("FloatStorage", "70", 6), { 3 }, { 1 }, 3) } },
      P.dict { { P.text "_metadata", P.dict {} } }),
      { { "70", 6, SIX }, { "71", 2, "\0\60\0\192" } })
    assert.same({ "w", "h", "v" }, ordered.names(value))
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, value.w:read():totable())
    assert.same({ 1, -2 }, value.h:read():totable())
    assert.same({ 4, 5, 6 }, value.v:read():totable())
    assert.is_true(rawequal(value.w.storage, value.v.storage))
    assert.is_not_nil(metadata.get(value))
    assert.same({}, read_legacy(P.list(), {}))
  end)

  it("reads views of storages", function()
    local view = P.tuple(P.text "72", P.int(2), P.int(4))
    local value = read_legacy(P.list(P.tensor(P.storage("FloatStorage", "70", 6, view), { 3 },
      { 1 }, 1), P.storage("FloatStorage", "70", 6, view)), storages)
    assert.same({ 4, 5, 6 }, value[1]:read():totable())
    assert.same({ 3, 4, 5, 6 }, value[2]:read():totable())
    refused(function()
      read_legacy(P.storage("FloatStorage", "70", 6, P.tuple(P.text "72", P.int(3), P.int(4))),
        storages)
    end, "ends at element 7 of 6")
    refused(function()
      read_legacy(P.storage("FloatStorage", "70", 6, P.tuple(P.text "72", P.int(-1), P.int(4))),
        storages)
    end, "offset -1")
  end)

  it("reads both orders that a big-endian machine may have written", function()
    local facts = P.pickle(P.dict { { P.text "little_endian", P.no } })
    local want = { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.same(want, read_legacy(tensor, storages, facts):read():totable())
    local swapped = SIX:gsub("....", string.reverse)
    local big = { { "70", 6 * 2 ^ 56, swapped } }
    assert.same(want, read_legacy(tensor, big, facts):read():totable())
    refused(function() read_legacy(tensor, big) end, "its tensors name 6")
  end)

  it("refuses what does not fit together", function()
    refused(function() read_legacy(tensor, { { "70", 5, SIX } }) end,
      "storage '70' at byte ", "has 5 elements, but its tensors name 6")
    refused(function() read_legacy(tensor, { { "70", 6, SIX:sub(1, 20) } }) end, "truncated",
      "storage '70' ends at byte")
    refused(function() read_legacy(tensor, {}) end, "storage '70' is not in the list")
    refused(function() read_legacy(tensor, { storages[1], storages[1] }) end, "listed twice")
    refused(function() read_legacy(tensor, { { "99", 6, SIX } }) end, "storage key 1 is '99'")
    refused(function() read_legacy(tensor, storages, P.pickle(P.none)) end, "little_endian")
    refused(function() pytorch.read_legacy(open("\128\2K\1.")) end, "magic number")
    refused(function()
      pytorch.read_legacy(open(torch_file.MAGIC .. P.pickle(P.int(1002))))
    end, "protocol 1002, expected 1001")
    refused(function() pytorch.read_legacy(open(torch_file.MAGIC)) end, "truncated")
    refused(function()
      pytorch.read_legacy(open(("x"):rep(257) .. "ustar" .. ("\0"):rep(250)))
    end, "tar archive")
    refused(function() read_legacy(P.tensor(P.none, { 1 }, { 1 }), {}) end, "pickle at byte ",
      "storage of a tensor is a None")
  end)
end)

-- Distinct tensors of a tree, with their elements read; dicts and lists are walked.
local function count(value, seen)
  if stored.is(value) then
    if seen[value] then return 0 end
    seen[value] = true
    assert.equal(value:numel(), value:read():reshape(-1):size(1))
    return 1
  end
  local n = 0
  if type(value) == "table" then
    for _, child in pairs(value) do n = n + count(child, seen) end
  end
  return n
end

describe("convert.pytorch, files of others", function()
  after_each(close_all)

  local FILES = {
    { "vectors/import/kernels_spconv1.pth", 22 }, { "vectors/import/kernels_spconv2.pth", 22 },
    { "vectors/import/minkunet_torchsparse.pth", 318 }, { "vectors/import/second_spconv1.pth", 74 },
    { "vectors/import/second_spconv2.pth", 74 }, { "vectors/import/unet_minkowski.pth", 51 },
    { "vectors/import/voxelbackbone8x_openpcdet.pth", 74 },
    { "vectors/import/sparseresnet21d_legacy.pth", 126 },
    { "data/reno/reno_KITTIDetection.pt", 22 }, { "data/spconv_golden/golden_net.pt", 68 },
    { "data/spconv_golden/golden_misc.pt", 48 },
  }
  for _, case in ipairs(FILES) do
    it("reads every tensor of " .. case[1], function()
      local path = support.shared(case[1])
      if not path then return pending("needs " .. case[1]) end
      local f = file.open(path)
      opened[#opened + 1] = f
      local read = path:find("legacy") and pytorch.read_legacy or pytorch.read_zip
      assert.equal(case[2], count(read(f), {}))
    end)
  end
end)
