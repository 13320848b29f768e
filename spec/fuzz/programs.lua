-- programs.lua: pickles of well-formed opcodes in an order that nobody would write.

local P = require("spec.support.torch_file").P

local programs = {}

local NAMES = [[torch._utils _rebuild_tensor_v2;torch._utils _rebuild_tensor;
torch._utils _rebuild_tensor_v3;torch._utils _rebuild_parameter;torch FloatStorage;torch float32;
torch._utils _rebuild_parameter_with_state;torch._tensor _rebuild_from_type_v2;torch Size;
torch device;torch.serialization _get_layout;torch.storage UntypedStorage;torch LongStorage;
collections OrderedDict;collections defaultdict;collections Counter;collections deque;
builtins set;builtins list;builtins dict;builtins complex;builtins bytearray;builtins slice;
builtins int;builtins object;_codecs encode;copy_reg _reconstructor;argparse Namespace;
easydict EasyDict;mmengine.logging.history_buffer HistoryBuffer;pathlib PosixPath;
datetime datetime;datetime date;datetime time;datetime timedelta;datetime timezone;numpy dtype;
numpy ndarray;numpy.core.multiarray scalar;numpy.core.multiarray _reconstruct;
numpy.core.numeric _frombuffer]]

-- Opcodes, values, and the shapes that builders expect, so that some calls come far.
local pieces = {
  "N", "\136", "\137", "K\0", "K\1", "K\2", "K\4", "J\255\255\255\255", "M\0\2",
  "\138\9\1\2\3\4\5\6\7\8\9", "\138\8\255\255\255\255\255\255\255\127", P.float(0.5), "Fnan\n",
  "Finf\n", "I01\n", "L5L\n", P.text "", P.text "0", P.text "1", P.text "f8", P.text "O8",
  P.text "U2", P.text "latin1", P.text "torch.float32", P.text "\195\164", P.text "_metadata",
  P.text "storage", P.bytes "\0\0\0\0\0\0\240\63", P.bytes "\7\232\2\29\13\5\9\0\1\0", "C\2ef",
  ")", "]", "}", "\143", "(", "(", "(", "t", "t", "l", "d", "e", "a", "s", "u", "\144", "\145",
  "\133", "\134", "\134", "\135", "0", "1", "2", "2", "q\0", "q\1", "q\2", "h\0", "h\0", "h\1",
  "h\2", "\148", "R", "R", "R", "R", "\129", "\146", "b", "b", "b", "Q", "\147",
  P.storage("FloatStorage", "0", 8), P.storage("HalfStorage", "1", 3), P.sizes { 2, 2 },
  P.sizes { 2, 1 }, P.tensor(P.storage("FloatStorage", "0", 8), { 2, 2 }, { 2, 1 }),
  P.call(P.global("numpy", "dtype"), P.text "f8"), P.call(P.global("numpy", "dtype"), P.text "O"),
  P.call(P.global("numpy.core.multiarray", "_reconstruct")),
  P.tuple(P.int(1), P.sizes { 1 }, P.call(P.global("numpy", "dtype"), P.text "f8"), P.no,
    P.bytes "\0\0\0\0\0\0\240\63"),
  P.storage("FloatStorage", "0", 8) .. "K\0" .. P.sizes { 2 } .. P.sizes { 1 },
}

local names = {}
for module, name in NAMES:gmatch("([%w._]+) ([%w_]+)") do
  names[#names + 1] = P.global(module, name)
end

--- A pickle of up to 60 pieces. Every fourth is a name.
function programs.random(random)
  local parts = {}
  for i = 1, 1 + random(random(2) == 0 and 60 or 12) do
    parts[i] = random(4) == 0 and names[1 + random(#names)] or pieces[1 + random(#pieces)]
  end
  -- What lies on the stack becomes one list, if there is no mark too few.
  return random(2) == 0 and P.pickle("(" .. table.concat(parts) .. "l")
    or P.pickle(table.concat(parts))
end

--- A call of a name with up to eight values as arguments, and then perhaps a state.
function programs.call(random)
  local function value() return pieces[1 + random(30)] end
  local function argument()
    local pick = random(10)
    if pick < 5 then return value() end
    if pick < 7 then return names[1 + random(#names)] end
    if pick == 7 then return "(" .. value() .. value() .. "t" end
    if pick == 8 then return "](" .. value() .. value() .. "e" end
    return pieces[#pieces - 1 - random(8)]
  end
  local function arguments()
    local parts = {}
    for i = 1, random(9) do parts[i] = argument() end
    return table.concat(parts)
  end
  local body = names[1 + random(#names)] .. "(" .. arguments() .. "t" .. "R"
  if random(2) == 0 then body = body .. "(" .. arguments() .. (random(2) == 0 and "tb" or "db") end
  return P.pickle("](" .. body .. "e")
end

return programs
