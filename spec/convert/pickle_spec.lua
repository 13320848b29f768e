-- pickle_spec.lua: the machine that reads pickles: every way to write data, and what it refuses.

local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"
local file = require "lacuna.convert.file"
local ordered = require "lacuna.nn.ordered"
local pickle = require "lacuna.convert.pickle"

local P = torch_file.P

-- The value of a pickle given as bytes.
local function read(bytes, options)
  local f = file.open(support.write_file(support.tmp(".pkl"), bytes))
  local ok, value, after = pcall(pickle.read, f, 0, f.size, options)
  f:close()
  if not ok then error(value, 0) end
  return value, after
end

local function refused(bytes, ...)
  local message = support.raises(function() return read(bytes) end, "convert: ", ".pkl: ", ...)
  assert(not message:find("lacuna/convert", 1, true), message)
  return message
end

-- A list of `depth` lists, each in the next.
local function nested(depth)
  return ("]"):rep(depth) .. ("a"):rep(depth - 1) .. "."
end

describe("convert.pickle", function()
  after_each(support.clean)

  it("reads every form of None, booleans and numbers", function()
    local cases = {
      { "N.", false }, { "\136.", true }, { "\137.", false }, { "I01\n.", true },
      { "I00\n.", false }, { "I-42\n.", -42 }, { "L12L\n.", 12 }, { "L-7\n.", -7 },
      { "K\255.", 255 }, { "M\1\2.", 513 }, { "J\255\255\255\255.", -1 },
      { "J\0\0\0\128.", -2147483648 }, { "F1.5\n.", 1.5 }, { "F-1e-3\n.", -0.001 },
      { "Finf\n.", math.huge }, { "G\63\248\0\0\0\0\0\0.", 1.5 }, { "G\192\0\0\0\0\0\0\0.", -2 },
      { "\138\0.", 0 }, { "\138\1\255.", -1 }, { "\138\2\0\1.", 256 }, { "\139\1\0\0\0\5.", 5 },
      { "\138\7\0\0\0\0\0\0\32.", 9007199254740992 },
      { "\138\7\0\0\0\0\0\0\224.", -9007199254740992 },
    }
    for _, case in ipairs(cases) do assert.equal(case[2], (read(case[1])), case[1]) end
    local nan = read("Fnan\n.")
    assert.is_true(nan ~= nan)
  end)

  it("keeps whole numbers exact: int64 beyond 2^53, digits beyond that", function()
    assert.is_true(read("\138\8\255\255\255\255\255\255\255\127.") == 9223372036854775807LL)
    assert.is_true(read("\138\8\0\0\0\0\0\0\0\128.") == -9223372036854775807LL - 1)
    assert.is_true(read("L9007199254740993L\n.") == 9007199254740993LL)
    assert.equal("9223372036854775808", (read("\138\9\0\0\0\0\0\0\0\128\0.")))
    assert.equal("-9223372036854775809", (read("\138\9\255\255\255\255\255\255\255\127\255.")))
    assert.equal("119547037146038801333356", (read(torch_file.MAGIC)))
    assert.equal("1" .. ("0"):rep(30), (read("L1" .. ("0"):rep(30) .. "L\n.")))
    refused("\139\65\0\0\0" .. ("\1"):rep(65) .. ".", "a whole number of 65 bytes")
    refused("L" .. ("1"):rep(200) .. "\n.", "a line without an end")
    refused("I12x\n.", "12x, expected a whole number")
    refused("F0x10\n.", "0x10, expected a number")
  end)

  it("reads every form of string", function()
    local cases = {
      "S'ab'\n.", 'S"ab"\n.', "U\2ab.", "T\2\0\0\0ab.", "\140\2ab.", "X\2\0\0\0ab.",
      "\141\2\0\0\0\0\0\0\0ab.", "C\2ab.", "B\2\0\0\0ab.", "\142\2\0\0\0\0\0\0\0ab.",
      "\150\2\0\0\0\0\0\0\0ab.", "Vab\n.",
    }
    for _, case in ipairs(cases) do assert.equal("ab", (read(case)), case) end
    assert.equal("a\n'\0A\200\\q", (read("S'a\\n\\'\\x00\\101\\xc8\\q'\n.")))
    assert.equal("\195\164\226\130\172\240\159\152\128",
      (read("V\228\\u20ac\\U0001f600\n.")))
    refused("S'ab\n.", "a string without its quotes")
    refused("S'\n.", "a string without its quotes")
    refused("V\\U00110000\n.", "beyond Unicode")
    refused("X\255\255\255\255ab.", "a string of 4294967295 bytes, expected at most")
    refused("X\255\255\0\0ab.", "truncated: 65535 bytes are wanted and 3 are left")
    refused("\141\0\0\0\0\0\0\255\0.", "a length of 2^53 or more")
  end)

  it("builds tuples, lists, sets and dicts in every way", function()
    local one_two = {
      "(K\1K\2t.", "K\1K\2\134.", "](K\1K\2e.", "]K\1aK\2a.", "(K\1K\2l.",
      "\143(K\1K\2\144.", "(K\1K\2\145.", "K\1K\2K\3\135K\2\134." ,
    }
    for i = 1, 7 do assert.same({ 1, 2 }, (read(one_two[i])), one_two[i]) end
    assert.same({ { 1, 2, 3 }, 2 }, (read(one_two[8])))
    assert.same({}, (read(").")))
    assert.same({ 5 }, (read("K\5\133.")))
    for _, bytes in ipairs { "}(U\1bK\1U\1aK\2u.", "}U\1bK\1sU\1aK\2s.", "(U\1bK\1U\1aK\2d." } do
      local dict = read(bytes)
      assert.same({ "b", "a" }, ordered.names(dict))
      assert.equal(1, dict.b)
      assert.equal(2, dict.a)
    end
    assert.same({ false, false, 3 }, (read("(N\137K\3t.")))
    assert.same({ "b" }, ordered.names((read("}(U\1aNU\1bK\1u."))))
  end)

  it("turns dict keys into strings and numbers", function()
    local dict = read(P.pickle(P.dict {
      { P.int(3), P.text "int" }, { P.float(0.5), P.text "float" }, { P.yes, P.text "true" },
      { P.tuple(P.int(0), P.text "x"), P.text "tuple" }, { P.none, P.text "none" },
      { "\138\8\255\255\255\255\255\255\255\127", P.text "long" },
    }))
    assert.equal("int", dict[3])
    assert.equal("float", dict[0.5])
    assert.equal("true", dict[1])
    assert.equal("tuple", dict["(0, x)"])
    assert.equal("none", dict.None)
    assert.equal("long", dict["9223372036854775807"])
    refused("}Fnan\nK\1s.", "NaN")
    refused("}]K\1s.", "a dict key is a list")
    refused("}X\200\0\0\0" .. ("x"):rep(200) .. "\133K\1s.", "a tuple as dict key")
  end)

  it("moves the stack and the memo", function()
    assert.same({ 1, 1 }, (read("K\0010K\0012\134.")))
    assert.same({ 1 }, (read("(K\1(K\2K\0031t.")))
    assert.same({ 7 }, (read("(K\7(0t.")))
    assert.same({ 1, 1, 1 }, (read("(K\1p9\ng9\nr\1\2\0\0j\1\2\0\0t.")))
    assert.same({ 4, 4 }, (read("(K\4\148h\0t.")))
    assert.same({ 4, 4 }, (read("(K\4q\5h\5t.")))
    local value, after = read("\128\4\149\3\0\0\0\0\0\0\0K\1.rest")
    assert.equal(1, value)
    assert.equal(14, after)
    refused("h\3.", "memo entry 3 is read before it is written")
    refused("g99\n.", "memo entry 99")
    refused("p-1\n.", "memo entry -1")
    refused("q\0.", "a value is missing")
  end)

  it("reads longer pickles than one block of the file", function()
    local parts = {}
    for i = 1, 5000 do parts[i] = P.text(("name %d "):format(i) .. ("x"):rep(i % 90)) end
    local list = read(P.pickle(P.list(unpack(parts))))
    assert.equal(5000, #list)
    for i = 1, 5000, 7 do assert.equal(parts[i]:sub(6), list[i]) end
    local texts = {}
    for i = 1, 9000 do texts[i] = "Vline " .. i .. "\n" end
    list = read("(" .. table.concat(texts) .. "l.")
    assert.equal("line 9000", list[9000])
    list = read("(" .. P.float(0.25):rep(70000) .. "l.")
    assert.equal(70000, #list)
    assert.equal(0.25, list[70000])
  end)

  it("builds Python's own classes as data", function()
    local g = P.global
    local function value(body) return (read(P.pickle(body))) end
    local dict = value(P.call(g("collections", "OrderedDict"),
      P.list(P.list(P.text "z", P.int(1)), P.tuple(P.text "y", P.int(2)))))
    assert.same({ "z", "y" }, ordered.names(dict))
    dict = value(P.call(g("collections", "Counter"), P.dict { { P.text "a", P.int(3) } }))
    assert.equal(3, dict.a)
    dict = value(P.call(g("collections", "defaultdict"), g("__builtin__", "list"))
      .. P.text "k" .. P.int(4) .. "s")
    assert.equal(4, dict.k)
    assert.same({ 1, 2 }, value(P.call(g("__builtin__", "set"), P.list(P.int(1), P.int(2)))))
    assert.same({ 1 }, value(P.call(g("builtins", "frozenset"), P.tuple(P.int(1)))))
    assert.same({ 1, -2 }, value(P.call(g("builtins", "complex"), P.float(1), P.float(-2))))
    assert.same({ 0, false, 2 }, value(P.call(g("builtins", "slice"), P.int(0), P.none, P.int(2))))
    assert.same({ 0, 9, 3 }, value(P.call(g("builtins", "range"), P.int(0), P.int(9), P.int(3))))
    assert.equal("a\200", value(P.call(g("_codecs", "encode"), P.text "a\195\136",
      P.text "latin1")))
    assert.equal("\200", value(P.call(g("builtins", "bytearray"), P.text "\195\136",
      P.text "latin-1")))
    assert.equal("", value(P.call(g("__builtin__", "bytes"))))
    assert.same({ "builtins.int" }, value(P.list(g("builtins", "int"))))
    assert.equal("data/model/x.pth", value(P.call(g("pathlib", "PosixPath"), P.text "data",
      P.text "model", P.text "x.pth")))
    assert.equal("/x", value(P.call(g("pathlib", "PosixPath"), P.text "/", P.text "x")))
    refused(P.pickle(P.call(g("_codecs", "encode"), P.text "\226\130\172", P.text "latin1")),
      "other letters")
    refused(P.pickle(P.call(g("_codecs", "encode"), P.text "a", P.text "rot13")), "codec rot13")
  end)

  it("gives objects their attributes", function()
    local new = P.global("argparse", "Namespace") .. ")\129"
    local args = read(P.pickle(P.build(new, P.dict { { P.text "lr", P.float(0.5) } })))
    assert.equal(0.5, args.lr)
    local old = P.call(P.global("copy_reg", "_reconstructor"), P.global("argparse", "Namespace"),
      P.global("__builtin__", "object"), P.none)
    args = read(P.pickle(P.build(old, P.dict { { P.text "lr", P.float(2) } })))
    assert.equal(2, args.lr)
    args = read("\128\4\140\8argparse\140\9Namespace\147)}\146}\140\1aK\5sb.")
    assert.equal(5, args.a)
    local edict = P.global("easydict", "EasyDict") .. ")\129" .. P.text "a" .. P.int(1) .. "s"
    assert.equal(1, read(P.pickle(P.build(edict, P.dict { { P.text "a", P.int(1) } }))).a)
    local buffer = P.global("mmengine.logging.history_buffer", "HistoryBuffer") .. ")\129"
    local state = P.dict { { P.text "_max_length", P.int(9) } }
    assert.equal(9, read(P.pickle(P.build(buffer, state)))._max_length)
  end)

  it("writes dates as text", function()
    local function value(name, ...)
      return (read(P.pickle(P.call(P.global("datetime", name), ...))))
    end
    assert.equal("2024-02-29 13:05:09.000256",
      value("datetime", P.bytes "\7\232\2\29\13\5\9\0\1\0"))
    assert.equal("2024-02-29", value("date", P.bytes "\7\232\2\29"))
    assert.equal("13:05:09", value("time", P.bytes "\13\5\9\0\0\0"))
    assert.equal("86401.5 s", value("timedelta", P.int(1), P.int(1), P.int(500000)))
    refused(P.pickle(P.call(P.global("datetime", "date"), P.bytes "abc")), "packed time")
  end)

  it("reads NumPy's scalars and arrays", function()
    local function dtype(code, order)
      return P.build(P.call(P.global("numpy", "dtype"), P.text(code), P.no, P.yes),
        P.tuple(P.int(3), P.text(order or "<"), P.none, P.none, P.none, P.int(-1), P.int(-1),
          P.int(0)))
    end
    local function scalar(module, code, bytes, order)
      return (read(P.pickle(P.call(P.global(module, "scalar"), dtype(code, order),
        P.bytes(bytes)))))
    end
    local old, new = "numpy.core.multiarray", "numpy._core.multiarray"
    assert.equal(2.5, scalar(old, "f8", torch_file.raw("double", { 2.5 })))
    assert.equal(2.5, scalar(new, "f8", torch_file.raw("double", { 2.5 }):reverse(), ">"))
    assert.equal(-7, scalar(old, "i8", torch_file.raw("int64_t", { -7 })))
    assert.is_true(scalar(old, "i8", torch_file.raw("int64_t", { 2LL ^ 60 })) == 2LL ^ 60)
    assert.equal(1.5, scalar(old, "f2", "\0\62"))
    assert.is_true(scalar(old, "b1", "\1"))
    assert.equal("h\195\164", scalar(old, "U2", "h\0\0\0\228\0\0\0"))
    assert.equal("ab", scalar(old, "S4", "ab\0\0"))
    local function array(shape, fortran, code, bytes)
      local made = P.call(P.global(old, "_reconstruct"), P.global("numpy", "ndarray"),
        P.tuple(P.int(0)), P.bytes "b")
      return P.build(made, P.tuple(P.int(1), P.sizes(shape), dtype(code), fortran, bytes))
    end
    local six = P.bytes(torch_file.raw("int32_t", { 1, 2, 3, 4, 5, 6 }))
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, (read(P.pickle(array({ 2, 3 }, P.no, "i4", six)))))
    assert.same({ { 1, 3, 5 }, { 2, 4, 6 } }, (read(P.pickle(array({ 2, 3 }, P.yes, "i4", six)))))
    assert.same({ "x", 2 }, (read(P.pickle(array({ 2 }, P.no, "O8",
      P.list(P.text "x", P.int(2)))))))
    refused(P.pickle(array({ 7 }, P.no, "i4", six)), "24 bytes of a NumPy array of 7 elements")
    refused(P.pickle(array({ -1 }, P.no, "i4", six)), "shape[0] of a NumPy array is -1")
    refused(P.pickle(array({ 1000000, 1000000, 0 }, P.no, "i4", P.bytes "")), "elements, expected")
    refused(P.pickle(P.call(P.global("numpy", "dtype"), P.text "V8")), "numpy.dtype V8")
    refused(P.pickle(P.list(P.call(P.global(old, "_reconstruct")))), "without elements")
  end)

  it("refuses every other global and opcode by its name, and runs nothing", function()
    local proof = support.tmp(".proof")
    local message = refused("\128\2cposix\nsystem\n" .. P.tuple(P.text("touch " .. proof)) .. "R.",
      "pickle at byte 2: global posix.system is not allowed: a checkpoint holds data only")
    assert.is_nil(io.open(proof))
    assert.is_truthy(message:find("convert: ", 1, true))
    refused("\140\8builtins\140\4eval\147.", "global builtins.eval is not allowed")
    refused("cx\27[31m\ny\n.", "global x?[31m.y is not allowed")
    refused("ctorch.nn.modules.conv\nConv3d\n.", "torch.nn.modules.conv.Conv3d",
      "pickled module", "state_dict()")
    refused("c__main__\nNet\n.", "global __main__.Net is not allowed", "state_dict()")
    refused("ctorch._utils\n_rebuild_qtensor\n.", "quantized")
    refused("ctorch._utils\n_rebuild_sparse_tensor\n.", "sparse")
    refused("ctorch\nComplexFloatStorage\n.", "torch.ComplexFloatStorage", "no dtype")
    refused("ctorch.storage\n_load_from_bytes\n.", "checkpoint inside a pickle")
    refused("(iposix\nsystem\n.", "opcode INST")
    refused("(o.", "opcode OBJ")
    refused("P1\n.", "opcode PERSID")
    refused("\130\1.", "opcode EXT1")
    refused("\132\1\0\0\0.", "opcode EXT4")
    refused("\151.", "opcode NEXT_BUFFER")
    refused("\255.", "opcode 0xff")
    refused("\128\6N.", "protocol 6")
    refused("K\1Q.", "a persistent id")
    refused("cbuiltins\nint\nK\1\133R.", "a builtins.int is called")
    refused("K\1)R.", "a number is called")
    refused("ccollections\nOrderedDict\nK\1R.", "arguments are a number")
    refused("ccopyreg\n_reconstructor\n)R.", "expected an allowed class")
  end)

  it("refuses what does not fit together", function()
    refused("", "truncated")
    refused("K", "truncated: 1 bytes are wanted and 0 are left")
    refused(".", "a value is missing on the stack")
    refused("0.", "a value is missing")
    refused("t.", "a mark is missing")
    refused("}(K\1u.", "a key without a value")
    refused("K\1K\2a.", "added to a number")
    refused("]K\1K\2s.", "keys are set in a list")
    refused("K\1K\2b.", "a state for a number")
    refused("}K\1b.", "the attributes of a dict are a number")
    refused("K\1(a.", "a value is missing")
    refused("\149\9\0\0\0\0\0\0\0K\1.", "a frame of 9 bytes")
    refused("cposix", "a line without an end")
    refused("ccollections\nOrderedDict\nK\1\133R.", "a dict made of a number")
    refused("cnumpy\nndarray\n)\129.", "numpy.ndarray is called")
  end)

  it("bounds depth, cycles, repetition and the stack", function()
    assert.equal("table", type((read(nested(100)))))
    refused(nested(101), "nested deeper than 100 levels")
    refused(nested(200000), "nested deeper than 100 levels")
    refused("]q\0h\0a.", "data that contains itself")
    refused("}q\0U\1ah\0s.", "data that contains itself")
    refused("]q\0(h\0te.", "a mark is missing")
    refused("]q\0h\0\133a.", "data that contains itself")
    -- Lists of the list before, twice: 2^22 items in 90 bytes.
    local laughs = "]" .. ("q\0000](h\0h\0e"):rep(22) .. "."
    refused(laughs, "unfolds to more than 4000000 items")
    local shared = read("]q\0000](h\0h\0e.")
    assert.is_true(rawequal(shared[1], shared[2]))
    -- A deep list that is met first near the root, and then far from it.
    local deep = ("]"):rep(60) .. ("a"):rep(59) .. "q\0"
    refused("(" .. deep .. ("]"):rep(60) .. "h\0a" .. ("a"):rep(59) .. "l.", "nested deeper")
    refused(("]"):rep(1000001) .. ".", "more than 1000000")
    refused(("K\1"):rep(1000001) .. ".", "a stack of more than 1000000")
    refused(("("):rep(1000001) .. ".", "more than 1000000 marks")
    local copies = P.text(("x"):rep(60000)) .. "q\0000" .. P.text "latin1" .. "q\0010("
      .. (P.global("_codecs", "encode") .. "h\0h\1\134R"):rep(60) .. "l."
    refused(copies, "arrays and copies of more than")
  end)
end)
