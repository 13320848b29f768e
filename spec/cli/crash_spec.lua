-- What a full disk or a kill leaves of the files that the program writes: the old ones or the new
-- ones, whole; and nothing that stands in the way of the next run.

local shell = require "spec.support.shell"

-- Over all writers.
local KILLS = tonumber(os.getenv "LACUNA_KILLS") or 15
local SEED = tonumber(os.getenv "LACUNA_SEED") or 1
local BLOCK = 512 -- bytes in a unit of the shell's ulimit -f

local ENCODER = [[
local lacuna = require "lacuna"
local nn = lacuna.nn
local Tiny = nn.class("Tiny", nn.BevEncoder)
function Tiny:__init(config)
  self.config = { in_channels = 4, sparse_shape = { 6, 60, 60 }, axis_order = "zyx" }
  self.input = {
    columns = { "x", "y", "z", "intensity" }, order = "zyx", voxel_size = { 1, 1, 1 },
    range = { -30, -30, -3, 30, 30, 3 }, max_points = 3, max_voxels = 10000,
  }
  self.conv = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU())
  self.out = nn.Conv3d(8, 4, { 3, 1, 1 }, { stride = { 2, 1, 1 } })
  self.to_bev = self:make_bev()
end
function Tiny:encode(x, named)
  return named("out", self.out(named("conv", self.conv(x))))
end
return Tiny
]]

-- Prepares two versions of every input.
local PREPARE = [[
local lacuna = require "lacuna"
local nn = lacuna.nn
local folder = arg[1]
for i = 1, 2 do
  lacuna.manual_seed(i)
  local points = lacuna.io.synthetic_scan { beams = 24, azimuths = 600, seed = i }
  local file = assert(io.open(folder .. "/" .. i .. "/street.bin", "wb"))
  file:write(require("ffi").string(points:data(), points:numel() * 4))
  file:close()
  nn.Sequential(nn.Linear(64, 512), nn.Linear(512, 64)):save(folder .. "/" .. i .. "/in.h5")
end
]]

-- Many tensors, so that there is much to write when the file is closed, and one that is written at
-- once.
local SAVE = [[
local lacuna = require "lacuna"
local nn = lacuna.nn
lacuna.manual_seed(tonumber(arg[1]))
local net = nn.Sequential()
for _ = 1, 30 do net:add(nn.Linear(3, 7)) end
net:add(nn.Linear(300, 300))
net:save(arg[2])
]]

