-- segment.lua [SCAN]: a scan through MinkUNet: points, voxels, classes, a picture.
-- Without weights the classes mean nothing; the way of the data is the same.

local lacuna = require "lacuna"

local points
if arg[1] then
  points = lacuna.io.read_points(arg[1], { columns = 4 })
else
  points = lacuna.io.synthetic_scan { beams = 16, azimuths = 256, seed = 7 }
end

local net = lacuna.models.minkunet { num_classes = 19, cr = 0.5 }
local grid = { voxel_size = 0.05, rounding = "round", origin = "min" }
local x, inverse = lacuna.quantize(points, grid)
print(x)

local logits = net(x)                                   -- [voxels, 19]
local class_of_voxel = logits:argmax(2)                 -- 0-based ids, int64
local class_of_point = class_of_voxel:index_select(1, inverse)
print(logits)
print("classes of the first five points", unpack(class_of_point:narrow(1, 1, 5):totable()))
