-- make deb: a Debian package that has what make install puts below /usr.

local shell = require "spec.support.shell"

local has_tools = shell.run("command -v dpkg-deb dpkg-shlibdeps").status == 0
local WITHOUT = "no dpkg-shlibdeps here (Debian's dpkg-dev)"

-- Not sanitized: most of the time goes to make, which without the flags of `make sanitize` would
-- also build anew what the other specs run on.
describe("make deb #process #unsanitized", function()
  local folder, remove, package

  setup(function()
    folder, remove = shell.folder()
    if not has_tools then return end
    local r = shell.run(string.format("make -j1 deb BUILD=%s", shell.build))
    assert.equal(0, r.status, r.out .. r.err)
    package = shell.quote(r.out:match("wrote (%S+)\n$"))
  end)
  teardown(function() remove() end)

  it("has the installation, owned by root", function()
    if not has_tools then pending(WITHOUT) end
    local files = shell.run("dpkg-deb -c " .. package).out
    for _, path in ipairs {
      "bin/lacuna", "lib/liblacuna.so.0.1.0", "lib/liblacuna_io.so.0.1.0",
      "lib/pkgconfig/lacuna.pc", "include/lacuna/lacuna.h",
      "share/lacuna/lua/lacuna/cdef.lua", "share/lacuna/models/minkunet.lua",
      "share/man/man1/lacuna.1.gz", "share/doc/lacuna/copyright", "share/doc/lacuna/changelog.gz",
      "share/doc/lacuna/changelog.Debian.gz", "share/doc/lacuna/examples/c/convolve.c",
    } do
      assert.is_not_nil(files:find(" ./usr/" .. path .. "\n", 1, true), path)
    end
    assert.is_not_nil(files:find("./usr/lib/liblacuna.so.0 -> liblacuna.so.0.1.0\n", 1, true))
    for line in files:gmatch("[^\n]+") do assert.matches("^%S+ root/root ", line) end
    assert.is_nil(files:find("share/lacuna/manifest", 1, true))
    assert.is_nil(files:find("./usr/local", 1, true))
  end)

  it("depends on what is linked and on the Lua modules that are loaded", function()
    if not has_tools then pending(WITHOUT) end
    local depends = shell.run("dpkg-deb -f " .. package .. " Depends").out
    for _, name in ipairs { "libc6", "libgomp1", "libluajit%-5%.1%-2", "libhdf5%-", "libpng16",
      "lua%-argparse", "lua%-cjson" } do
      assert.matches(name, depends)
    end
    assert.is_nil(depends:find("liblacuna", 1, true), "its own libraries are inside")
    assert.equal("0.1.0-1\n", shell.run("dpkg-deb -f " .. package .. " Version").out)
  end)

  it("runs where it is unpacked, and its sums are right", function()
    if not has_tools then pending(WITHOUT) end
    local r = shell.run(string.format("dpkg-deb -R %s %s/unpacked && cd %s/unpacked && "
      .. "md5sum --quiet -c DEBIAN/md5sums && unset LACUNA_LIB_DIR LUA_PATH && "
      .. "usr/bin/lacuna -e 'print(lacuna.models.minkunet { num_classes = 2 }.config.num_classes)'",
      package, folder, folder))
    assert.same({ status = 0, out = "2\n", err = "" }, r)
  end)

  it("is made the same way twice", function()
    if not has_tools then pending(WITHOUT) end
    local sum = "sha256sum <" .. package
    local first = shell.run(sum).out
    assert.equal(0, shell.run("make -j1 deb BUILD=" .. shell.build).status)
    assert.equal(first, shell.run(sum).out)
  end)

  it("has nothing that lintian calls an error", function()
    if not has_tools then pending(WITHOUT) end
    if shell.run("command -v lintian").status ~= 0 then pending("no lintian here") end
    local r = shell.run("lintian --fail-on error " .. package)
    assert.equal(0, r.status, r.out)
  end)
end)
