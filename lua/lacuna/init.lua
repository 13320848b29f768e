-- init.lua: the `lacuna` table. Its parts are loaded when they are first used, so that a start
-- costs little.

local errors = require "lacuna.errors"

local lacuna = {}

-- name -> { file, field of what it returns; nil: all of it }
local parts = {
  nn = { "nn" }, io = { "io" }, hdf5 = { "hdf5" }, convert = { "convert" },
  models = { "models", "table" },
  type = { "kinds", "of" }, SparseTensor = { "sparse", "new" }, PointTensor = { "points", "new" },
  voxelize = { "voxelize" },
  quantize = { "points", "quantize" }, sparse_collate = { "batch", "sparse_collate" },
  cat = { "batch", "cat_any" }, generative_add = { "union", "generative_add" },
  registry = { "registry" }, build_conv_layer = { "build", "conv_layer" },
  build_norm_layer = { "build", "norm_layer" }, build_model = { "build", "model" },
  scope = { "scope" }, progress = { "progress" }, tune = { "tune" },
  time = { "timing", "time" }, profile = { "timing", "profile" },
}
for _, name in ipairs {
  "tensor", "zeros", "ones", "full", "rand", "randn", "arange", "stack", "unique", "where",
} do
  parts[name] = { "create", name }
end
for _, name in ipairs {
  "manual_seed", "set_num_threads", "get_num_threads", "device_count",
  "set_default_device", "get_default_device", "synchronize", "memory", "reset_peak_memory",
  "empty_cache", "set_eager", "set_allow_tf32", "with_modes", "log", "cuda",
} do
  parts[name] = { "runtime", name }
end

local function part_names()
  local names = { "version" }
  for name in pairs(parts) do names[#names + 1] = name end
  return names
end

local function load(name)
  if name == "version" then return require("lacuna.runtime").version() end
  local part = parts[name]
  if not part then
    errors.raisef("lacuna: no '%s'%s", tostring(name), errors.nearest(name, part_names()))
  end
  local value = require("lacuna." .. part[1])
  if part[2] then return value[part[2]] end
  return value
end

return setmetatable(lacuna, {
  __index = function(_, name)
    local value = load(name)
    rawset(lacuna, name, value)
    return value
  end,
  __names = part_names, -- for completion
})
