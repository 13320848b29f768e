-- features.lua: features without training: which pieces of a scene have the same shape?
--
-- A convolution whose kernel is given has nothing to learn. Four filters look at which neighbours
-- of a voxel are there, on three scales; their mean answers describe the shape of a piece, wherever
-- it lies. `describe` gives the features of every voxel, for a classifier or a clustering.

local lacuna = require "lacuna"
local F = lacuna.nn.functional

local VOXEL = 0.2
local SCALES = 3

-- The answer of each filter to a neighbour at (x, y, z), each -1, 0 or 1.
local filters = {
  function() return 1 end, -- how full it is
  function(_, _, z) return z end, -- more above than below
  function(_, _, z) return z == 0 and 1 or -0.5 end, -- flat
  function(x, y) return x == 0 and y == 0 and 1 or -0.125 end, -- upright
}

-- As a kernel [27, 1, filters]: its taps lie in the order of get_kernel_offsets.
local function kernel()
  local taps = {}
  for i, offset in ipairs(F.get_kernel_offsets(3):totable()) do
    local answers = {}
    for f, filter in ipairs(filters) do answers[f] = filter(unpack(offset)) end
    taps[i] = { answers }
  end
  return lacuna.tensor(taps)
end
local answer = kernel()
local add_up = lacuna.ones { 8, 1, 1 } -- 2x2x2 voxels to one

--- Features [N, 4] of the voxels of `points` on each scale, as SparseTensors, finest first.
local function describe(points)
  local x = lacuna.quantize(points, { voxel_size = VOXEL, origin = "min" })
  x = x:replace_feature(lacuna.ones { #x.coords, 1 })
  local scales = {}
  for i = 1, SCALES do
    scales[i] = F.conv3d(x, answer, { kernel_size = 3 })
    x = F.conv3d(x, add_up, { kernel_size = 2, stride = 2 })
    x = x:replace_feature(x.feats:clamp(0, 1)) -- there or not
  end
  return scales
end

-- The mean over all voxels, the scales side by side: [12].
local function signature(points)
  local means = {}
  for i, y in ipairs(describe(points)) do means[i] = y.feats:mean(1) end
  return lacuna.cat(means, 1)
end

-- A piece of n x n points, ten centimetres apart.
local function piece(n, place)
  local rows = {}
  for i = 0, n - 1 do
    for j = 0, n - 1 do rows[#rows + 1] = place(i * 0.1, j * 0.1) end
  end
  return lacuna.tensor(rows)
end

local pieces = {
  { "wall", piece(40, function(a, b) return { a, 0, b } end) },
  { "other wall", piece(30, function(a, b) return { 7, a, b } end) },
  { "floor", piece(40, function(a, b) return { a, b, 0 } end) },
  { "pole", piece(40, function(a, b) return { 0.02 * b, 0.1, a } end) },
}

print(describe(pieces[1][2])[1])
local signatures = {}
for i, item in ipairs(pieces) do signatures[i] = signature(item[2]) end
print("\nhow far apart the shapes are:")
for i, item in ipairs(pieces) do
  local row = {}
  for j = 1, #pieces do
    local d = signatures[i] - signatures[j]
    row[j] = string.format("%8.2f", (d * d):sum():sqrt():item())
  end
  print(string.format("%-10s", item[1]) .. table.concat(row))
end
