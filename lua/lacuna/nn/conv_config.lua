-- conv_config.lua: how a convolution is computed, as a table of plain values.
--
-- A config says only what it wants to say. The value of a key is that of the layer's config, else
-- of the global one, else of the mode flags, which net.modes may hold while a net runs.

local errors = require "lacuna.errors"
local modes = require "lacuna.modes"

local conv_config = {}

conv_config.Dataflow = {
  ImplicitGEMM = "ImplicitGEMM", GatherScatter = "GatherScatter", FetchOnDemand = "FetchOnDemand",
  auto = "auto",
}

local function is_bool(v) return type(v) == "boolean" end
local function is_split(v) return type(v) == "number" and v >= 1 and v <= 4 and v % 1 == 0 end
local function is_number(v) return type(v) == "number" and v >= 0 end

-- key -> { check, what it expects }
local keys = {
  dataflow = {
    function(v) return conv_config.Dataflow[v] ~= nil end,
    '"auto", "ImplicitGEMM", "GatherScatter" or "FetchOnDemand"',
  },
  ifsort = { is_bool, "true or false" },
  split_mask_num = { is_split, "a whole number from 1 to 4" },
  split_mask_num_bwd = { is_split, "a whole number from 1 to 4" },
  epsilon = { is_number, "a number from 0" },
  mm_thresh = { is_number, "a number from 0" },
  FOD_fusion = { is_bool, "true or false" },
  kmap_mode = false, downsample_mode = false, -- checked by modes.lua
}
local names = {}
for key in pairs(keys) do names[key] = true end

local global

--- A copy of a config, after a check of its keys and values.
---@usage config = F.conv_config.check("my layer", { dataflow = "GatherScatter" })
function conv_config.check(op, config)
  errors.options(op, config, names)
  local copy = {}
  for key, value in pairs(config) do
    local rule = keys[key]
    if not rule then
      modes.code(op, key, value)
    elseif not rule[1](value) then
      errors.raisef("%s: %s is %s, expected %s", op, key, tostring(value), rule[2])
    end
    copy[key] = value
  end
  return copy
end

--- A fresh config with every key at the value that holds without one.
---@usage config = F.conv_config.get_default(); config.dataflow = "FetchOnDemand"
---@usage conv = nn.Conv3d(4, 16, 3, { config = config })
function conv_config.get_default()
  local mode = modes.get("conv_mode")
  return {
    dataflow = "auto", ifsort = mode > 0, kmap_mode = modes.get("kmap_mode"),
    downsample_mode = modes.get("downsample_mode"), split_mask_num = mode == 2 and 3 or 1,
    split_mask_num_bwd = 3, epsilon = 0, mm_thresh = 0, FOD_fusion = true,
  }
end

--- The config that holds for layers that do not say otherwise, a copy, or nil.
---@usage config = F.conv_config.get_global() or F.conv_config.get_default()
function conv_config.get_global()
  return global and conv_config.check("conv_config", global)
end

--- Sets it, key by key: what it does not name stays with the flags.
---@param config table
---@usage F.conv_config.set_global{ dataflow = F.Dataflow.GatherScatter }
function conv_config.set_global(config)
  if type(config) ~= "table" then
    errors.raisef("conv_config.set_global: a %s, expected a table", type(config))
  end
  global = conv_config.check("conv_config.set_global", config)
end

--- Without a global config, layers that have none follow the mode flags again.
---@usage F.conv_config.clear_global()
function conv_config.clear_global()
  global = nil
end

-- What the layer's config says, else the global one; nil: neither does.
local function lookup(layer, key)
  local value = layer and layer[key]
  if value == nil and global then value = global[key] end
  return value
end

local function mode_code(op, layer, key)
  local value = lookup(layer, key)
  return value == nil and -1 or modes.code(op, key, value)
end

local dataflow_codes = { auto = 0, ImplicitGEMM = 1, GatherScatter = 2, FetchOnDemand = 3 }

--- Writes what the configs say into a lac_conv3d_options; the rest is left to the mode flags.
function conv_config.apply(op, layer, o)
  o.kmap_mode = mode_code(op, layer, "kmap_mode")
  o.downsample_mode = mode_code(op, layer, "downsample_mode")
  o.dataflow, o.sort, o.splits, o.epsilon, o.mm_thresh = 0, 0, 0, 0, 0
  if not layer and not global then return end
  local sort = lookup(layer, "ifsort")
  if sort ~= nil then o.sort = sort and 2 or 1 end
  o.dataflow = dataflow_codes[lookup(layer, "dataflow") or "auto"]
  o.splits = lookup(layer, "split_mask_num") or 0
  o.epsilon = lookup(layer, "epsilon") or 0
  o.mm_thresh = lookup(layer, "mm_thresh") or 0
end

-- TorchSparse's names.
conv_config.get_default_conv_config = conv_config.get_default
conv_config.get_global_conv_config = conv_config.get_global
conv_config.set_global_conv_config = conv_config.set_global
conv_config.clear_global_conv_config = conv_config.clear_global

return conv_config
