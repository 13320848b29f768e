local bytes = require "spec.support.bytes"
local file = require "lacuna.convert.file"
local stored = require "lacuna.convert.stored"
local support = require "spec.support.init"
local zip = require "lacuna.convert.zip"

local le = bytes.le
local opened

local function open(text)
  if opened then opened:close() end
  opened = file.open(support.write_file(support.tmp(".zip"), text))
  return zip.open(opened)
end

-- The archive of `entries` is refused with these texts.
local function refused(text, ...)
  return support.raises(function() return open(text) end, "convert: /", ...)
end

-- The first `old` in a text becomes `new`; no patterns.
local function replace(text, old, new)
  local first, last = text:find(old, 1, true)
  return text:sub(1, first - 1) .. new .. text:sub(last + 1)
end

local function three(fields)
  local entries = {
    { name = "net/data.pkl", data = "pickle", padding = 13 },
    { name = "net/data/0", data = "0123456789abcdef" },
    { name = "net/version", data = "3\n" },
  }
  for field, value in pairs(fields or {}) do entries[2][field] = value end
  return entries
end

describe("a zip archive", function()
  after_each(function()
    if opened then opened:close() end
    opened = nil
    support.clean()
  end)

  local function check(archive)
    assert.are.equal(3, #archive.entries)
    for i, want in ipairs(three()) do
      local e = archive.entries[i]
      assert.are.equal(want.name, e.name)
      assert.are.equal(want.data, opened:read(e.offset, e.size))
      assert.are.equal(bytes.crc32(want.data), e.crc32)
      assert.are.equal(e, archive:find(want.name))
    end
    assert.is_nil(archive:find("net/other"))
  end

  it("lists its entries and where their data are", function()
    check(open(bytes.zip(three())))
    check(open(bytes.zip(three(), { comment = "made by hand" })))
    check(open(bytes.zip(three(), { comment = "PK\5\6 in a comment" .. ("\0"):rep(40) })))
  end)

  it("reads zip64 records and data descriptors", function()
    check(open(bytes.zip(three(), { zip64 = true })))
    check(open(bytes.zip(three { zip64 = true }, { zip64 = true })))
    for _, width in ipairs { 32, 64 } do
      check(open(bytes.zip(three { descriptor = width })))
      check(open(bytes.zip(three { descriptor = width, zip64 = true }, { zip64 = true })))
    end
    local crc = le(bytes.crc32(three()[2].data), 4) -- without a signature
    check(open(bytes.zip(three { descriptor = 32, descriptor_text = crc .. le(16, 4):rep(2) })))
    check(open(bytes.zip(three { descriptor = 32, flags = 0x808 })))
  end)

  it("reads archives beyond 4 GiB", function()
    local base = 4 * 2^30 + 7
    local path = support.tmp(".zip")
    local out = assert(io.open(path, "wb"))
    assert(out:seek("set", base)) -- a hole: no blocks on the disk
    local entries = three { zip64 = true, descriptor = 64 }
    entries[1].zip64, entries[3].zip64 = true, true
    out:write(bytes.zip(entries, { zip64 = true, base = base }))
    out:close()
    opened = file.open(path)
    check(zip.open(opened))
  end)

  it("leaves folders out, and takes an archive of nothing", function()
    local archive = open(bytes.zip { { name = "net/", data = "" }, { name = "net/a", data = "" } })
    assert.are.equal(1, #archive.entries)
    assert.are.equal("net/a", archive.entries[1].name)
    assert.are.equal(0, #open(bytes.zip {}).entries)
  end)

  it("gives checksums that stored tensors are read with", function()
    local data = bytes.array("float", { 1, 2, 3 })
    for _, damaged in ipairs { false, true } do
      local text = bytes.zip { { name = "x", data = data } }
      if damaged then text = replace(text, "\0\0\128\63", "\0\0\129\63") end
      local e = open(text):find("x")
      local s = stored.new { file = opened, name = "x", dtype = "float32", shape = { 3 },
        storage = { key = "x", offset = e.offset, count = 3, dtype = "float32",
          crc32 = e.crc32 } }
      if damaged then
        support.raises(function() return s:read() end, "x: crc32")
      else
        assert.are.same({ 1, 2, 3 }, support.flat(s:read()))
      end
    end
  end)

  it("refuses what is truncated, at any byte", function()
    local text = bytes.zip(three { descriptor = 64, zip64 = true }, { zip64 = true })
    for n = 0, #text - 1 do
      refused(text:sub(1, n), "end of central directory: missing")
    end
    refused(text .. "x", "end of central directory: missing")
  end)

  it("refuses a wrong central directory", function()
    refused(bytes.zip(three(), { directory_offset = 0 }), "central directory: ", "at byte 0")
    refused(bytes.zip(three(), { directory_size = 2^31 }), "central directory: 2147483648 bytes")
    refused(bytes.zip(three(), { count = 4 }), "number of entries: 4")
    refused(bytes.zip(three(), { count = 2 }), "bytes after its 2 entries")
    refused(bytes.zip(three(), { count = 5000 }), "number of entries: 5000")
    refused(bytes.zip(three(), { zip64 = true, count = 2^40 }), "number of entries")
    refused(bytes.zip(three(), { zip64 = true, directory_size = 2^62 }), "central directory")
    refused(bytes.zip(three(), { zip64 = true, locator = 5 }), "zip64 end of central directory",
      "byte 5")
    refused(bytes.zip(three(), { zip64 = true, locator = 2^60 }), "zip64 locator")
    refused(bytes.zip(three(), { zip64 = true, record_size = 43 }),
      "zip64 end of central directory: a size of 43")
    local text = bytes.zip(three())
    refused(replace(text, "PK\1\2", "PK\1\3"), "central directory: no entry at byte 0")
    -- The name of the last entry longer than the directory.
    local at = text:find("net/version", #text - 60, true)
    refused(text:sub(1, at - 19) .. le(60000, 2) .. text:sub(at - 16), "goes beyond its end")
    refused(replace(text, "PK\5\6\0\0", "PK\5\6\1\0"), "expected an archive in one file")
  end)

  it("refuses local headers that say something else", function()
    refused(bytes.zip(three { signature = "PK\3\5" }), "entry 'net/data/0'", "local header")
    refused(bytes.zip(three { local_name = "net/data/1" }), "entry 'net/data/0'", "another name")
    refused(bytes.zip(three { local_name = "net/data/00" }), "entry 'net/data/0'")
    refused(bytes.zip(three { local_size = 15 }), "entry 'net/data/0': size: 15 bytes in the local")
    refused(bytes.zip(three { local_flags = 1 }), "entry 'net/data/0': is encrypted")
    refused(bytes.zip(three { header = 3 }), "'net/data/0': overlap")
    refused(bytes.zip(three { header = 60 }), "entry 'net/data.pkl': size: its data end")
    refused(bytes.zip(three { header = 62, size = 4 }),
      "entry 'net/data/0': local header: not at byte 62")
    local crc = le(bytes.crc32(three()[2].data), 4)
    for _, descriptor in ipairs { crc .. le(15, 4) .. le(16, 4), le(1, 4) .. le(16, 4):rep(2), "",
      "PK\7\8" .. crc } do
      refused(bytes.zip(three { descriptor = 32, descriptor_text = descriptor }),
        "entry 'net/data/0': data descriptor")
    end
    -- The local one comes first.
    refused(replace(bytes.zip(three()), crc, "\0\1\2\3"), "entry 'net/data/0': crc32")
  end)

  it("refuses compressed and encrypted entries", function()
    refused(bytes.zip(three { method = 8 }), "entry 'net/data/0': compression method 8")
    refused(bytes.zip(three { method = 93 }), "compression method 93")
    for _, flags in ipairs { 1, 64, 8192 } do
      refused(bytes.zip(three { flags = flags }), "entry 'net/data/0': is encrypted")
    end
  end)

  it("refuses sizes that lie, bombs of overlapping entries, and duplicates", function()
    refused(bytes.zip(three { size = 2^31 }), "entry 'net/data/0': size: 2147483648 bytes")
    refused(bytes.zip(three { size = 1000, packed = 16 }), "size: 1000 bytes stored as 16")
    refused(bytes.zip(three { size = 17 }), "'net/data/0' and 'net/version': overlap")
    refused(bytes.zip(three { size = 2^50, zip64 = true }), "entry 'net/data/0': size: ")
    refused(bytes.zip(three { size = 2^32 - 1 }), "entry 'net/data/0': zip64 sizes: missing")
    refused(bytes.zip(three { zip64 = true, central_extra = "" }), "zip64 sizes: missing")
    refused(bytes.zip(three { zip64 = true, central_extra = le(1, 2) .. le(8, 2) .. le(1, 8) }),
      "zip64 sizes: missing")
    refused(bytes.zip(three { zip64 = true,
      central_extra = le(1, 2) .. le(24, 2) .. ("\255"):rep(24) }), "above 2^53")
    refused(bytes.zip(three { name = "net/version" }), "entry 'net/version': is there twice")
    refused(bytes.zip(three { name = "" }), "an entry without a name")
    -- Many names for the same bytes.
    local entries = { { name = "0", data = ("x"):rep(1000) } }
    for i = 1, 50 do
      entries[i + 1] = { name = tostring(i), data = "", size = 1000, header = 0, crc32 = 0 }
    end
    refused(bytes.zip(entries), "overlap")
  end)

  it("keeps names to one line", function()
    refused(bytes.zip(three { name = "net/\ndata\27[2J", method = 8 }), "entry 'net/?data?[2J'")
  end)

  it("is quick with many entries", function()
    local entries = {}
    for i = 1, 2000 do entries[i] = { name = "net/data/" .. i, data = "", crc32 = 0 } end
    local text = bytes.zip(entries)
    local start = os.clock()
    assert.are.equal(2000, #open(text).entries)
    assert.is_true(os.clock() - start < 2)
  end)

  it("opens what torch.save wrote", function()
    local path = support.shared("vectors/import/second_spconv2.pth")
    if not path then return pending("no shared files here") end
    opened = file.open(path)
    local archive = zip.open(opened)
    assert.are.equal(76, #archive.entries)
    local pickle = archive:find("second_spconv2/data.pkl")
    local text = opened:read(pickle.offset, pickle.size)
    assert.are.equal("\128\2", text:sub(1, 2))
    assert.are.equal(pickle.crc32, bytes.crc32(text))
  end)
end)
