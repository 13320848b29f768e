-- RENO, a network that compresses the geometry of LiDAR scans, written here from its paper: how
-- many bits a point costs. The weights are the published ones, trained with TorchSparse 2.1.
--
--   lacuna examples/lua/reno.lua SCAN.bin reno_KITTIDetection.pt [posQ]
--
-- Points are rounded to a grid of posQ millimetres. A voxel's octant is its place among the eight
-- children of the voxel twice its size, and which octants of a voxel are there is its occupancy, a
-- byte. Decoding goes from coarse to fine: the network has seen a level and guesses the occupancies
-- of the next one; what an arithmetic coder would pay for the true ones is -log2 of their
-- probability, and two nibbles make a byte.

local lacuna = require "lacuna"
local nn = lacuna.nn

local WIDTH = 32
local FEW = 64 -- voxels: a level of fewer is sent as it is
local OCTANT = lacuna.tensor({ 0, 1, 2, 4 }, { dtype = "int32" }) -- of b, x, y, z: x counts 1
local BIT = lacuna.tensor { 1, 2, 4, 8, 16, 32, 64, 128 } -- of an octant in the occupancy

local ResBlock = nn.class("ResBlock", nn.Module)

function ResBlock:__init(width)
  self.conv0 = nn.Conv3d(width, width, 3)
  self.conv1 = nn.Conv3d(width, width, 3)
  self.relu = nn.ReLU()
end

function ResBlock:forward(x)
  local h = self.relu(self.conv0(x))
  return self.relu(self.conv1(h) + x)
end

local function trunk()
  return nn.Sequential(nn.Conv3d(WIDTH, WIDTH, 3), nn.ReLU(), ResBlock(WIDTH), ResBlock(WIDTH))
end

local function head()
  return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 16))
end

local Reno = nn.class("Reno", nn.Module)

-- The names are those of the checkpoint.
function Reno:__init()
  self.prior_embedding = nn.Embedding(256, WIDTH) -- of an occupancy
  self.prior_resnet = trunk()
  self.target_embedding = nn.Sequential():add_module("target_res_embedding",
    nn.Embedding(8, WIDTH)) -- of an octant
  self.target_resnet = trunk()
  self.pred_head_s0 = head() -- low nibble
  self.pred_head_s1_emb = nn.Embedding(16, WIDTH)
  self.pred_head_s1 = head() -- high nibble, knowing the low one
  self.fog = nn.Sequential():add_module("conv", nn.Conv3d(1, 1, 2, { stride = 2 })) -- all ones
end

--- The levels from `x` up, finest first: each with the row of every voxel's parent on the next
--- level and its octant there.
function Reno:levels(x)
  local levels = { { x = x } }
  while #levels[#levels].x.coords >= FEW do
    local level = levels[#levels]
    local rows = level.x.coords:tensor()
    level.octant = (rows:bitand(1) * OCTANT):sum(2)
    local _, _, parent = lacuna.unique(rows:div(2, "floor"))
    level.parent = parent
    local bits = BIT:index_select(1, level.octant):reshape(-1, 1)
    local coarse = self.fog(level.x:replace_feature(bits)) -- adds up the children's bits
    levels[#levels + 1] = { x = coarse, occupancy = coarse.feats:view(-1):int() }
  end
  return levels
end

-- Bits to code `symbols`, of 0 to 15, whose scores are `logits` [N,16].
local function cost(logits, symbols)
  local probability = logits:softmax(2):gather(2, symbols:reshape(-1, 1))
  return -probability:to("float64"):log():sum():item() / math.log(2)
end

--- Bits for all levels above `x`.
function Reno:forward(x)
  local levels, total = self:levels(x), 0
  for i = #levels - 1, 2, -1 do
    local coarse, fine = levels[i + 1], levels[i]
    local seen = self.prior_resnet(
      coarse.x:replace_feature(self.prior_embedding(coarse.occupancy)))
    local feats = seen.feats:index_select(1, fine.parent) + self.target_embedding(fine.octant)
    local f = self.target_resnet(fine.x:replace_feature(feats)).feats
    local low, high = fine.occupancy:bitand(15), fine.occupancy:div(16, "floor")
    total = total + cost(self.pred_head_s0(f), low)
    total = total + cost(self.pred_head_s1(f + self.pred_head_s1_emb(low)), high)
  end
  return total
end

--- The voxels of a scan, unique and sorted.
local function voxels(points, posq)
  local xyz = points:narrow(2, 1, 3):to("float64")
  local rows = lacuna.unique(((xyz / 0.001 + 131072) / posq):round():int())
  local batch = lacuna.zeros({ rows:size(1), 1 }, { dtype = "int32" })
  return lacuna.SparseTensor(lacuna.ones(rows:size(1), 1), lacuna.cat({ batch, rows }, 2))
end

local function is_there(path)
  local f = path and io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

local scan, weights, posq = arg[1], arg[2], tonumber(arg[3] or 16)
if not (weights and posq and posq > 0) then
  io.stderr:write("usage: lacuna examples/lua/reno.lua SCAN.bin WEIGHTS.pt [posQ]\n")
  os.exit(2)
end
for _, path in ipairs { scan, weights } do
  if not is_there(path) then
    print("skipped: there is no file " .. path)
    os.exit(0)
  end
end

local net = Reno():load(weights, { from = "torchsparse" })
local points = lacuna.io.read_points(scan, { columns = 4 })
local x = voxels(points, posq)
print(x)
print(string.format("posQ %g: %.4f bits per point", posq, net(x) / points:size(1)))
