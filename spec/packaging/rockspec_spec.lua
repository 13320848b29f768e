-- make rockspec: what luarocks would install from it is a working package, given the C library.

local shell = require "spec.support.shell"

-- Not sanitized: most of the time goes to make, which without the flags of `make sanitize` would
-- also build anew what the other specs run on.
describe("make rockspec #process #unsanitized", function()
  local folder, remove, rock

  setup(function()
    folder, remove = shell.folder()
    local r = shell.run(string.format("make -j1 rockspec BUILD=%s", shell.build))
    assert.equal(0, r.status, r.out .. r.err)
    local path = r.out:match("wrote (%S+)\n$")
    assert.matches("/lacuna%-0%.1%.0%-1%.rockspec$", path)
    rock = setmetatable({}, {
      __index = function(_, name) error("a global in the rockspec: " .. name) end,
    })
    setfenv(assert(loadfile(path)), rock)()
  end)
  teardown(function() remove() end)

  it("names the rock, its source and what it needs", function()
    assert.equal("lacuna", rock.package)
    assert.equal("0.1.0-1", rock.version)
    assert.equal("lacuna-0.1.0.tar.gz", rock.source.url)
    assert.equal("builtin", rock.build.type)
    assert.matches("liblacuna 0%.1%.0", rock.description.detailed)
  end)

  it("lists every Lua file of the package and every model", function()
    local listed = {}
    for _, path in pairs(rock.build.modules) do listed[path] = true end
    for path in shell.run("find lua models -name '*.lua'").out:gmatch("[^\n]+") do
      assert.is_true(listed[path], path)
    end
  end)

  it("makes a package that works with the library alone", function()
    for name, path in pairs(rock.build.modules) do
      local to = folder .. "/share/lua/5.1/" .. name:gsub("%.", "/") .. ".lua"
      assert.equal(0, os.execute(string.format("mkdir -p %s && cp %s %s", to:match("^(.*)/"), path,
        to)))
    end
    shell.run(string.format("mkdir %s/lib && cp %s/liblacuna*.so %s/lib", folder, shell.build,
      folder))
    local r = shell.run(string.format("cd / && unset LACUNA_BUILD && LACUNA_LIB_DIR=%s/lib "
      .. "LUA_PATH='%s/share/lua/5.1/?.lua;%s/share/lua/5.1/?/init.lua;;' luajit -e %s", folder,
      folder, folder, shell.quote("local l = require 'lacuna' "
        .. "print(l.version, l.type(l.nn.ReLU()), "
        .. "l.models.minkunet { num_classes = 2 }.config.num_classes, "
        .. "#l.io.synthetic_scan {} > 0)")))
    assert.same({ status = 0, out = "0.1.0\tReLU\t2\ttrue\n", err = "" }, r)
  end)
end)
