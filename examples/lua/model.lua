-- model.lua: a model from scratch: define, print, run, save, load.

local lacuna = require "lacuna"
local nn = lacuna.nn

local Tiny = nn.class("Tiny", nn.Module)

function Tiny:__init(cin, classes)
  self.stem = nn.Sequential(nn.Conv3d(cin, 16, 3), nn.BatchNorm(16), nn.ReLU())
  self.down = nn.Conv3d(16, 32, 2, { stride = 2 })
  self.up = nn.Conv3d(32, 16, 2, { stride = 2, transposed = true })
  self.head = nn.Linear(16, classes)
end

function Tiny:forward(x)
  x = self.stem(x)
  return self.head((self.up(self.down(x)) + x).feats)
end

lacuna.manual_seed(1)
local net = Tiny(4, 3)
print(net)

local points = lacuna.io.synthetic_scan { beams = 16, azimuths = 128 }
local x = lacuna.quantize(points, { voxel_size = 0.2, origin = "min" })
local logits = net(x)

local path = os.tmpname()
net:save(path)
local again = Tiny(4, 3):load(path)
os.remove(path)
print("the loaded model gives the same logits:", again(x):allclose(logits))
