-- torch_file.lua: writes pickles and the files of torch.save byte by byte, well formed or not.
--
-- A pickle is put together from opcodes as text: P.dict { { P.text "a", P.int(1) } } and so on are
-- strings that leave one value on the stack.

local bit = require "bit"
local ffi = require "ffi"

local torch_file = {}

-- ---- numbers ------------------------------------------------------------------------------------

local function little(value, bytes)
  local parts = {}
  for i = 1, bytes do
    parts[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(parts)
end
torch_file.little = little

--- The elements of a Lua list in memory order of a C type ("float", "int64_t", ...).
function torch_file.raw(ctype, list)
  local array = ffi.new(ctype .. "[?]", #list, list)
  return ffi.string(array, ffi.sizeof(array))
end

-- ---- pickles ------------------------------------------------------------------------------------

local P = {}
torch_file.P = P

P.none, P.yes, P.no = "N", "\136", "\137"

function P.int(v) return "J" .. little(v % 4294967296, 4) end
function P.text(s) return "X" .. little(#s, 4) .. s end
function P.bytes(s) return "B" .. little(#s, 4) .. s end
function P.float(v)
  return "G" .. torch_file.raw("double", { v }):reverse()
end
function P.tuple(...) return "(" .. table.concat { ... } .. "t" end
function P.list(...) return "](" .. table.concat { ... } .. "e" end
function P.global(module, name) return "c" .. module .. "\n" .. name .. "\n" end
function P.call(fn, ...) return fn .. P.tuple(...) .. "R" end
function P.build(object, state) return object .. state .. "b" end

local function pairs_of(items)
  local parts = {}
  for i = 1, #items do parts[i] = items[i][1] .. items[i][2] end
  return table.concat(parts)
end
--- Of a list of { key, value }.
function P.dict(items) return "}(" .. pairs_of(items) .. "u" end
function P.ordered_dict(items)
  return P.call(P.global("collections", "OrderedDict")) .. "(" .. pairs_of(items) .. "u"
end

--- Integers as a tuple.
function P.sizes(list)
  local parts = {}
  for i = 1, #list do parts[i] = P.int(list[i]) end
  return P.tuple(unpack(parts))
end

--- The persistent id of a storage; `more` are further items (the view of a legacy file).
function P.storage(class, key, count, more)
  return P.tuple(P.text("storage"), P.global("torch", class), P.text(key), P.text("cpu"),
    P.int(count), more or "") .. "Q"
end

--- _rebuild_tensor_v2 over the opcodes of a storage.
function P.tensor(storage, shape, strides, offset)
  return P.call(P.global("torch._utils", "_rebuild_tensor_v2"), storage, P.int(offset or 0),
    P.sizes(shape), P.sizes(strides), P.no, P.call(P.global("collections", "OrderedDict")))
end

--- A whole pickle.
function P.pickle(body) return "\128\2" .. body .. "." end

-- ---- zip ----------------------------------------------------------------------------------------

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do
    c = bit.bxor(bit.rshift(c, 1), bit.band(c, 1) == 1 and bit.tobit(0xedb88320) or 0)
  end
  crc_table[i] = c
end

function torch_file.crc32(s)
  local c = bit.tobit(0xffffffff)
  for i = 1, #s do
    c = bit.bxor(bit.rshift(c, 8), crc_table[bit.band(bit.bxor(c, s:byte(i)), 255)])
  end
  return bit.bnot(c) % 4294967296
end

--- An archive of stored entries { name, bytes }.
function torch_file.zip(entries)
  local parts, central, at = {}, {}, 0
  for _, entry in ipairs(entries) do
    local name, bytes = entry[1], entry[2]
    local sums = little(torch_file.crc32(bytes), 4) .. little(#bytes, 4) .. little(#bytes, 4)
    local head = "\0\0\0\8\0\0\0\0\0\0" .. sums .. little(#name, 2) .. "\0\0"
    parts[#parts + 1] = "PK\3\4" .. head .. name .. bytes
    central[#central + 1] = "PK\1\2\0\0" .. head .. ("\0"):rep(10) .. little(at, 4) .. name
    at = at + #parts[#parts]
  end
  local directory = table.concat(central)
  return table.concat(parts) .. directory .. "PK\5\6\0\0\0\0" .. little(#entries, 2)
    .. little(#entries, 2) .. little(#directory, 4) .. little(at, 4) .. "\0\0"
end

--- What torch.save writes: a pickle and the storages { key, bytes }; `extra` are more entries.
function torch_file.save(pickle, storages, extra)
  local entries = { { "net/data.pkl", pickle } }
  for _, storage in ipairs(storages or {}) do
    entries[#entries + 1] = { "net/data/" .. storage[1], storage[2] }
  end
  for _, entry in ipairs(extra or {}) do entries[#entries + 1] = entry end
  entries[#entries + 1] = { "net/version", "3\n" }
  return torch_file.zip(entries)
end

-- ---- legacy -------------------------------------------------------------------------------------

torch_file.MAGIC = "\128\2\138\10\108\252\156\70\249\32\106\168\80\25."

--- What torch.save wrote before 1.6. Storages are { key, count, bytes } in the order of their keys;
--- `facts` replaces the third pickle.
function torch_file.save_legacy(pickle, storages, facts)
  local keys, data = {}, {}
  for i, storage in ipairs(storages) do
    keys[i] = P.text(storage[1])
    data[i] = little(storage[2], 8) .. storage[3]
  end
  return torch_file.MAGIC .. P.pickle(P.int(1001))
    .. (facts or P.pickle(P.dict { { P.text "little_endian", P.yes } }))
    .. pickle .. P.pickle(P.list(unpack(keys))) .. table.concat(data)
end

return torch_file
