-- The tuner's cache file: what is written is read; damage, other versions and machines are not.

local lacuna = require "lacuna"
local cache = require "lacuna.tune.cache"
local choices = require "lacuna.tune.choices"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local function key(taps)
  return {
    device = "cpu", dtype = "float32", taps = taps, cin = 1, cout = 2, rows = 9, density = 4,
  }
end

local function entry(taps, name, rounding)
  return cache.entry(key(taps), choices.by_name(name), { [name] = 1.25, FetchOnDemand = 2 },
    rounding)
end

describe("the tuner's cache", function()
  local path
  before_each(function() path = support.tmp(".txt") end)
  after_each(function()
    choices.clear()
    support.clean()
  end)

  it("reads what it wrote", function()
    cache.write(path, { entry(27, "ImplicitGEMM"), entry(8, "ImplicitGEMM/sorted") })
    local entries, notes = cache.read(path)
    assert.same({}, notes)
    assert.equal(2, #entries)
    local known = cache.usable(entries, false)
    local found = known[choices.text(key(27))]
    assert.equal("ImplicitGEMM", found.choice.name)
    assert.same({ ImplicitGEMM = 1.25, FetchOnDemand = 2 }, found.ms)
    assert.same(key(27), found.key)
    assert.equal("exact", found.kind)
    assert.is_true(found.here)
  end)

  it("replaces an entry and keeps the others", function()
    cache.write(path, { entry(27, "ImplicitGEMM"), entry(8, "FetchOnDemand") })
    cache.write(path, { entry(27, "FetchOnDemand") })
    local known = cache.usable((cache.read(path)), false)
    assert.equal("FetchOnDemand", known[choices.text(key(27))].choice.name)
    assert.is_not_nil(known[choices.text(key(8))])
    assert.equal(2, #cache.read(path))
    assert.equal("", shell.list(path .. ".*"))
  end)

  it("makes the folders above it", function()
    local folder, remove = shell.folder()
    finally(remove)
    cache.write(folder .. "/a/b/tuning.txt", { entry(27, "FetchOnDemand") })
    assert.equal("tuning.txt", shell.list(folder .. "/a/b"))
  end)

  it("ignores damaged lines and says which, and drops them when it writes", function()
    cache.write(path, { entry(27, "ImplicitGEMM") })
    local good = shell.read(path)
    local line = good:match("\n(exact[^\n]*)\n")
    local damaged = {
      "rubbish", line:sub(1, 30), (line:gsub("exact", "wrong")), (line:gsub("float32", "float99")),
      (line:gsub("27 1 2", "27 one 2")), (line:gsub("ImplicitGEMM\t", "Magic\t")),
      (line:gsub("=1.25", "=fast")), (line:gsub(" 4\t", " 44\t")), (line:gsub("27 1 2", "0 1 2")),
      (line:gsub("27 1 2", "27 1 99999999999")), "\0\1\2\t\t\255", ("x"):rep(100000),
      -- A kernel that rounds differently in an exact line.
      (line:gsub("ImplicitGEMM\t", "GatherScatter\t")),
    }
    for _, text in ipairs(damaged) do
      shell.write(path, text .. "\n" .. good)
      local entries, notes = cache.read(path)
      assert.equal(1, #entries, text)
      assert.equal(path .. ": 1 damaged line ignored, the first is line 1", notes[1])
    end
    shell.write(path, table.concat(damaged, "\n") .. "\n" .. good)
    assert.equal(#damaged, tonumber(select(2, cache.read(path))[1]:match(": (%d+) damaged lines")))
    cache.write(path, { entry(8, "FetchOnDemand") })
    assert.same({}, select(2, cache.read(path)))
    assert.equal(2, #cache.read(path))
  end)

  it("keeps lines of other machines and versions, and does not use them", function()
    cache.write(path, { entry(27, "ImplicitGEMM") })
    local line = shell.read(path):match("\n(exact[^\n]*)\n")
    local function change(position, text)
      local fields = {}
      for field in line:gmatch("[^\t]+") do fields[#fields + 1] = field end
      fields[position] = text
      return table.concat(fields, "\t")
    end
    shell.write(path, change(2, "cpu/avx9/Other") .. "\n" .. change(3, "9.9.9") .. "\n")
    local entries, notes = cache.read(path)
    assert.equal(2, #entries)
    assert.same({ path .. ": 2 lines of another machine or version ignored" }, notes)
    assert.same({}, (cache.usable(entries, true)))
    local applied, said = lacuna.tune.load(path)
    assert.equal(0, applied)
    assert.same(notes, said)
    cache.write(path, { entry(27, "FetchOnDemand") })
    assert.equal(3, #cache.read(path))
  end)

  it("uses choices that round differently only when told to", function()
    cache.write(path, { entry(27, "ImplicitGEMM/split3", true), entry(27, "ImplicitGEMM") })
    local applied, notes = lacuna.tune.load(path)
    assert.equal(1, applied)
    assert.equal("ImplicitGEMM", choices.get(key(27)).name)
    assert.matches("1 choice that rounds differently ignored", notes[1])
    lacuna.tune.load(path, { allow_rounding = true })
    assert.equal("ImplicitGEMM/split3", choices.get(key(27)).name)
  end)

  it("raises where it cannot write, and leaves nothing behind", function()
    support.raises(function()
      cache.write("/proc/none/tuning.txt", { entry(27, "ImplicitGEMM") })
    end, "/proc/none")
  end)

  it("lies below XDG_CACHE_HOME", function()
    local function path_with(prefix)
      local code = "print(require('lacuna.tune.cache').default_path())"
      return shell.run(prefix .. " " .. shell.program .. " -e " .. shell.quote(code)).out
    end
    assert.equal("/somewhere/lacuna/tuning.txt\n", path_with("XDG_CACHE_HOME=/somewhere"))
    assert.equal("/home/me/.cache/lacuna/tuning.txt\n", path_with("XDG_CACHE_HOME= HOME=/home/me"))
  end)
end)
