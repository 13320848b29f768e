-- Prints the memory taken from the system by one forward of a small U-Net, and by as many as the
-- argument says, each on coordinates of its own.

local lacuna = require "lacuna"
local nn = lacuna.nn
local support = require "spec.support.init"

local N = 8000
lacuna.set_num_threads(1)
local coords = lacuna.tensor(support.voxels(N, 0, 40, 1, 6), { dtype = "int32" })
local feats = lacuna.rand(N, 4)
local net = nn.Sequential(
  nn.Conv3d(4, 48, 1), nn.BatchNorm(48), nn.ReLU(), nn.SparseResBlock(48, 48, 1),
  nn.SparseConvBlock(48, 8, 2, { stride = 2 }),
  nn.SparseConvTransposeBlock(8, 48, 2, { stride = 2 }),
  nn.Linear(48, 8))

local function forward()
  net(lacuna.SparseTensor(feats, coords)).feats:force()
end

forward()
local one = lacuna.memory().reserved
for _ = 1, tonumber(arg[1]) do forward() end
print(string.format("%d %d", one, lacuna.memory().reserved))
