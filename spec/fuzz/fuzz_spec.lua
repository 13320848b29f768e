-- fuzz_spec.lua: damaged checkpoints end in a value or in one line that says what is wrong, soon,
-- and without much memory. The damage is the same in every run; LACUNA_FUZZ_SECONDS=600 goes on for
-- so long per kind of file, LACUNA_FUZZ_SEED=N starts elsewhere.
--
-- The structure of HDF5 files, which libhdf5 reads, is damaged by hdf5_survive.c.

local jit = require "jit"
local lacuna = require "lacuna"
local convert = require "lacuna.convert.init"
local container = require "lacuna.convert.container"
local hdf5 = require "lacuna.hdf5"
local mutate = require "spec.fuzz.mutate"
local programs = require "spec.fuzz.programs"
local seeds = require "spec.fuzz.write_seeds"
local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

local SECONDS = tonumber(os.getenv("LACUNA_FUZZ_SECONDS"))
local FIRST = tonumber(os.getenv("LACUNA_FUZZ_SEED") or 1)
local MOST_STEPS = 200000000  -- of the interpreter for one file
local MOST_SECONDS = 5
local MOST_MEMORY = 268435456 -- of Lua, after one file; the seeds have 1 kB, other files 3 MB
local READ_BYTES = 67108864   -- of tensors read from one file
local MOST_PEAK = 268435456   -- how far all of it may raise the peak of the process (a sanitizer
                              -- delays what is freed, and fails this)

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

-- Visits all there is, as inspect does, and reads the tensors.
local function walk(value, budget)
  if type(value) ~= "table" then return end
  if value.read then
    budget.left = budget.left - value:bytes()
    if budget.left > 0 then value:read() end
    return
  end
  for _, child in pairs(value) do walk(child, budget) end
end

local function open_and_walk(path)
  local source = container.open(path)
  local ok, message = pcall(walk, source.value, { left = READ_BYTES })
  source.close()
  if not ok then error(message, 0) end
end

-- As the command does: the weights, and the report as text.
local function load_and_report(path)
  local _, report = convert.load(path)
  tostring(report)
end

-- Errors of Lua itself show where.
local function explain(message)
  message = tostring(message)
  return message:find("convert: ", 1, true) and message or debug.traceback(message)
end

local function bounded(fn, path)
  if not jit.status() then
    debug.sethook(function() error("does not end", 0) end, "", MOST_STEPS)
  end
  local before = os.clock()
  local ok, message = xpcall(fn, explain, path)
  debug.sethook()
  assert(os.clock() - before < MOST_SECONDS, "took more than 5 s")
  if ok then return end
  local from = message:find("convert: " .. path .. ": ", 1, true)
  assert(from, "does not name the file: " .. message)
  assert(not message:find("\n"), "more than one line: " .. message)
  assert(not message:sub(1, from):find("lacuna/", 1, true), "inside the package: " .. message)
  assert(not message:find("%.lua:%d+:", from), "inside the package: " .. message)
end

-- Runs the readers over `bytes`; on failure the file and how to get it again are named.
local function try(what, bytes, seed, ending)
  local path = support.write_file(support.tmp(ending), bytes)
  for _, fn in ipairs { open_and_walk, load_and_report } do
    local ok, message = pcall(bounded, fn, path)
    if ok and collectgarbage("count") * 1024 > MOST_MEMORY then
      collectgarbage()
      ok, message = collectgarbage("count") * 1024 < MOST_MEMORY, "keeps too much memory"
    end
    if not ok then
      local kept = support.write_file(os.tmpname() .. ending, bytes)
      error(("%s, seed %d (kept as %s): %s"):format(what, seed, kept, tostring(message)), 0)
    end
  end
  support.clean()
end

-- Tries make(random) for `count` states of the generator, or as many as the time allows.
local function fuzz_made(what, count, ending, make)
  local stop = SECONDS and os.time() + SECONDS
  local seed = FIRST
  while stop and os.time() < stop or not stop and seed < FIRST + count do
    local random = mutate.random(seed * 7919)
    random(2) -- the first of neighbouring states are alike
    try(what, make(random), seed, ending)
    seed = seed + 1
  end
end

