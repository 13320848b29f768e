-- pytorch_legacy.lua: checkpoints of torch.save before version 1.6.
--
-- Five pickles follow each other: a magic number, the protocol, facts about the machine, what was
-- saved, and the keys of the storages. Then each storage: its number of elements as int64, and the
-- elements. Where a storage lies is therefore known last, so the fourth pickle is read twice: for
-- the storages that it names, and, once they have places, for the tensors over them.

local pickle = require "lacuna.convert.pickle"
local pytorch = require "lacuna.convert.pytorch"
local stored = require "lacuna.convert.stored"
local text = require "lacuna.convert.pickle_text"

local legacy = {}

local MAGIC = "119547037146038801333356" -- 0x1950a86a20f9469cfc6c
local PROTOCOL = 1001

local function read_plain(f, at)
  return pickle.read(f, at, f.size - at, { base = at })
end

-- The magic number, the protocol and the facts about the machine; returns whether that was
-- big-endian, and the place of the fourth pickle.
local function read_preamble(f)
  if f.size >= 262 and f:read(257, 5) == "ustar" then
    f:fail("is a tar archive (PyTorch before 0.2), expected a checkpoint of a later version")
  end
  local magic, at = read_plain(f, 0)
  if magic ~= MAGIC then
    f:fail("is a pickle without PyTorch's magic number, expected a checkpoint of torch.save")
  end
  local protocol, facts
  protocol, at = read_plain(f, at)
  if protocol ~= PROTOCOL then
    f:fail("protocol %s, expected %d", type(protocol) == "table" and "is no number"
      or text.shown(protocol), PROTOCOL)
  end
  facts, at = read_plain(f, at)
  local little
  if type(facts) == "table" then little = facts.little_endian end
  if type(little) ~= "boolean" then
    f:fail("the facts about the machine lack little_endian, expected true or false")
  end
  return not little, at
end

-- The view of a storage that a persistent id describes; `find` gives the storage of a key.
local function persistent(find)
  local views = {}
  return function(m, id)
    local key, dtype, count, untyped = pytorch.storage_id(m, id, { [5] = true, [6] = true })
    local storage = find(m, key, dtype, count)
    pytorch.same_storage(m, storage, dtype, count)
    local shift, size, name = 0, count, key
    if id[6] ~= nil and m:kind_of(id[6]) ~= "None" then -- (key of the view, offset, elements)
      local view = id[6]
      if m:kind_of(view) ~= "tuple" or #view ~= 3 then
        m:fail("the view of storage '%s' is a %s, expected a tuple of 3", text.shown(key),
          m:kind_of(view))
      end
      shift, size = view[2], view[3]
      for i = 2, 3 do
        local v = view[i]
        if type(v) ~= "number" or v < 0 or v ~= math.floor(v) or v > count then
          m:fail("the view of storage '%s' has %s %s, expected a whole number up to %.0f",
            text.shown(key), i == 2 and "offset" or "size",
            type(v) == "number" and text.shown(v) or "a " .. m:kind_of(v), count)
        end
      end
      if shift + size > count then
        m:fail("the view of storage '%s' ends at element %.0f of %.0f", text.shown(key),
          shift + size, count)
      end
      name = ("%s\0%.0f\0%.0f"):format(key, shift, size)
    end
    views[name] = views[name]
      or { storage = storage, shift = shift, count = size, untyped = untyped }
    return views[name]
  end
end

-- The int64 before a storage, read in either order. PyTorch writes it, and the elements, in
-- little-endian on every machine; the first versions wrote both as the machine had them. The count
-- is known from the pickle, so it tells which.
local function count_at(f, at, swapped)
  local bytes = f:read(at, 8)
  if swapped then bytes = bytes:reverse() end
  local value = 0
  for i = 8, 1, -1 do value = value * 256 + bytes:byte(i) end
  return value
end

-- Gives each storage its offset.
local function place_storages(f, keys, at, storages, big_endian)
  local swapped -- unknown until a count differs from its reverse
  for i = 1, #keys do
    local key = keys[i]
    local storage = type(key) == "string" and storages[key]
    if not storage then
      f:fail("storage key %d is %s, which no tensor names", i,
        type(key) == "string" and "'" .. text.shown(key) .. "'" or "a " .. type(key))
    end
    if storage.offset then f:fail("storage '%s' is listed twice", text.shown(key)) end
    if f.size - at < 8 then
      f:fail("truncated: storage '%s' is missing at byte %.0f", text.shown(key), at)
    end
    local count = count_at(f, at, swapped)
    if swapped == nil and big_endian and count ~= storage.count then
      count = count_at(f, at, true)
      swapped = true
    elseif swapped == nil and count ~= 0 then
      swapped = false
    end
    if count ~= storage.count then
      f:fail("storage '%s' at byte %.0f has %.0f elements, but its tensors name %.0f",
        text.shown(key), at, count, storage.count)
    end
    storage.offset = at + 8
    at = storage.offset + count * stored.element_size(storage.dtype)
    if at > f.size then
      f:fail("truncated: storage '%s' ends at byte %.0f, but the file has %.0f bytes",
        text.shown(key), at, f.size)
    end
  end
  for key, storage in pairs(storages) do
    if not storage.offset then
      f:fail("storage '%s' is not in the list of keys", text.shown(key))
    end
    storage.big_endian = swapped or false
  end
end

--- Reads the checkpoint in `f`.
function legacy.read(f)
  local big_endian, at = read_preamble(f)
  local storages = {}

  local function collect(_, key, dtype, count)
    storages[key] = storages[key] or { key = key, dtype = dtype, count = count }
    return storages[key]
  end
  local _, after = pickle.read(f, at, f.size - at, {
    base = at, persistent = persistent(collect), tensor = function() return {} end,
  })

  local keys, first = read_plain(f, after)
  if type(keys) ~= "table" or (#keys == 0 and next(keys) ~= nil) then
    f:fail("the keys of the storages are a %s, expected a list", type(keys))
  end
  place_storages(f, keys, first, storages, big_endian)

  return (pickle.read(f, at, f.size - at, {
    base = at, persistent = persistent(function(_, key) return storages[key] end),
    tensor = function(m, spec) return pytorch.make_tensor(f, m, spec) end,
  }))
end

return legacy
