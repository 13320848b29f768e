-- A program is built against an installed Lacuna with pkg-config alone, in an empty folder.

local shell = require "spec.support.shell"

-- Not sanitized: most of the time goes to make, which without the flags of `make sanitize` would
-- also build anew what the other specs run on.
describe("pkg-config lacuna #process #unsanitized", function()
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

  -- Compiles in the empty folder; `environment` says how pkg-config finds the installation.
  local function build(compiler, source, environment, options)
    local query = string.format("pkg-config %s --cflags --libs lacuna", options)
    return shell.run(string.format("cd %s/work && unset LACUNA_LIB_DIR CPATH LIBRARY_PATH && "
      .. "export %s && flags=$(%s) && %s %s/%s $flags -o program", folder, environment, query,
      compiler, shell.tree, source))
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

  -- Staged and put where its prefix says, as packages are; each example by the line in its head.
  describe("with every example in C and C++", function()
    local prefix

    setup(function()
      prefix = folder .. "/prefix"
      local r = shell.run(string.format("make -j1 install BUILD=%s PREFIX=%s DESTDIR=%s/staged "
        .. "&& mv %s/staged%s %s", shell.build, prefix, folder, folder, prefix, prefix))
      assert.equal(0, r.status, r.out .. r.err)
    end)

    local function in_work(command)
      return shell.run(string.format("cd %s/work && unset LACUNA_LIB_DIR LACUNA_BUILD LUA_PATH "
        .. "LUA_CPATH CPATH LIBRARY_PATH && export PKG_CONFIG_PATH=%s/lib/pkgconfig "
        .. "LD_LIBRARY_PATH=%s/lib && %s", folder, prefix, prefix, command))
    end

    for path in shell.run("ls examples/c/*.c examples/cpp/*.cpp").out:gmatch("[^\n]+") do
      local text = assert(shell.read(path))
      local line = text:match("\n %*   (c[c+]+ [^\n]*pkg%-config[^\n]*)")
      local name = path:match("([^/]+)%.c[p]*$")

      it("builds " .. path .. (line and " and runs it" or " against stand-ins"), function()
        assert.equal(0, os.execute(string.format("cp %s %s/work/", path, folder)))
        local r = in_work(line or string.format("c++ -std=c++11 -isystem %s/spec/support/ros2 %s "
          .. "$(pkg-config --cflags --libs lacuna_script) -pthread -o %s", shell.tree,
          path:match("[^/]+$"), name))
        assert.equal(0, r.status, r.err)
        if line then
          r = in_work("./" .. name)
          assert.equal(0, r.status, r.err)
          assert.matches("%d", r.out)
        end
      end)
    end
  end)

  it("says the version", function()
    local r = shell.run(sysroot() .. " pkg-config --modversion lacuna")
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
  end)
end)
