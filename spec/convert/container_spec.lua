-- What a file is, by its first bytes, and what is said of files that are none of ours.

local container = require "lacuna.convert.container"
local support = require "spec.support.init"

local function message(text)
  local path = support.write_file(support.tmp(".pth"), text)
  return support.raises(function() container.open(path) end, "convert: " .. path .. ": ")
end

describe("a file that holds no weights", function()
  after_each(support.clean)

  for what, text in pairs {
    ["the file is empty"] = "",
    ["git LFS pointer"] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    ["web page"] = "<!DOCTYPE html><html><body>404</body></html>",
    ["NumPy"] = "\147NUMPY\1\0v\0{'descr': '<f4'}",
    ["gzip"] = "\31\139\8\0\0\0\0\0",
    ["tar archive"] = ("a"):rep(100) .. ("\0"):rep(157) .. "ustar\0" .. ("\0"):rep(300),
    ["a text"] = "epoch: 3\nloss: 0.1\n",
    ["the bytes 01 02 03 04"] = "\1\2\3\4",
    ["GGUF"] = "GGUF\3\0\0\0",
  } do
    it("is named: " .. what, function()
      local said = message(text)
      assert.is_not_nil(said:find(what, 1, true), said)
    end)
  end

  it("is not judged by its name", function()
    local path = support.write_file(support.tmp(".h5"), "this is no HDF5 file")
    support.raises(function() container.open(path) end, path, "a text")
  end)

  it("may be a folder, or not there", function()
    support.raises(function() container.open("/") end, "convert: /")
    support.raises(function() container.open("/nowhere/x.pth") end, "/nowhere/x.pth")
  end)
end)

describe("an HDF5 file that contains itself", function()
  after_each(support.clean)

  it("is refused, not walked for ever", function()
    local source = require "lacuna.convert.hdf5_source"
    local hdf5 = require "lacuna.hdf5"
    local open = hdf5.open
    finally(function() hdf5.open = open end)
    local closed = false
    hdf5.open = function(path)
      return {
        path = path, list = function() return { "a", "b" } end,
        kind = function() return "group" end, attr = function() end,
        close = function() closed = true end,
      }
    end
    support.raises(function() source.open("loop.h5", 0) end, "convert: loop.h5", "64 groups")
    assert.is_true(closed)
  end)
end)
