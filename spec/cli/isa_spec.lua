-- The convolution kernels are built for several instruction sets: all give the same bits.

local shell = require "spec.support.shell"

local script = [[
local ffi = require "ffi"
lacuna.set_num_threads(2)
local points = lacuna.io.synthetic_scan { beams = 16, azimuths = 256, seed = 1 }
local x = lacuna.quantize(points, { voxel_size = 0.2, origin = "min" })
local net = lacuna.models.minkunet { cr = 0.3, num_classes = 7 }
local y = nn.SiLU()(net(x))
local function digest(t)
  local words, sum = ffi.cast("uint32_t *", t:data()), 0
  for i = 0, t:numel() - 1 do sum = (sum * 31 + tonumber(words[i])) % 2 ^ 45 end
  return sum
end
-- Odd channel counts, and values that are subnormal in bfloat16.
local odd = nn.Conv3d(5, 33, 3, { bias = true })
local features = lacuna.randn { x:size(1), 5 }
features[{ {}, { 2, 3 } }]:copy_(features[{ {}, { 2, 3 } }] * 1e-39)
local z = x:replace_feature(features):to("bfloat16")
local half = net:clone():to("bfloat16")(x:to("bfloat16"))
-- Every height of a register tile, whole panels and narrow ones, channels that do not fill them.
local shapes = 0
for _, dtype in ipairs { "float32", "bfloat16" } do
  for i, out in ipairs { 1, 8, 16, 17, 32, 48, 90 } do
    local sizes = { 5 * i - 4, out }
    local linear = nn.Linear(sizes[1], sizes[2]):to(dtype)
    for rows = 1, 30 do
      local a = lacuna.randn { rows, sizes[1] }:to(dtype)
      shapes = (shapes * 7 + digest(linear(a):float())) % 2 ^ 45
    end
  end
end
print(string.format("%d %.0f %.0f %.0f %.0f", y:numel(), digest(y), digest(half:float()),
  digest(odd:to("bfloat16")(z).feats:float()), shapes))
]]

describe("the instruction set #process", function()
  local function run(isa)
    local result = shell.run("LACUNA_ISA=" .. isa .. " " .. shell.program .. " -e "
      .. shell.quote(script))
    assert.equal(0, result.status, result.err)
    return result.out
  end

  it("does not change a bit of a network's output", function()
    local reference = run "reference"
    assert.matches("^%d+ %d+ %d+ %d+ %d+\n$", reference)
    assert.equal(reference, run "avx2") -- where a CPU lacks it, this runs the next narrower set
    assert.equal(reference, run "avx512")
  end)

  it("is an error where it has an unknown name", function()
    local result = shell.run("LACUNA_ISA=neon9 " .. shell.program .. " -e 'lacuna.zeros(1)'")
    assert.equal(1, result.status)
    assert.matches("LACUNA_ISA=neon9: expected reference, avx2 or avx512", result.err, 1, true)
  end)
end)
