-- make dist: the sources that git knows, the same bytes every time.

local shell = require "spec.support.shell"

-- Not sanitized: most of the time goes to make, which without the flags of `make sanitize` would
-- also build anew what the other specs run on.
describe("make dist #process #unsanitized", function()
  local folder, remove, archive

  setup(function()
    folder, remove = shell.folder()
    archive = folder .. "/lacuna-0.1.0.tar.gz"
  end)
  teardown(function() remove() end)

  -- A tree that came from an archive has no git to ask.
  local function in_git()
    return shell.run("test \"$(git rev-parse --show-toplevel)\" = \"$(pwd -P)\"").status == 0
  end

  it("packs what git lists, below lacuna-VERSION", function()
    if not in_git() then pending("this tree is no git checkout") end
    local r = shell.run("make -j1 dist BUILD=" .. folder)
    assert.equal(0, r.status, r.err)
    assert.equal("lacuna-0.1.0.tar.gz", shell.list(folder), "nothing else is left")
    local listed = shell.run("git ls-files | sed 's|^|lacuna-0.1.0/|'").out
    assert.equal(listed, shell.run("tar tzf " .. archive).out)
  end)

  it("makes the same bytes from the same tree", function()
    if not in_git() then pending("this tree is no git checkout") end
    local sum = "sha256sum <" .. archive
    local first = shell.run(sum).out
    local r = shell.run(string.format("touch -c README.md && rm %s && make -j1 dist BUILD=%s && %s",
      archive, folder, sum))
    assert.equal(0, r.status, r.err)
    assert.equal(first, r.out:match("[^\n]*\n$"))
  end)

  it("makes an archive that is a tree to build", function()
    if not in_git() then pending("this tree is no git checkout") end
    local r = shell.run(string.format("cd %s && tar xzf %s && cd lacuna-0.1.0 && "
      .. "make -n CUDA=0 && make help", folder, archive))
    assert.equal(0, r.status, r.err)
    assert.matches("liblacuna%.so", r.out)
    r = shell.run(string.format("cd %s/lacuna-0.1.0 && make dist", folder))
    assert.is_true(r.status ~= 0)
    assert.matches("dist: this folder is no git checkout", r.err)
  end)
end)