describe("files of a run that fails or is killed #process", function()
  local folder, remove

  setup(function()
    folder, remove = shell.folder()
    os.execute("mkdir " .. folder .. "/1 " .. folder .. "/2")
    shell.write(folder .. "/encoder.lua", ENCODER)
    shell.write(folder .. "/prepare.lua", PREPARE)
    shell.write(folder .. "/save.lua", SAVE)
    local r = shell.lacuna(folder .. "/prepare.lua", folder)
    assert.equal(0, r.status, r.err)
  end)
  teardown(function() remove() end)

  -- Each writes version 1 or 2 of its files into a folder.
  local writers = {
    { name = "segment", count = 3, words = function(version, out)
      return "segment", folder .. "/" .. version .. "/street.bin", "--columns", 4, "--model",
        shell.tree .. "/spec/support/tiny_model.lua", "-o", out
    end },
    { name = "encode", count = 2, words = function(version, out)
      return "encode", folder .. "/" .. version .. "/street.bin", "--columns", 4, "--model",
        folder .. "/encoder.lua", "--image", "-o", out
    end },
    { name = "convert", count = 1, words = function(version, out)
      return "convert", folder .. "/" .. version .. "/in.h5", out .. "/net.h5"
    end },
    { name = "net:save", count = 1, words = function(version, out)
      return folder .. "/save.lua", version, out .. "/net.h5"
    end },
    { name = "tune", count = 1, words = function(version, out)
      return "tune", "--model", shell.tree .. "/spec/support/tiny_model.lua", "--input",
        folder .. "/" .. version .. "/street.bin", "--columns", 4, "--voxel-size", version,
        "--threads", version, "--repeat", 1, "--output", out .. "/tuned"
    end, varies = true },
  }

  local function command(writer, version, out)
    local words = { shell.quote(shell.program) }
    for _, word in ipairs { writer.words(version, out) } do
      words[#words + 1] = shell.quote(word)
    end
    return table.concat(words, " ")
  end

  local function contents(where)
    local files = {}
    for name in shell.list(where):gmatch("%S+") do
      files[name] = shell.read(where .. "/" .. name)
    end
    return files
  end

  -- Version 1 in `out`, and what versions 1 and 2 look like.
  local function prepare(writer, out)
    local versions = {}
    for version = 2, 1, -1 do
      os.execute("mkdir -p " .. out .. " && rm -rf " .. out .. "/*")
      local r = shell.run(command(writer, version, out))
      assert.equal(0, r.status, writer.name .. ": " .. r.err)
      versions[version] = contents(out)
    end
    local count = 0
    for name, text in pairs(versions[1]) do
      count = count + 1
      assert(text ~= versions[2][name], writer.name .. ": equal versions of " .. name)
    end
    assert.equal(writer.count, count, writer.name)
    return versions
  end

  -- Version 1 again, where something was replaced.
  local function restore(writer, out, versions, new)
    if new == 0 then return end
    os.execute("rm -rf " .. out .. "/*")
    assert.equal(0, shell.run(command(writer, 1, out)).status)
    versions[1] = contents(out)
  end

  -- Every file is the old one or the new one; how many are new. A file whose bytes differ from run
  -- to run (times are in it) must end as a whole one does.
  local function check(writer, out, versions, what)
    local now, new = contents(out), 0
    for name, old in pairs(versions[1]) do
      local text = now[name]
      local whole = text == versions[2][name] or (writer.varies and text and text:sub(-1) == "\n"
        and text:find("^# lacuna tuning: "))
      assert(text == old or whole, string.format("%s: %s: %s of %s bytes is neither the old "
        .. "nor the new file", writer.name, what, name, text and #text or "no"))
      if text ~= old then new = new + 1 end
    end
    return new
  end

  local function no_more_than(versions, out, what)
    for name in pairs(contents(out)) do
      assert(versions[1][name], what .. ": " .. name .. " was left behind")
    end
  end

  local function fails_on_full_disk(writer, out, versions, r, what)
    local new = check(writer, out, versions, what)
    no_more_than(versions, out, writer.name .. ": " .. what)
    if new == writer.count then
      assert.equal(0, r.status, what .. ": " .. r.err)
      return false, new
    end
    assert(r.status == 1, string.format("%s: %s: status %s (%s)", writer.name, what, r.status,
      r.err))
    assert(r.err:find("^[^\n]*\n$"), string.format("%s: %s: expected one line: %s", writer.name,
      what, r.err))
    assert(r.err:find(out, 1, true)
      and (r.err:find "No space left" or r.err:find "File too large"),
      string.format("%s: %s: the path and the reason are missing: %s", writer.name, what, r.err))
    return true, new
  end

  for _, writer in ipairs(writers) do
    it(writer.name .. " leaves the old files where they may not grow to their size", function()
      local out = folder .. "/limited"
      local versions, limits, failed = prepare(writer, out), {}, 0
      for _, text in pairs(versions[2]) do
        limits[math.floor((#text - 1) / BLOCK)] = true
        limits[math.floor(#text / 2 / BLOCK)] = true
      end
      limits[8] = true
      for limit in pairs(limits) do
        -- What the command itself prints goes to a file too.
        if limit >= 2 then
          local r = shell.run("trap '' XFSZ; ulimit -f " .. limit .. "; "
            .. command(writer, 2, out))
          local refused, new = fails_on_full_disk(writer, out, versions, r,
            "ulimit -f " .. limit)
          if refused then failed = failed + 1 end
          restore(writer, out, versions, new)
        end
      end
      if writer.name ~= "tune" then assert.is_true(failed > 0) end
      assert.equal(0, shell.run(command(writer, 2, out)).status)
      no_more_than(versions, out, writer.name)
    end)
  end

  it("are the old ones on a full disk", function()
    local disk = folder .. "/disk"
    os.execute("mkdir " .. disk)
    if shell.run("mount -t tmpfs -o size=4m lacuna-spec " .. disk).status ~= 0 then
      return pending("only root may mount a small disk")
    end
    finally(function() shell.run("umount " .. disk) end)
    for _, writer in ipairs(writers) do
      local out = disk .. "/out"
      local versions = prepare(writer, out)
      local size = 0
      for _, text in pairs(versions[2]) do size = size + #text end
      for i, left in ipairs { 0, 4096, math.floor(size / 2) } do
        shell.run(string.format("dd if=/dev/zero of=%s/filler bs=4096; "
          .. "truncate -s -%d %s/filler", disk, left, disk))
        local r = shell.run(command(writer, 2, out))
        local failed, new = fails_on_full_disk(writer, out, versions, r, left .. " left")
        assert(failed or i > 1, writer.name .. ": a full disk was not full")
        os.remove(disk .. "/filler")
        restore(writer, out, versions, new)
      end
    end
  end)

  -- Under a sanitizer, which slows down the shell's commands too, kills come too late.
  it("are old or new, whole, wherever a kill -9 comes #unsanitized", function()
    math.randomseed(SEED)
    local hits = 0
    for i = 1, KILLS do
      local writer = writers[(i - 1) % #writers + 1]
      local out = folder .. "/killed-" .. writer.name:gsub("%W", "")
      writer.versions = writer.versions or prepare(writer, out)
      -- One in two waits until a temporary file is there, up to a second, the others for a random
      -- time.
      local delay = math.random() * 0.06
      local wait = i % 2 == 0 and string.format("sleep %.4f", delay)
        or string.format("n=0; until ls %s/*.tmp >/dev/null 2>&1 || [ $n = 500 ]; "
          .. "do n=$((n+1)); done; sleep %.4f", out, delay / 20)
      local r = shell.run(string.format("%s & pid=$!; %s; kill -9 $pid; wait $pid",
        command(writer, 2, out), wait))
      assert.is_true(r.status == 137 or r.status == 0, r.err)
      check(writer, out, writer.versions, string.format("kill %d of seed %d", i, SEED))
      if shell.list(out):find("tmp") then hits = hits + 1 end
      -- Left-over temporary files are in nobody's way.
      r = shell.run(command(writer, 2, out))
      assert.equal(0, r.status, r.err)
      assert.equal(writer.count, check(writer, out, writer.versions, "after the kill"))
      r = shell.run(command(writer, 1, out))
      assert.equal(0, r.status, r.err)
    end
    -- Else the kills come too early or too late to show anything.
    if KILLS >= 15 then assert.is_true(hits > 0, "no kill came while a file was written") end
  end)

  it("are written beside temporary files of the same process number", function()
    for _, writer in ipairs(writers) do
      local out = folder .. "/stale-" .. writer.name:gsub("%W", "")
      local versions = prepare(writer, out)
      local stale = {}
      for name in pairs(versions[1]) do
        for serial = 0, 5 do
          stale[#stale + 1] = string.format("echo x >%s/%s.$$-%d.tmp", out, name, serial)
        end
        stale[#stale + 1] = string.format("echo x >%s/%s.$$.tmp", out, name)
      end
      local r = shell.run("sh -c " .. shell.quote(table.concat(stale, "; ") .. "; exec "
        .. command(writer, 2, out)))
      assert.equal(0, r.status, r.err)
      assert.equal(writer.count, check(writer, out, versions, "stale"))
    end
  end)
end)
