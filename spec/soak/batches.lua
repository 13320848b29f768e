-- batches.lua N: N tiny samples in one set of coordinates, batch numbers 0 to N - 1, through a
-- strided, a transposed and a submanifold convolution: each sample equals itself alone, to the bit.

local lacuna = require "lacuna"
local nn = lacuna.nn

local N = tonumber(arg[1]) or 4096
math.randomseed(3)
lacuna.manual_seed(3)
local net = nn.Sequential(nn.Conv3d(2, 8, 3), nn.BatchNorm(8), nn.ReLU(),
  nn.Conv3d(8, 12, 2, { stride = 2 }), nn.Conv3d(12, 8, 2, { stride = 2, transposed = true }),
  nn.Conv3d(8, 3, 3))

local rows, ranges = {}, {}
for b = 0, N - 1 do
  local seen, first = {}, #rows + 1
  for _ = 1, math.random(1, 12) do
    local x, y, z = math.random(0, 4), math.random(-2, 2), math.random(0, 1)
    local key = x .. "," .. y .. "," .. z
    if not seen[key] then
      seen[key] = true
      rows[#rows + 1] = { b, x, y, z }
    end
  end
  ranges[b] = { first, #rows - first + 1 }
end
local coords = lacuna.tensor(rows, { dtype = "int32" })
local feats = lacuna.randn(#rows, 2)
local together = net(lacuna.SparseTensor(feats, coords)).feats
local failed = 0
for b = 0, N - 1 do
  local first, count = ranges[b][1], ranges[b][2]
  local own = coords:narrow(1, first, count):clone()
  own[{ {}, 1 }]:fill_(0)
  local alone = net(lacuna.SparseTensor(feats:narrow(1, first, count):clone(), own)).feats
  local equal = alone:eq(together:narrow(1, first, count)):min():item() == 1
  if not equal then
    failed = failed + 1
    print(string.format("FAILED soak batches: sample %d of %d, %d voxels", b, N, count))
  end
end
print(string.format("soak batches: %d passed, %d failed", N - failed, failed))
os.exit(failed == 0 and 0 or 1)
