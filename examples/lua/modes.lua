-- modes.lua: mode flags side by side: for the length of a function, for a model, for everything.

local lacuna = require "lacuna"
local nn = lacuna.nn
local F = nn.functional

local rows = { { 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 2, 0, 0 }, { 0, 3, 0, 0 } } -- batch x y z
local coords = lacuna.tensor(rows, { dtype = "int32" })
local feats = lacuna.ones({ 4, 1 })
local conv = nn.Conv3d(1, 1, 3, { stride = 2, padding = 1 })

-- Two ways of finding the rows of a strided convolution; each call starts from fresh coordinates.
for _, mode in ipairs { "spconv", "minkowski" } do
  lacuna.with_modes({ downsample_mode = mode }, function()
    local y = conv(lacuna.SparseTensor(feats, coords))
    print(mode, y:size(1) .. " rows")
  end)
end

-- A flag of a model holds while the model runs.
local net = nn.Sequential(conv)
net.modes = { downsample_mode = "minkowski" }
print("net.modes", net(lacuna.SparseTensor(feats, coords)):size(1) .. " rows")

-- A global flag holds until it is set again.
F.set_downsample_mode("minkowski")
print("global", conv(lacuna.SparseTensor(feats, coords)):size(1) .. " rows")
F.set_downsample_mode("spconv")
