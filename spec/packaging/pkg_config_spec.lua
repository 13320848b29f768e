-- A program is built against an installed Lacuna with pkg-config alone, in an empty folder.

local shell = require "spec.support.shell"

describe("pkg-config lacuna #process", function()
  local folder, remove

  setup(function()
    folder, remove = shell.folder()
    local r = shell.run(string.format("make -j1 install BUILD=%s DESTDIR=%s/root", shell.build,
      folder))
    assert.equal(0, r.status, r.out .. r.err)
    assert.equal(0, os.execute(string.format("mkdir %s/work && cp -r %s/root/usr/local %s/moved",
      folder, folder, folder)))
  end)
  teardown(function() remove() end)

  -- What `source` needs, by its includes.
  local function packages(source)
    local text, list = shell.read(source), { "lacuna" }
    if text:find("lacuna/lacuna_script%.h") or text:find("lacuna/lacuna_script%.hpp") then
      list[#list + 1] = "lacuna_script"
    end
    if text:find("[<\"]lua%.h") or text:find("[<\"]lauxlib%.h") or text:find("[<\"]lua%.hpp") then
      list[#list + 1] = "luajit"
    end
    return table.concat(list, " ")
  end

  -- Compiles in the empty folder; `environment` says how pkg-config finds the installation.
  local function build(compiler, source, environment, options)
    local query = string.format("pkg-config %s --cflags --libs %s", options, packages(source))
    return shell.run(string.format("cd %s/work && unset LACUNA_LIB_DIR CPATH LIBRARY_PATH && "
      .. "export %s && flags=$(%s) && %s %s/%s $flags -o program", folder, environment, query,
      compiler, shell.tree, source))
  end

  local function sources(pattern)
    local list = {}
    for path in shell.run("ls " .. pattern .. " 2>/dev/null").out:gmatch("[^\n]+") do
      list[#list + 1] = path
    end
    return list
  end

  local function sysroot()
    return string.format("PKG_CONFIG_SYSROOT_DIR=%s/root "
      .. "PKG_CONFIG_PATH=%s/root/usr/local/lib/pkgconfig", folder, folder)
  end

  it("builds the first example with the installation below a sysroot", function()
    local r = build("cc -std=c11 -Wall -Wextra -Werror", "examples/c/convolve.c", sysroot(), "")
    assert.equal(0, r.status, r.err)
    r = shell.run(string.format("cd %s/work && "
      .. "LD_LIBRARY_PATH=%s/root/usr/local/lib ./program", folder, folder))
    assert.equal(0, r.status, r.err)
    assert.matches("^3 voxels\n", r.out)
  end)

  it("builds it with the installation moved elsewhere", function()
    local r = build("cc -std=c11", "examples/c/convolve.c",
      "PKG_CONFIG_PATH=" .. folder .. "/moved/lib/pkgconfig", "--define-prefix")
    assert.equal(0, r.status, r.err)
    -- The library goes by its soname: the link without a version is for the linker alone.
    r = shell.run(string.format("rm %s/moved/lib/*.so && cd %s/work && "
      .. "LD_LIBRARY_PATH=%s/moved/lib ./program", folder, folder, folder))
    assert.equal(0, r.status, r.err)
    assert.matches("^3 voxels\n", r.out)
  end)

  it("builds every example in C and C++", function()
    for _, source in ipairs(sources("examples/c/*.c")) do
      local r = build("cc -std=c11", source, sysroot(), "")
      assert.equal(0, r.status, source .. ": " .. r.err)
    end
    for _, source in ipairs(sources("examples/cpp/*.cpp")) do
      local r = build("c++ -std=c++11 -pthread", source, sysroot(), "")
      assert.equal(0, r.status, source .. ": " .. r.err)
    end
  end)

  it("says the version", function()
    local r = shell.run(sysroot() .. " pkg-config --modversion lacuna")
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
  end)
end)
