-- write_seeds.lua: writes spec/fuzz/seeds. Run from the root of the tree, with LUA_PATH as .busted
-- has it: luajit spec/fuzz/write_seeds.lua

local torch_file = require "spec.support.torch_file"

local P, raw = torch_file.P, torch_file.raw

local seeds = {}

local WEIGHT = raw("float", { 1, 2, 3, 4, 5, 6, 7, 8 })
local HALVES = "\0\60\0\192\0\62"

local function state_dict(view)
  local weight = P.storage("FloatStorage", "0", 8, view)
  local dict = P.ordered_dict {
    { P.text "conv.weight", P.tensor(weight, { 2, 1, 1, 2, 2 }, { 4, 4, 4, 2, 1 }) },
    { P.text "conv.bias", P.tensor(weight, { 2 }, { 1 }, 6) },
    { P.text "bn.weight", P.tensor(P.storage("HalfStorage", "1", 3, view), { 3 }, { 1 }) },
  }
  return P.build(dict, P.dict { { P.text "_metadata", P.ordered_dict {
    { P.text "", P.dict { { P.text "version", P.int(1) } } } } } })
end

local function dtype(code)
  return P.build(P.call(P.global("numpy", "dtype"), P.text(code), P.no, P.yes),
    P.tuple(P.int(3), P.text "<", P.none, P.none, P.none, P.int(-1), P.int(-1), P.int(0)))
end

-- One of everything that a pickle may hold beside tensors.
local function everything()
  local array = P.build(P.call(P.global("numpy.core.multiarray", "_reconstruct"),
    P.global("numpy", "ndarray"), P.tuple(P.int(0)), P.bytes "b"),
    P.tuple(P.int(1), P.sizes { 2, 2 }, dtype "f8", P.no,
      P.bytes(raw("double", { 1, 2, 3, 4 }))))
  return P.list(
    P.none, P.yes, "I01\n", "I-5\n", "L123456789012345678901L\n", "F1.5e3\n", P.float(0.1),
    "\138\9\1\2\3\4\5\6\7\8\9", "S'a\\n\\x41'\n", "V\\u20ac\n", "U\2ab", "\140\2cd", "C\2ef",
    P.dict { { P.tuple(P.int(1), P.text "k"), P.text "v" } }, "\143(K\1K\2\144", "(K\1\145",
    P.text "memo" .. "q\7", "h\7", "K\9\148", "K\1K\2K\3\135", "](K\1K\0022e",
    P.call(P.global("collections", "defaultdict"), P.global("builtins", "list")),
    P.call(P.global("_codecs", "encode"), P.text "\195\136", P.text "latin1"),
    P.build(P.global("argparse", "Namespace") .. ")\129", P.dict { { P.text "a", P.int(1) } }),
    P.call(P.global("datetime", "datetime"), P.bytes "\7\232\2\29\13\5\9\0\1\0"),
    P.call(P.global("pathlib", "PosixPath"), P.text "a", P.text "b"),
    P.call(P.global("numpy.core.multiarray", "scalar"), dtype "i8", P.bytes "\1\0\0\0\0\0\0\0"),
    array)
end

local function safetensors()
  local header = '{"__metadata__":{"format":"pt"},"conv.weight":{"dtype":"F32","shape":[2,1,1,2,2],'
    .. '"data_offsets":[0,32]},"bn.weight":{"dtype":"F16","shape":[3],"data_offsets":[32,38]}}'
  return torch_file.little(#header, 8) .. header .. WEIGHT .. HALVES
end

local storages = { { "0", WEIGHT }, { "1", HALVES } }
seeds["tiny.pkl"] = P.pickle(state_dict())
seeds["everything.pkl"] = P.pickle(everything())
local framed = "}\148(\140\1a\148K\1\140\1b\148\140\8argparse\148\140\9Namespace\148\147\148)}\146"
  .. "\148}\140\1aK\5sbu."
seeds["protocol4.pkl"] = "\128\4\149" .. torch_file.little(#framed, 8) .. framed
seeds["tiny.pth"] = torch_file.save(P.pickle(P.dict { { P.text "epoch", P.int(3) },
  { P.text "state_dict", state_dict() } }), storages, { { "net/byteorder", "little" } })
seeds["tiny_legacy.pth"] = torch_file.save_legacy(P.pickle(state_dict(P.none)),
  { { "0", 8, WEIGHT }, { "1", 3, HALVES } })
seeds["tiny.safetensors"] = safetensors()

if arg and arg[0]:find("write_seeds", 1, true) then
  for name, bytes in pairs(seeds) do
    local file = assert(io.open("spec/fuzz/seeds/" .. name, "wb"))
    file:write(bytes)
    file:close()
  end
end

return seeds
