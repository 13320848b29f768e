-- plugin_spec.lua: liblacuna_io is opened at first use, and its absence is one line.

local support = require "spec.support.init"
local native = require "lacuna.native"

-- What a fresh process prints that runs `code` with `setting` in its environment.
local function output(setting, code)
  local script = support.write_file(support.tmp(".lua"), code)
  local pipe = io.popen(("%s LUA_PATH='%s' luajit '%s' 2>&1"):format(setting, package.path, script))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local READ = [[
  local lacuna = require "lacuna"
  local ok, message = pcall(lacuna.io.synthetic_scan, { beams = 1, azimuths = 10 })
  io.write(ok and "scanned" or message)
]]

describe("liblacuna_io", function()
  after_each(support.clean)

  it("is not loaded before it is used", function()
    local text = output("", [[
      local lacuna = require "lacuna"
      lacuna.zeros(3)
      local maps = io.open("/proc/self/maps"):read("*a")
      io.write(maps:find("liblacuna_io", 1, true) and "loaded" or "absent")
      io.write(maps:find("libhdf5", 1, true) and " loaded" or " absent")
      lacuna.io.synthetic_scan { beams = 1, azimuths = 1 }
      maps = io.open("/proc/self/maps"):read("*a")
      io.write(maps:find("liblacuna_io", 1, true) and " loaded" or " absent")
    ]])
    assert.equal("absent absent loaded", text)
  end)

  it("is found through LACUNA_IO_LIB, and says in one line what is missing", function()
    local missing = output("LACUNA_IO_LIB=/nowhere/io.so", READ)
    assert.truthy(missing:find("cannot open /nowhere/io.so, which is needed for files", 1, true),
      missing)
    assert.falsy(missing:find("\n"))
    if not native.library_dir then return end
    local other = output("LACUNA_IO_LIB='" .. native.library_dir .. "/liblacuna.so'", READ)
    assert.truthy(other:find("has no lac_io_plugin", 1, true), other)
    local right = output("LACUNA_IO_LIB='" .. native.library_dir .. "/liblacuna_io.so'", READ)
    assert.equal("scanned", right)
  end)
end)
