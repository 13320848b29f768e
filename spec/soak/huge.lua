-- huge.lua N: a cloud of N points in one call. Each point lies in the voxel that it is said to lie
-- in, no voxel is empty, and two convolutions give inside of a box what they give for the box
-- alone, to the bit.

local lacuna = require "lacuna"
local nn = lacuna.nn

local N = tonumber(arg[1]) or 20000000
local VOXEL, SIDE, HEIGHT = 0.25, 100, 8 -- metres; exact in binary, as are the bounds of the box
local BOX, MARGIN = 10, 2 -- metres: side, and more than four voxels
lacuna.manual_seed(11)

local passed, failed = 0, 0
local function check(what, ok)
  if ok then passed = passed + 1 return end
  failed = failed + 1
  print("FAILED soak huge: " .. what)
end

local function grid(points)
  return lacuna.quantize(points, { voxel_size = VOXEL })
end

local function cells_of(points)
  return points:narrow(2, 1, 3):div(VOXEL):floor():to "int32"
end

-- Rows of t [n, C] whose first two columns from `first` on are at least low and below high.
local function within(t, first, low, high)
  local xy = t:narrow(2, first, 2)
  return xy:ge(low):mul(xy:lt(high)):min(2)
end

local start = os.clock()
local points = lacuna.rand(N, 4)
points[{ {}, { 1, 2 } }] = points:narrow(2, 1, 2):mul(SIDE)
points[{ {}, 3 }] = points:select(2, 3):mul(HEIGHT)
local x, inverse = grid(points)
local rows = x.coords:tensor()
local cells = rows:narrow(2, 2, 3)
check("a point is not in its voxel",
  cells:index_select(1, inverse):eq(cells_of(points)):min():item() == 1)
local counts = lacuna.zeros(x:size(1), { dtype = "int64" })
  :scatter_add(1, inverse, lacuna.ones(N, { dtype = "int64" }))
check("a voxel has no point", counts:min():item() >= 1)
check("points were lost", counts:sum():item() == N)

local net = nn.Sequential(nn.Conv3d(4, 8, 3), nn.Conv3d(8, 4, 3))
local whole = net(x)
local near = within(points, 1, -MARGIN, BOX + MARGIN):nonzero():select(2, 1)
local part = net((grid(points:index_select(1, near))))
local limit = BOX / VOXEL
local function inside(y)
  return y.feats:index_select(1, within(y.coords:tensor(), 2, 0, limit):nonzero():select(2, 1))
end
local a, b = inside(whole), inside(part)
check("the box alone has other rows", a:size(1) == b:size(1) and a:size(1) > 0)
check("the box alone gives other values", a:size(1) == b:size(1) and a:eq(b):min():item() == 1)
print(string.format("soak huge: %d points, %d voxels, %.1f s of all cores, peak %.0f MB", N,
  x:size(1), os.clock() - start, lacuna.memory().peak / 1e6))
print(string.format("soak huge: %d passed, %d failed", passed, failed))
os.exit(failed == 0 and 0 or 1)
