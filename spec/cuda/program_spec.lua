-- The program on a GPU: `lacuna segment --device cuda` as a user would run it, and `lacuna info`.

local lacuna = require "lacuna"
local shell = require "spec.support.shell"

if not lacuna.cuda.is_available() then
  describe("the program on a GPU", function() pending(lacuna.cuda.why_not()) end)
  return
end

local model = [[
local lacuna = require "lacuna"
local nn = lacuna.nn
local Tiny = nn.class("Tiny", nn.Module)
function Tiny:__init()
  self.stem = nn.Sequential(nn.Conv3d(4, 16, 3), nn.BatchNorm(16), nn.ReLU())
  self.down = nn.Conv3d(16, 24, 2, { stride = 2 })
  self.up = nn.Conv3d(24, 16, 2, { stride = 2, transposed = true })
  self.head = nn.Linear(32, 19)
  self.input = { columns = { "x", "y", "z", "intensity" }, voxel_size = 0.5 }
end
function Tiny:forward(x)
  x = self.stem(x)
  return self.head(lacuna.cat({ self.up(self.down(x)), x }).feats)
end
return function() return Tiny() end
]]

describe("the program on a GPU", function()
  local folder, remove = shell.folder()
  teardown(function() remove() end)
  shell.write(folder .. "/tiny.lua", model)
  local values = {}
  for i = 0, 399 do
    for j = 0, 3 do values[#values + 1] = math.sin(i * 1.7 + j * 2.3) * (j < 3 and 12 or 0.5) end
  end
  shell.write(folder .. "/scan.bin", shell.floats(values))

  local function segment(name, ...)
    return shell.lacuna("segment", folder .. "/scan.bin", "--model", folder .. "/tiny.lua", "-o",
      folder .. "/" .. name, "--columns", "4", ...)
  end

  it("labels a scan as the CPU does, and in float16 nearly so", function()
    for _, run in ipairs {
      { "cpu" }, { "gpu", "--device", "cuda" },
      { "half", "--device", "cuda", "--dtype", "float16" },
    } do
      local r = segment(unpack(run))
      assert.equal(0, r.status, r.err)
      assert.matches("wrote", r.out)
    end
    local want = lacuna.io.read_labels(folder .. "/cpu/scan.label")
    local function same(name)
      local got = lacuna.io.read_labels(folder .. "/" .. name .. "/scan.label")
      return tonumber(got:eq(want):long():sum():item()) / want:size(1)
    end
    assert.equal(1, same "gpu")
    assert.is_true(same "half" > 0.97)
  end)

  it("refuses one that is not there, before anything is written", function()
    local r = segment("none", "--device", "cuda:9")
    assert.equal(1, r.status)
    assert.matches("^lacuna: [^\n]*%-%-device cuda:9: [^\n]*"
      .. "device cuda:9 is not available: this machine has %d+\n$", r.err)
    assert.equal("", shell.list(folder .. "/none"))
  end)

  it("is named by info", function()
    local r = shell.lacuna("info")
    assert.matches("GPU 0 [^\n]*capability %d+%.%d", r.out)
    assert.matches("kernels  [^\n]*float16", r.out)
    local found = require("cjson").decode(shell.lacuna("info", "--json").out)
    assert.is_true(found.cuda.available)
    assert.is_true(found.cuda.devices[1].memory > 0)
  end)
end)
