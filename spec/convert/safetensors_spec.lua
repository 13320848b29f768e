local bytes = require "spec.support.bytes"
local file = require "lacuna.convert.file"
local native = require "lacuna.native"
local safetensors = require "lacuna.convert.safetensors"
local support = require "spec.support.init"

local opened

local function read(text)
  if opened then opened:close() end
  opened = file.open(support.write_file(support.tmp(".safetensors"), text))
  return safetensors.read(opened)
end

local function refused(header, data, ...)
  local wanted = { ... }
  return support.raises(function() return read(bytes.safetensors(header, data)) end,
    "convert: /", unpack(wanted))
end

local function tensor(dtype, shape, first, last)
  return ('{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}'):format(dtype, shape, first, last)
end

describe("a safetensors file", function()
  after_each(function()
    if opened then opened:close() end
    opened = nil
    support.clean()
  end)

  it("gives its tensors in the order of the header, and its metadata", function()
    local header = '{"z.weight":' .. tensor("F32", "[2,3]", 8, 32) ..
      ',"__metadata__":{"format":"pt","b":"1","a":"{\\"x\\":1}"}, "a.count" :' ..
      tensor("I64", "[]", 0, 8) .. ',"empty":' .. tensor("F16", "[0,4]", 32, 32) .. "}   "
    local data = bytes.array("int64_t", { 42 }) .. bytes.array("float", { 1, 2, 3, 4, 5, 6 })
    local value, metadata = read(bytes.safetensors(header, data))
    local names = {}
    for name, s in value do names[#names + 1] = name .. " " .. s.dtype end
    assert.are.same({ "z.weight float32", "a.count int64", "empty float16" }, names)
    local t = value["z.weight"]:read()
    assert.are.same({ 2, 3 }, t:size())
    assert.are.same({ 1, 2, 3, 4, 5, 6 }, support.flat(t))
    assert.are.equal(42, value["a.count"]:read():item())
    assert.are.same({ 0, 4 }, value.empty:read():size())
    local lines = {}
    for key, text in metadata do lines[#lines + 1] = key .. "=" .. text end
    assert.are.same({ "format=pt", "b=1", 'a={"x":1}' }, lines)
  end)

  it("reads every dtype that tensors can hold", function()
    for name, case in pairs {
      BOOL = { "\1", 1, "uint8" }, U8 = { "\200", 200, "uint8" }, I8 = { "\200", -56, "int32" },
      I16 = { "\0\255", -256, "int32" }, U16 = { "\0\255", 65280, "int32" },
      F16 = { "\0\60", 1, "float16" }, BF16 = { "\128\63", 1, "bfloat16" },
      I32 = { "\254\255\255\255", -2, "int32" }, U32 = { "\254\255\255\255", 2^32 - 2, "int64" },
      F32 = { "\0\0\128\63", 1, "float32" }, F64 = { "\0\0\0\0\0\0\240\63", 1, "float64" },
      I64 = { "\1\0\0\0\1\0\0\0", 2^32 + 1, "int64" },
      U64 = { "\1\0\0\0\1\0\0\0", 2^32 + 1, "int64" },
    } do
      local value = read(bytes.safetensors(
        '{"x":' .. tensor(name, "[1]", 0, #case[1]) .. "}", case[1]))
      local t = value.x:read()
      assert.are.equal(case[3], t:dtype())
      assert.are.same({ case[2] }, support.flat(t))
    end
  end)

  it("reads files without tensors or metadata", function()
    local value, metadata = read(bytes.safetensors("{}"))
    assert.is_nil(value())
    assert.is_nil(metadata)
    value, metadata = read(bytes.safetensors('{"__metadata__":{}}'))
    assert.is_nil(value())
    assert.is_nil(metadata())
  end)

  it("reads names in UTF-8 and with escapes", function()
    local value = read(bytes.safetensors('{"\\u00e4\\"{":' .. tensor("U8", "[1]", 0, 1) ..
      ',"gewölbe":' .. tensor("U8", "[1]", 1, 2) .. "}", "\1\2"))
    assert.are.equal(1, value['ä"{']:read():item())
    assert.are.equal(2, value["gewölbe"]:read():item())
  end)

  it("refuses headers whose length is wrong", function()
    support.raises(function() return read("") end, "header length: the file has 0 bytes")
    support.raises(function() return read("\1\0\0\0\0\0\0") end, "header length")
    support.raises(function() return read(bytes.safetensors("{}", "", 3)) end,
      "header length: 3 bytes, but the file has 2")
    support.raises(function() return read(bytes.safetensors("{}", "", 2^40)) end,
      "header length: 1099511627776 bytes, expected at most 100000000")
    support.raises(function() return read(("\255"):rep(16)) end, "above 2^53")
    support.raises(function() return read(bytes.safetensors("{}", "", 1)) end, "begin with '{'")
    support.raises(function() return read(bytes.safetensors("", "")) end, "begin with '{'")
    refused(" {}", "", "begin with '{'")
    refused("[]", "", "begin with '{'")
  end)

  it("refuses what is no JSON", function()
    local one = tensor("U8", "[1]", 0, 1)
    for _, header in ipairs { '{"x":' .. one, '{"x":' .. one .. "} x", "{'x':1}", '{"x":' .. one ..
      ",}", '{"x":NaN}', '{"x":Infinity}', '{"x":0x10}', '{"a":"\\ud800"}' } do
      refused(header, "\1", "header: ")
    end
    refused('{"x":' .. one .. "}\0garbage", "\1", "header: a zero byte")
    for _, control in ipairs { "\1", "\n", "\127" } do
      refused('{"x' .. control .. '":' .. one .. "}", "\1", "header: a control character in a name")
    end
    refused('{"\255":' .. one .. "}", "\1", "header: is not UTF-8")
    refused('{"\237\160\128":' .. one .. "}", "\1", "header: is not UTF-8")
    refused('{"x":' .. ("["):rep(100000), "", "header: ", "nested")
    refused('{"x":' .. ('{"x":'):rep(1000) .. "1" .. ("}"):rep(1001), "", "header: ")
  end)

  it("refuses duplicate keys", function()
    local one, two = tensor("U8", "[1]", 0, 1), tensor("U8", "[1]", 1, 2)
    refused('{"x":' .. one .. ',"x":' .. two .. "}", "\1\2", "header: the key 'x' is there twice")
    refused('{"x":' .. one .. ',"\\u0078":' .. two .. "}", "\1\2", "the key 'x' is there twice")
    refused('{"x":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', "\1",
      "the key 'dtype' is there twice")
    refused('{"__metadata__":{"a":"1","a":"2"}}', "", "the key 'a' is there twice")
    refused('{"__metadata__":{},"__metadata__":{}}', "", "'__metadata__' is there twice")
    -- Texts that look like keys are none.
    read(bytes.safetensors('{"__metadata__":{"a":"\\"b\\":","b":"x","c":"x"}}'))
  end)

  it("refuses dtypes that tensors do not have, naming the tensor", function()
    for _, dtype in ipairs { "F8_E4M3", "F8_E5M2", "C64", "f32", "" } do
      refused('{"stem.weight":' .. tensor(dtype, "[1]", 0, 1) .. "}", "\1",
        "stem.weight: dtype: " .. dtype)
    end
    refused('{"x":{"shape":[1],"data_offsets":[0,1]}}', "\1", "x: dtype: nil")
  end)

  it("refuses shapes and ranges that do not go together", function()
    local function with(dtype, shape, range, ...)
      return refused(('{"x":{"dtype":"%s","shape":%s,"data_offsets":%s}}'):format(dtype, shape,
        range), ("\0"):rep(8), "x: ", ...)
    end
    with("F32", "[3]", "[0,8]", "data_offsets: 8 bytes for shape [3] of F32, expected 12")
    with("F32", "[2]", "[0,12]", "data_offsets: 0 to 12, but the file has 8")
    with("F32", "[2]", "[8,0]", "data_offsets: 8 to 0")
    with("F32", "[2]", "[-8,0]", "data_offsets: -8")
    with("F32", "[2]", "[0.5,8.5]", "data_offsets: 0.5")
    with("F32", "[2]", "[0]", "data_offsets: expected a list of 2")
    with("F32", "[2]", "[0,8,8]", "data_offsets: expected a list of 2")
    with("F32", "[2]", "8", "data_offsets: a number")
    with("F32", "[2]", '{"a":0,"b":8}', "data_offsets: expected a list of 2")
    with("F32", "[2]", "[0,null]", "data_offsets")
    with("F32", "[-2]", "[0,8]", "shape: -2")
    with("F32", '["2"]', "[0,8]", "shape: 2")
    with("F32", "null", "[0,8]", "shape: a userdata")
    with("F32", "[1e300,1e300]", "[0,8]", "shape: ")
    with("F32", "[4503599627370496,4503599627370496,0]", "[0,0]", "shape: more than 2^53 bytes")
    with("F32", "[4503599627370496,4503599627370496]", "[0,8]", "data_offsets: 8 bytes")
    with("U8", "[1,1,1,1,1,1,1,1,8]", "[0,8]", "shape: 9 dimensions")
    refused('{"x":1}', "", "x: a number")
    refused('{"x":"y"}', "", "x: a string")
    refused('{"x":[1]}', "", "x: dtype")
  end)

  it("refuses data that overlap, have holes, or are not all named", function()
    local function two(a, b, ...)
      return refused('{"a":' .. tensor("U8", "[4]", a, a + 4) .. ',"b":' ..
        tensor("U8", "[4]", b, b + 4) .. "}", ("\0"):rep(9), ...)
    end
    two(0, 3, "b: data_offsets: begin at byte 3", "ends at byte 4")
    two(5, 0, "a: data_offsets: begin at byte 5", "byte 4")
    two(1, 5, "a: data_offsets: begin at byte 1", "byte 0")
    two(0, 4, "data_offsets: end at byte 8 of 9 bytes")
    two(0, 0, "data_offsets: begin at byte 0")
    refused("{}", "x", "data_offsets: end at byte 0 of 1 bytes")
  end)

  it("refuses metadata that are not texts", function()
    refused('{"__metadata__":{"a":1}}', "", "__metadata__: 'a' is a number")
    refused('{"__metadata__":["a"]}', "", "__metadata__: a list")
    refused('{"__metadata__":"a"}', "", "__metadata__: a string")
    refused('{"__metadata__":null}', "", "__metadata__: a userdata")
  end)

  it("refuses a file that is cut off anywhere", function()
    local text = bytes.safetensors('{"x":' .. tensor("F32", "[2]", 0, 8) .. "}", ("\0"):rep(8))
    for n = 0, #text - 1 do
      support.raises(function() return read(text:sub(1, n)) end, "convert: /")
    end
  end)

  it("is quick with a large header and with large tensors #process", function()
    local parts = {}
    for i = 1, 20000 do
      parts[i] = ('"blocks.%d.weight":%s'):format(i, tensor("U8", "[1]", i - 1, i))
    end
    local start = native.C.lac_clock()
    local value = read(bytes.safetensors("{" .. table.concat(parts, ",") .. "}",
      ("\7"):rep(20000)))
    assert.are.equal(7, value["blocks.20000.weight"]:read():item())
    local path = support.tmp(".safetensors")
    local out = assert(io.open(path, "wb"))
    local count = 24 * 2^20 -- 96 MB, a hole in the file
    out:write(bytes.safetensors('{"x":' .. tensor("F32", "[" .. count .. "]", 0, 4 * count) .. "}"))
    out:seek("cur", 4 * count - 4)
    out:write("\0\0\128\63")
    out:close()
    opened:close()
    opened = file.open(path)
    local t = safetensors.read(opened).x:read()
    assert.are.equal(1, t[count])
    assert.is_true(native.C.lac_clock() - start < 5)
  end)

  it("reads what the safetensors package wrote", function()
    local path = support.shared("vectors/import/sparseresnet21d.safetensors")
    if not path then return pending("no shared files here") end
    opened = file.open(path)
    local value, metadata = safetensors.read(opened)
    local count = 0
    for _ in value do count = count + 1 end
    assert.are.equal(126, count)
    assert.are.equal("test", metadata.origin)
    assert.are.same({ 27, 4, 4 }, value["0.0.0.kernel"]:read():size())
  end)
end)
