-- An installed Lacuna runs from anywhere, without its source tree, and make uninstall takes all of
-- it back.

local shell = require "spec.support.shell"

local quote = shell.quote

-- Not sanitized: most of the time goes to make, which without the flags of `make sanitize` would
-- also build anew what the other specs run on.
describe("make install #process #unsanitized", function()
  local folder, remove, prefix

  -- Below `make test` this has its flags too (MAKEFLAGS), so that nothing is built again.
  local function make(target, options)
    return shell.run(string.format("make -j1 %s BUILD=%s %s", target, shell.build, options or ""))
  end

  setup(function()
    folder, remove = shell.folder()
    local staging = folder .. "/staging"
    local r = make("install", "DESTDIR=" .. staging)
    assert.equal(0, r.status, r.out .. r.err)
    -- It does not have to stay where it was put.
    prefix = folder .. "/somewhere else"
    assert.equal(0, os.execute(string.format("mv %s/usr/local %s", staging, quote(prefix))))
  end)
  teardown(function() remove() end)

  -- In an empty folder and home, with nothing of the tree in the environment. Where the system lets
  -- us have a namespace of our own, an empty folder lies over the tree.
  local HIDE = "unshare --map-root-user --mount sh -c "
  local MOUNT = 'mount -t tmpfs none "$0"'
  local hides = shell.run(HIDE .. quote(MOUNT) .. " " .. quote(shell.tree)).status == 0

  local function run(command)
    if hides then
      command = HIDE .. quote(MOUNT .. " && " .. command) .. " " .. quote(shell.tree)
    end
    return shell.run(string.format("mkdir -p %s/empty && cd %s/empty && "
      .. "unset LACUNA_LIB_DIR LACUNA_BUILD LUA_PATH LUA_CPATH && export HOME=%s/empty && %s",
      folder, folder, folder, command))
  end

  it("is tested without its tree", function()
    if not hides then pending("no namespace to hide the source tree in") end
    assert.is_true(run("test ! -e " .. quote(shell.tree .. "/README.md")).status == 0)
  end)

  local function lacuna(words)
    return run(quote(prefix .. "/bin/lacuna") .. " " .. words)
  end

  it("puts the files where they belong", function()
    assert.equal("lacuna", shell.list(prefix .. "/bin"))
    local libraries = " " .. shell.list(prefix .. "/lib") .. " "
    for built in shell.list(shell.build):gmatch("liblacuna[%w_]*%.so%f[ %z]") do
      for _, suffix in ipairs { "", ".0", ".0.1.0" } do
        assert.is_not_nil(libraries:find(" " .. built .. suffix .. " ", 1, true), built .. suffix)
      end
    end
    assert.equal(shell.list("runtime/include/lacuna"), shell.list(prefix .. "/include/lacuna"))
    assert.equal(shell.list("models"), shell.list(prefix .. "/share/lacuna/models"))
    assert.is_not_nil(shell.read(prefix .. "/lib/pkgconfig/lacuna.pc"))
    assert.is_not_nil(shell.read(prefix .. "/share/man/man1/lacuna.1"))
    assert.is_not_nil(shell.read(prefix .. "/share/doc/lacuna/LICENSE"))
    assert.equal(shell.list("examples/lua"), shell.list(prefix .. "/share/doc/lacuna/examples/lua"))
  end)

  it("is small: the libraries without CUDA are under 5 MB together", function()
    local bytes = 0
    for _, name in ipairs { "liblacuna", "liblacuna_io", "liblacuna_script" } do
      bytes = bytes + #assert(shell.read(prefix .. "/lib/" .. name .. ".so.0.1.0"))
    end
    assert.is_true(bytes < 5e6, bytes .. " bytes")
  end)

  it("names the source tree nowhere", function()
    local r = shell.run(string.format("cd %s && grep -rlF %s share lib/pkgconfig", quote(prefix),
      quote(shell.tree)))
    assert.equal("", r.out)
  end)

  it("gives each library the soname of its link", function()
    local r = shell.run(string.format("cd %s/lib && for f in liblacuna*.so; do objdump -p $f | "
      .. "sed -n 's/ *SONAME *//p' | grep -x $f.0 || echo no $f; done", quote(prefix)))
    assert.is_nil(r.out:find("no ", 1, true), r.out)
  end)

  it("runs from another folder", function()
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, lacuna "-e 'print(lacuna.version)'")
    local r = lacuna "info"
    assert.equal(0, r.status, r.err)
    assert.is_nil(r.out:find(shell.tree .. "/", 1, true), r.out)
  end)

  it("runs through a link", function()
    local r = run(string.format("ln -s %s %s/link && %s/link -e 'print(lacuna.version)'",
      quote(prefix .. "/bin/lacuna"), folder, folder))
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
  end)

  it("segments a scan", function()
    local example = quote(prefix .. "/share/doc/lacuna/examples/lua/make_scan.lua")
    local r = lacuna(example .. " street.bin")
    assert.equal(0, r.status, r.err)
    r = lacuna("segment street.bin --columns 4 --model minkunet -o out")
    assert.equal(0, r.status, r.err)
    assert.equal("street.label street.ply street.png", shell.list(folder .. "/empty/out"))
  end)

  it("is removed by make uninstall, with nothing else", function()
    local there = folder .. "/there"
    assert.equal(0, make("install", "DESTDIR=" .. there .. " PREFIX=/opt/lacuna").status)
    shell.write(there .. "/opt/lacuna/lib/of_another.so", "")
    shell.write(there .. "/opt/lacuna/share/lacuna/models/of_a_user.lua", "")
    local r = make("uninstall", "DESTDIR=" .. there .. " PREFIX=/opt/lacuna")
    assert.equal(0, r.status, r.err)
    r = shell.run("cd " .. there .. "/opt/lacuna && find . -type f -o -type l | sort")
    assert.equal("./lib/of_another.so\n./share/lacuna/models/of_a_user.lua\n", r.out)

    shell.run("rm -rf " .. there)
    assert.equal(0, make("install", "DESTDIR=" .. there .. " PREFIX=/opt/lacuna").status)
    assert.equal(0, make("uninstall", "DESTDIR=" .. there .. " PREFIX=/opt/lacuna").status)
    assert.equal("", shell.list(there .. "/opt"))
    r = make("uninstall", "DESTDIR=" .. there .. " PREFIX=/opt/lacuna")
    assert.equal(0, r.status)
    assert.matches("nothing to remove", r.out)
  end)

  it("replaces an earlier installation, and what that alone had goes", function()
    local there = folder .. "/again"
    assert.equal(0, make("install", "DESTDIR=" .. there).status)
    local root = there .. "/usr/local"
    shell.write(root .. "/share/lacuna/lua/lacuna/gone.lua", "")
    shell.write(root .. "/share/lacuna/manifest",
      shell.read(root .. "/share/lacuna/manifest") .. "share/lacuna/lua/lacuna/gone.lua\n")
    assert.equal(0, make("install", "DESTDIR=" .. there).status)
    assert.is_nil(shell.read(root .. "/share/lacuna/lua/lacuna/gone.lua"))
    assert.is_not_nil(shell.read(root .. "/bin/lacuna"))
    assert.equal(0, make("uninstall", "DESTDIR=" .. there).status)
    assert.equal("", shell.list(there .. "/usr"))
  end)

  it("wants an absolute prefix", function()
    local r = make("install", "PREFIX=here DESTDIR=" .. folder .. "/x")
    assert.is_true(r.status ~= 0)
    assert.matches("install: PREFIX is 'here', expected an absolute path\n", r.err, 1, true)
  end)
end)
