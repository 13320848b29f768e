-- pytorch.lua: checkpoints of torch.save: a zip archive with one pickle and one entry per storage,
-- or, before version 1.6, five pickles and the storages behind them (pytorch_legacy.lua).
--
-- A pickle names a storage by a persistent id, ("storage", class, key, device, elements). Tensors
-- over one key share one storage table.

local globals = require "lacuna.convert.pickle_globals"
local pickle = require "lacuna.convert.pickle"
local stored = require "lacuna.convert.stored"
local text = require "lacuna.convert.pickle_text"
local zip = require "lacuna.convert.zip"

local pytorch = {}

-- ---- what both forms share ----------------------------------------------------------------------

--- Checks a persistent id; returns key, dtype, number of elements, and whether the storage has no
--- dtype of its own (it then counts bytes).
function pytorch.storage_id(m, id, sizes)
  local kind = m:kind_of(id)
  if kind ~= "tuple" or type(id[1]) ~= "string" then
    m:fail("a persistent id is a %s, expected a tuple (\"storage\", ...)", kind)
  end
  if id[1] == "module" then m:fail("this file " .. globals.MODULE:gsub("^is", "holds")) end
  if id[1] ~= "storage" or not sizes[#id] then
    m:fail("a persistent id (\"%s\", ...) of %d items, expected a storage", text.shown(id[1]), #id)
  end
  local class, key, count = id[2], id[3], id[5]
  if m:kind_of(class) ~= "global" or not class.storage then
    m:fail("the class of a storage is %s, expected torch.FloatStorage or its like",
      m:kind_of(class) == "global" and class.name or "a " .. m:kind_of(class))
  end
  if type(key) ~= "string" or #key > 100 then
    m:fail("the key of a storage is a %s, expected a short string", m:kind_of(key))
  end
  if type(count) ~= "number" or count < 0 or count ~= math.floor(count) or count > text.EXACT then
    m:fail("storage '%s' has %s elements, expected a whole number from 0", text.shown(key),
      type(count) == "number" and text.shown(count) or "a " .. m:kind_of(count))
  end
  local untyped = class.storage == "untyped"
  return key, untyped and "uint8" or class.storage, count, untyped
end

--- The same storage again must be described as before.
function pytorch.same_storage(m, storage, dtype, count)
  if storage.dtype ~= dtype or storage.count ~= count then
    m:fail("storage '%s' is %.0f elements of %s here and %.0f of %s elsewhere",
      text.shown(storage.key), count, dtype, storage.count, storage.dtype)
  end
end

--- Makes a tensor for the pickle machine. `spec.storage` is { storage=, shift=, count=, untyped= };
--- without a shape it stands for the whole storage.
function pytorch.make_tensor(f, m, spec)
  local view = spec.storage
  local dtype = spec.dtype
  if not dtype then
    if view.untyped and spec.shape then
      m:fail("storage '%s' has no dtype and its tensor names none", text.shown(view.storage.key))
    end
    dtype = view.storage.dtype
  end
  return stored.new {
    file = f, name = "the tensor of " .. m:place(), dtype = dtype,
    shape = spec.shape or { view.count }, strides = spec.strides,
    offset = (spec.offset or 0) + view.shift, storage = view.storage,
  }
end

-- ---- zip ----------------------------------------------------------------------------------------

-- The folder that holds data.pkl.
local function find_root(f, archive)
  local root
  for _, entry in ipairs(archive.entries) do
    local folder, rest = entry.name:match("^([^/]*)/(.*)$")
    if rest == "data.pkl" then
      if root then
        f:fail("a zip archive with %s/data.pkl and %s/data.pkl, expected one checkpoint",
          text.shown(root), text.shown(folder))
      end
      root = folder
    end
  end
  for _, entry in ipairs(archive.entries) do
    local rest = entry.name:match("^[^/]*/(.*)$") or ""
    if rest == "constants.pkl" or rest:find("^code/") then
      f:fail("is a TorchScript archive (it holds %s): a checkpoint is expected, save the"
        .. " state_dict() with torch.save", text.shown(entry.name))
    end
  end
  if not root then
    local first = archive.entries[1]
    f:fail("is a zip archive without a data.pkl in a folder%s, expected what torch.save writes",
      first and (" (it begins with " .. text.shown(first.name) .. ")") or "")
  end
  return root
end

local function is_big_endian(f, archive, root)
  local entry = archive:find(root .. "/byteorder")
  if not entry then return false end
  local order = f:read(entry.offset, math.min(entry.size, 16))
  if order ~= "little" and order ~= "big" then
    f:fail("byteorder is '%s', expected little or big", text.shown(order))
  end
  return order == "big"
end

--- Reads the checkpoint in a zip archive: the tree of what was saved.
---@param f table  an open file of lacuna.convert.file
function pytorch.read_zip(f)
  local archive = zip.open(f)
  local root = find_root(f, archive)
  local big_endian = is_big_endian(f, archive, root)
  local views = {}

  local function persistent(m, id)
    local key, dtype, count, untyped = pytorch.storage_id(m, id, { [5] = true })
    local view = views[key]
    if view then
      pytorch.same_storage(m, view.storage, dtype, count)
      return view
    end
    local entry = archive:find(root .. "/data/" .. key)
    if not entry then
      m:fail("storage '%s' is not in the archive (%s/data/%s)", text.shown(key), text.shown(root),
        text.shown(key))
    end
    local bytes = count * stored.element_size(dtype)
    if bytes ~= entry.size then
      m:fail("storage '%s' is %.0f elements of %s, %.0f bytes, but its entry has %.0f bytes",
        text.shown(key), count, dtype, bytes, entry.size)
    end
    views[key] = {
      shift = 0, count = count, untyped = untyped,
      storage = {
        key = key, offset = entry.offset, count = count, dtype = dtype, big_endian = big_endian,
        crc32 = entry.crc32,
      },
    }
    return views[key]
  end

  local data = archive:find(root .. "/data.pkl")
  return (pickle.read(f, data.offset, data.size, {
    label = "data.pkl",
    persistent = persistent,
    tensor = function(m, spec) return pytorch.make_tensor(f, m, spec) end,
  }))
end

-- ---- legacy -------------------------------------------------------------------------------------

--- Reads a checkpoint from before PyTorch 1.6: the tree of what was saved.
---@param f table  an open file of lacuna.convert.file
function pytorch.read_legacy(f)
  return require("lacuna.convert.pytorch_legacy").read(f)
end

return pytorch
