-- An installed Lacuna runs from anywhere, without its source tree.

local shell = require "spec.support.shell"

describe("make install #process", function()
  local folder, remove, prefix

  setup(function()
    folder, remove = shell.folder()
    prefix = folder .. "/usr/local"
    -- Below `make test` this has its flags too (MAKEFLAGS), so that nothing is built again.
    local r = shell.run(string.format("make -j1 install BUILD=%s DESTDIR=%s", shell.build, folder))
    assert.equal(0, r.status, r.out .. r.err)
  end)
  teardown(function() remove() end)

  -- In another folder, with nothing of the tree in the environment.
  local function run(command)
    return shell.run("cd / && unset LACUNA_LIB_DIR LUA_PATH LUA_CPATH && " .. command)
  end

  it("puts the files where they belong", function()
    assert.equal("lacuna", shell.list(prefix .. "/bin"))
    assert.equal("liblacuna.so liblacuna.so.0 liblacuna.so.0.1.0 liblacuna_io.so pkgconfig",
      shell.list(prefix .. "/lib"))
    assert.is_not_nil(shell.read(prefix .. "/include/lacuna/lacuna.h"))
    assert.is_not_nil(shell.read(prefix .. "/share/lacuna/models/minkunet.lua"))
    assert.is_not_nil(shell.read(prefix .. "/share/man/man1/lacuna.1"))
    local tree = shell.run("grep -rlF " .. shell.quote(shell.tree) .. " " .. prefix .. "/share "
      .. prefix .. "/lib/pkgconfig")
    assert.equal("", tree.out, "no file names the source tree")
  end)

  it("runs from another folder", function()
    local r = run(prefix .. "/bin/lacuna -e 'print(lacuna.version)'")
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
    r = run(prefix .. "/bin/lacuna info")
    assert.equal(0, r.status, r.err)
    assert.is_nil(r.out:find(shell.tree .. "/", 1, true), r.out)
  end)

  it("runs through a link", function()
    local r = run(string.format("ln -s %s/bin/lacuna %s/link && %s/link -e 'print(lacuna.version)'",
      prefix, folder, folder))
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
  end)

  it("segments a scan", function()
    local r = run(string.format([[
      %s/bin/lacuna %s/examples/lua/make_scan.lua %s/street.bin &&
      %s/bin/lacuna segment %s/street.bin --columns 4 --model minkunet -o %s/out]], prefix,
      shell.tree, folder, prefix, folder, folder))
    assert.equal(0, r.status, r.err)
    assert.equal("street.label street.ply street.png", shell.list(folder .. "/out"))
  end)

  it("compiles a host by pkg-config", function()
    local r = run(string.format([[
      export PKG_CONFIG_SYSROOT_DIR=%s PKG_CONFIG_PATH=%s/lib/pkgconfig
      cc %s/examples/c/convolve.c $(pkg-config --cflags --libs lacuna) -o %s/convolve &&
      LD_LIBRARY_PATH=%s/lib %s/convolve]], folder, prefix, shell.tree, folder, prefix, folder))
    assert.equal(0, r.status, r.err)
    assert.matches("^3 voxels\n", r.out)
  end)

  it("is removed by make uninstall", function()
    local r = shell.run(string.format("make uninstall DESTDIR=%s", folder))
    assert.equal(0, r.status, r.err)
    assert.equal("", shell.run("find " .. prefix .. " -type f -o -type l").out)
  end)
end)
