-- operations.lua PATH: what script_alloc_walk_lua_test.c does with little memory: a list of names
-- and functions. PATH may be written.

local path = ...
local ffi = require "ffi"
local lacuna = require "lacuna"
local native = require "lacuna.native"
local nn = lacuna.nn
local F = nn.functional

local list = {}

local function operation(name, run)
  list[#list + 1] = { name = name, run = run }
end

lacuna.manual_seed(3)
local t = lacuna.arange(12, { dtype = "float32" }):reshape(3, 4) / 11
local index = lacuna.tensor({ 2, 0 }, { dtype = "int64" })
local cloud = lacuna.rand(20, 4) * 4
local box = { 0, 0, 0, 4, 4, 4 }

local function voxels()
  local x = lacuna.quantize(cloud, { voxel_size = 1 })
  x.feats:force()
  return x
end
local x = voxels()
local function point_tensor()
  return lacuna.PointTensor(cloud, lacuna.cat({ lacuna.zeros(20, 1), cloud:narrow(2, 1, 3) }, 2))
end
local conv, linear = nn.Conv3d(4, 4, 3), nn.Linear(4, 3)
local net = nn.Sequential(nn.Conv3d(4, 4, 2, { stride = 2 }), nn.BatchNorm(4), nn.ReLU(true)):eval()
conv:eval()

operation("arithmetic", function() return ((t + 1) * t - t / 2):neg():exp():clamp(0, 1) end)
operation("int64", function() return index + 2LL ^ 60 end)
operation("matmul", function() return t:matmul(t:t()), t:matmul(t[1]) end)
operation("create", function()
  return lacuna.arange(5), lacuna.zeros(2, 3), lacuna.rand(2), lacuna.full({ 2 }, 7)
end)
operation("views", function()
  return t:narrow(1, 1, 2):permute(2, 1):contiguous():view(-1), t:select(2, 1), t[{ 1, { 2, 3 } }]
end)
operation("conversions", function() return t:half():to("float64"):clone(), t:allclose(t) end)
operation("reductions", function() return t:max(1), t:sum(), t:softmax(2), t:argmin(1) end)
operation("two results", function()
  local values, positions = t:max(2)
  return values, positions, t:sort(1, true), t:topk(2, 2), t:argsort(1)
end)
operation("choices", function()
  return t:index_select(1, index), t:masked_select(t:gt(0.5)), t:gt(0.5):nonzero(),
    lacuna.where(t:gt(0.5), t, 0), t:gather(2, t:argmax(2):view(-1, 1))
end)
operation("unique", function() return lacuna.unique(x.coords:tensor()) end)
operation("cat", function() return lacuna.cat({ t, t }, 2), lacuna.stack { t, t + 1 } end)
operation("tables", function()
  return lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "float16" }):totable(), tostring(t)
end)
operation("wrapped memory", function()
  local data = ffi.new("float[6]", 1, 2, 3)
  return lacuna.tensor(data, { shape = { 2, 3 }, copy = false }) + 1
end)
operation("scope", function()
  return lacuna.scope(function() return (x + x).feats + voxels().feats end)
end)
operation("quantize", function()
  local y, inverse, first = lacuna.quantize(cloud, { voxel_size = 0.5, reduce = "mean" })
  return y, y.feats, inverse, first
end)
operation("voxelize", function()
  local opts = { voxel_size = 1, range = box, max_points = 2, raw = true }
  local y, info = lacuna.voxelize(cloud, opts)
  return y.feats, info.voxels, info.num_points + 1
end)
operation("coords", function()
  local rows = x.coords:tensor()
  return lacuna.SparseTensor(x.feats, rows, 1, { 1, 4, 4, 4 }).coords:cpu(), x.coords + 1,
    x.coords:narrow(1, 1, 2)
end)
operation("sparse tensors", function()
  local y = voxels()
  y.feats = y.feats + 1
  return (y + x):half():sample(0), y:replace_feature(x.feats).feats, lacuna.sparse_collate { x, y }
end)
operation("dense", function()
  return lacuna.SparseTensor(x.feats, x.coords, 1, { 1, 4, 4, 4 }):dense()
end)
operation("generative_add", function() return lacuna.generative_add(x, x) end)
operation("layers", function()
  return linear(conv(x).feats):force(), net(voxels()).feats:force()
end)
operation("pooling", function()
  return F.max_pool3d(x, 2).feats:force(), F.global_avg_pool(x), F.group_norm(x, 2),
    F.instance_norm(x)
end)
operation("kernel maps", function()
  local y = voxels()
  local map, rows = F.build_kernel_map(y, { kernel_size = 2, stride = 2 })
  return F.transpose_kernel_map(map):pairs(1), rows, F.spdownsample(y.coords), map:pairs()
end)
operation("rows", function()
  return F.sphash(x.coords), F.sphashquery(x.coords, x.coords), F.spcount(index, 3)
end)
operation("points", function()
  local z = point_tensor()
  local y = F.initial_voxelize(z, 1, 1)
  return F.voxel_to_point(F.point_to_voxel(y, z), z).feats:force()
end)
operation("weights of points", function()
  local corners = lacuna.zeros({ 20, 8 }, { dtype = "int64" })
  local weights = F.calc_ti_weights(cloud, corners, 1)
  return F.spdevoxelize(x.feats, corners, weights), F.spvoxelize(cloud, lacuna.zeros({ 20 },
    { dtype = "int64" }), lacuna.tensor({ 20 }, { dtype = "int32" }))
end)
operation("pictures", function()
  return lacuna.io.birds_eye(cloud, { pixels = 8 }),
    lacuna.io.synthetic_scan { beams = 2, azimuths = 8 }
end)
operation("hdf5", function()
  local file = lacuna.hdf5.open(path, "w")
  file:write("a/t", t)
  file:attr("a", "text", "some text")
  file:attr("a", "number", 7)
  file:close()
  file = lacuna.hdf5.open(path)
  return file:read("a/t"), file:attr("a", "text"), file:attr("a", "number"), file:list("a")
end)
operation("files", function()
  local file = require("lacuna.convert.file").open(path)
  return file:read(0, 8), file:u32(0), file:close()
end)

-- Did the error say that there is no memory?
local function is_no_memory(message)
  message = tostring(message)
  local known = native.last_error()
  return message:find("not enough memory", 1, true) ~= nil
    or (native.status == native.C.LAC_ERR_OOM and known ~= "" and message:sub(-#known) == known)
end

return list, is_no_memory