-- Damaged versions of `bytes`. `finish` makes a file of them.
local function fuzz(what, bytes, count, ending, finish)
  local others = { bytes, seeds["everything.pkl"], seeds["tiny.pth"], seeds["tiny.safetensors"] }
  fuzz_made(what, count, ending, function(random)
    local damaged = mutate.bytes(bytes, others[1 + random(#others)], random)
    return finish and finish(damaged) or damaged
  end)
end

local STORAGES = {
  { "0", torch_file.raw("float", { 1, 2, 3, 4, 5, 6, 7, 8 }) }, { "1", "\0\60\0\192\0\62" },
}

local function in_zip(pickle) return torch_file.save(pickle, STORAGES) end

local function in_legacy(pickle)
  return torch_file.save_legacy(pickle,
    { { "0", 8, STORAGES[1][2] }, { "1", 3, STORAGES[2][2] } })
end

-- The largest resident size that the process has had, where the system tells.
local function peak()
  local file = io.open("/proc/self/status")
  if not file then return 0 end
  local kilobytes = file:read("*a"):match("VmHWM:%s*(%d+)")
  file:close()
  return tonumber(kilobytes or 0) * 1024
end

describe("damaged files", function()
  local peak_before = peak()
  after_each(support.clean)

  it("start from the seeds beside this spec, which are well formed", function()
    for name, bytes in pairs(seeds) do
      assert.equal(contents("spec/fuzz/seeds/" .. name), bytes, name)
      local path = support.tmp(name)
      support.write_file(path, name:find("%.pkl$") and in_zip(bytes) or bytes)
      open_and_walk(path)
    end
  end)

  it("as pickles of a zip archive", function()
    fuzz("tiny.pkl", seeds["tiny.pkl"], 1200, ".pth", in_zip)
    fuzz("everything.pkl", seeds["everything.pkl"], 1200, ".pth", in_zip)
    fuzz("protocol4.pkl", seeds["protocol4.pkl"], 300, ".pth", in_zip)
  end)

  it("as pickles that make no sense", function()
    fuzz_made("a program", 1000, ".pth", function(r) return in_zip(programs.random(r)) end)
    fuzz_made("a call", 2000, ".pth", function(r) return in_zip(programs.call(r)) end)
  end)

  it("as pickles of a legacy file", function()
    fuzz("tiny.pkl, legacy", seeds["tiny.pkl"], 300, ".pth", in_legacy)
  end)

  it("as zip archives", function() fuzz("tiny.pth", seeds["tiny.pth"], 1200, ".pth") end)
  it("as legacy files", function()
    fuzz("tiny_legacy.pth", seeds["tiny_legacy.pth"], 800, ".pth")
  end)

  it("as safetensors", function()
    fuzz("tiny.safetensors", seeds["tiny.safetensors"], 1200, ".safetensors")
  end)

  it("as HDF5 files with odd names, shapes and attributes", function()
    fuzz("tiny.h5", "conv1.weight/conv1.bias|{\"model\":\"minkunet\",\"config\":{\"cr\":0.5}}", 60,
      ".h5", function(text)
        local path = support.tmp(".h5")
        local names, config = text:match("^([^|]*)|?(.*)$")
        local f = hdf5.open(path, "w")
        pcall(function() -- what HDF5 itself refuses is not in the file
          f:attr("/", "arch", config)
          f:attr("/", "config", config)
          for name in names:gmatch("[^/]+") do
            f:write("/" .. name, lacuna.randn(#name, 1 + #config % 5, 3))
          end
        end)
        f:close()
        return contents(path)
      end)
  end)

  local FILES = {
    "vectors/import/kernels_spconv2.pth", "vectors/import/second_spconv1.pth",
    "vectors/import/sparseresnet21d_legacy.pth", "vectors/import/sparseresnet21d.safetensors",
    "vectors/import/unet_minkowski.pth", "data/reno/reno_KITTIDetection.pt",
    "data/spconv_golden/golden_misc.pt",
  }
  for _, name in ipairs(FILES) do
    it("made of " .. name, function()
      local path = support.shared(name)
      if not path then return pending("needs " .. name) end
      fuzz(name, contents(path), 12, name:match("%.%a+$"))
    end)
  end

  -- A sanitizer holds what was freed for a while.
  it("did not take much memory #unsanitized", function()
    local more = peak() - peak_before
    assert(more < MOST_PEAK, ("%.0f MB at the peak"):format(more / 1e6))
  end)
end)
