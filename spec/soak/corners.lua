-- corners.lua N: N voxels in the eight corners of int32's cube, as far apart as coordinates can be,
-- through submanifold, strided and transposed convolutions: each corner equals itself moved to the
-- origin, to the bit. What a kernel reaches beyond the last coordinate does not come back at the
-- first.

local lacuna = require "lacuna"
local nn = lacuna.nn

local N = tonumber(arg[1]) or 200000
local LOW, SIDE = -2 ^ 31, 64
local FAR = 2 ^ 31 - SIDE
nn.functional.set_downsample_mode "minkowski" -- the other one leaves out what is below 0
lacuna.manual_seed(5)

local net = nn.Sequential(nn.Conv3d(2, 8, 3), nn.Conv3d(8, 8, 3, { stride = 2 }),
  nn.Conv3d(8, 8, 2, { stride = 2 }), nn.Conv3d(8, 8, 2, { stride = 2, transposed = true }),
  nn.Conv3d(8, 4, 3, { stride = 2, transposed = true }))

-- A tenth of the cells of a cube, at random, sorted, both ends among them.
local per_corner = math.max(2, math.floor(N / 8))
local function cluster()
  local cells = lacuna.rand(per_corner):mul(SIDE ^ 3):floor():to "int64"
  cells[1], cells[per_corner] = 0, SIDE ^ 3 - 1
  local function digit(base) return cells:to "float64":div(base):floor():mod(SIDE) end
  local rows = lacuna.zeros(per_corner, 4, { dtype = "float64" })
  rows[{ {}, 2 }], rows[{ {}, 3 }], rows[{ {}, 4 }] = digit(SIDE ^ 2), digit(SIDE), digit(1)
  return (lacuna.unique(rows:to "int32", 1))
end

local function moved(rows, x, y, z)
  local by = lacuna.tensor({ { 0, x, y, z } }, { dtype = "float64" })
  return rows:to "float64":add(by):to "int32"
end

local own, all, feats = {}, {}, {}
for corner = 0, 7 do
  local rows = cluster()
  local at = {}
  for axis = 1, 3 do
    at[axis] = math.floor(corner / 2 ^ (axis - 1)) % 2 == 0 and LOW or FAR
  end
  feats[corner + 1] = lacuna.randn(rows:size(1), 2)
  own[corner + 1], all[corner + 1] = rows, moved(rows, at[1], at[2], at[3])
end

local together = net(lacuna.SparseTensor(lacuna.cat(feats), lacuna.cat(all)))
local passed, failed, first = 0, 0, 1
for corner = 1, 8 do
  local alone = net(lacuna.SparseTensor(feats[corner], own[corner]))
  local part = together.feats:narrow(1, first, alone:size(1))
  first = first + alone:size(1)
  if part:eq(alone.feats):min():item() == 1 then
    passed = passed + 1
  else
    failed = failed + 1
    print(string.format("FAILED soak corners: corner %d of 8, %d voxels", corner, alone:size(1)))
  end
end
print(string.format("soak corners: %d voxels", together:size(1)))
print(string.format("soak corners: %d passed, %d failed", passed, failed))
os.exit(failed == 0 and 0 or 1)
