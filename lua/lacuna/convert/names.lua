-- names.lua: one network under the names of several code bases.
--
-- reference: mmdetection3d's SparseEncoder, OpenPCDet's VoxelBackBone8x and VoxelResBackBone8x,
-- CenterPoint's SpMiddleResNetFHD, BEVFusion (mmdetection3d's names), MinkowskiEngine's MinkUNet.

local names = {}

--- What whole detectors put before the names of their sparse encoder.
names.prefixes = {
  "middle_encoder", "pts_middle_encoder", "backbone_3d", "backbone", "encoders.lidar.backbone",
}

-- A function that applies the first rule whose pattern is found.
local function rules(list)
  return function(name)
    for _, rule in ipairs(list) do
      local changed, count = name:gsub(rule[1], rule[2])
      if count > 0 then return changed end
    end
    return name
  end
end

local function chain(f, g)
  return function(name) return g(f(name)) end
end

-- SECOND: the levels have other names.
local mmdet_to_pcdet = rules { { "^encoder_layers%.encoder_layer(%d+)%.", "conv%1." } }
local pcdet_to_mmdet = rules { { "^conv(%d+)%.", "encoder_layers.encoder_layer%1." } }

-- CenterPoint's levels are flat: 0 the strided convolution, 1 its norm, 3 and 4 residual blocks.
local centerpoint_to_pcdet = rules {
  { "^conv([2-4])%.([01])%.(%a)", "conv%1.0.%2.%3" },
  { "^conv([2-4])%.3%.", "conv%1.1." },
  { "^conv([2-4])%.4%.", "conv%1.2." },
  { "^extra_conv%.", "conv_out." },
}
local pcdet_to_centerpoint = rules {
  { "^conv([2-4])%.0%.([01])%.", "conv%1.%2." },
  { "^conv([2-4])%.1%.(%a)", "conv%1.3.%2" },
  { "^conv([2-4])%.2%.(%a)", "conv%1.4.%2" },
  { "^conv_out%.", "extra_conv." },
}

-- mmdetection3d's residual encoder has the strided convolution at the end of a level, the others at
-- the beginning of the next.
local function basic_to_pcdet(name)
  local level, item, rest = name:match("^encoder_layers%.encoder_layer(%d+)%.(%d+)%.(.*)$")
  if not level then return name end
  level, item = tonumber(level), tonumber(item)
  if item == 2 then return ("conv%d.0.%s"):format(level + 1, rest) end
  return ("conv%d.%d.%s"):format(level, level == 1 and item or item + 1, rest)
end

local function pcdet_to_basic(name)
  local level, item, rest = name:match("^conv(%d+)%.(%d+)%.(.*)$")
  if not level then return name end
  level, item = tonumber(level), tonumber(item)
  if level > 1 and item == 0 then
    return ("encoder_layers.encoder_layer%d.2.%s"):format(level - 1, rest)
  end
  return ("encoder_layers.encoder_layer%d.%d.%s"):format(level, level == 1 and item or item - 1,
    rest)
end

-- MinkowskiEngine's MinkUNet: level n is convN, bnN, blockN on the way down and convtrN, bntrN,
-- blockN+1 on the way up.
local block_parts = {
  ["conv1"] = "net.0", ["norm1"] = "net.1", ["conv2"] = "net.3", ["norm2"] = "net.4",
}

local function mink_block(level, item, rest)
  local part, tail = rest:match("^(%w+)%.(.*)$")
  local inner = block_parts[part] and block_parts[part] .. "." .. tail or rest
  if level <= 4 then return ("stage%d.%d.%s"):format(level, item + 1, inner) end
  return ("up%d.1.%d.%s"):format(level - 4, item, inner)
end

local function minkunet(name)
  local level, item, rest = name:match("^block(%d)%.(%d+)%.(.*)$")
  if level then return mink_block(tonumber(level), tonumber(item), rest) end
  return (rules {
    { "^conv0p1s1%.", "stem.0." }, { "^bn0%.", "stem.1." },
    { "^conv(%d)p%d+s2%.", "stage%1.0.net.0." }, { "^bn(%d)%.", "stage%1.0.net.1." },
    { "^final%.kernel$", "classifier.0.weight" }, { "^final%.", "classifier.0." },
    { "^convtr4p16s2%.", "up1.0.net.0." }, { "^bntr4%.", "up1.0.net.1." },
    { "^convtr5p8s2%.", "up2.0.net.0." }, { "^bntr5%.", "up2.0.net.1." },
    { "^convtr6p4s2%.", "up3.0.net.0." }, { "^bntr6%.", "up3.0.net.1." },
    { "^convtr7p2s2%.", "up4.0.net.0." }, { "^bntr7%.", "up4.0.net.1." },
  })(name)
end

--- The maps between families: { title, function(name) -> name }. What they do not know keeps its
--- name.
names.maps = {
  { "mmdetection3d's SECOND", mmdet_to_pcdet },
  { "OpenPCDet's VoxelBackBone8x", pcdet_to_mmdet },
  { "CenterPoint's SpMiddleResNetFHD", centerpoint_to_pcdet },
  { "OpenPCDet's VoxelResBackBone8x", pcdet_to_centerpoint },
  { "mmdetection3d's residual encoder", basic_to_pcdet },
  { "mmdetection3d's residual encoder", chain(basic_to_pcdet, pcdet_to_centerpoint) },
  { "OpenPCDet's VoxelResBackBone8x", pcdet_to_basic },
  { "CenterPoint's SpMiddleResNetFHD", chain(centerpoint_to_pcdet, pcdet_to_basic) },
  { "MinkowskiEngine's MinkUNet", minkunet },
}

--- "x.weight" of a sparse convolution -> "x.kernel".
function names.kernel(name)
  if name == "weight" then return "kernel" end
  return (name:gsub("%.weight$", ".kernel"))
end

--- The module that a tensor belongs to, and the tensor's name in it.
function names.split(name)
  local module, field = name:match("^(.*)%.([^.]*)$")
  if module then return module, field end
  return "", name
end

--- The modules whose tensors all lie in a child "bn": MinkowskiEngine's norms, which wrap a batch
--- norm. SPVNAS's layers have a "conv" beside the "bn", and a "bn" of their own inside its
--- supernet.
---@return table<string, boolean>
function names.wrapped_norms(list)
  local wrapped, plain, modules = {}, {}, {}
  for _, name in ipairs(list) do
    local outer = name:match("^(.*)%.bn%.[%w_]+$")
    local module = names.split(name)
    modules[module] = true
    if outer then wrapped[outer] = true end
    for at in name:gmatch("()%.") do
      local above, next_part = name:sub(1, at - 1), name:sub(at + 1):match("^[^.]*")
      if next_part ~= "bn" then plain[above] = true end
    end
  end
  for outer in pairs(wrapped) do
    local parent, last = names.split(outer)
    local in_supernet = last == "bn"
      and (modules[parent .. ".conv"] or modules[parent .. ".conv.conv"])
    if plain[outer] or in_supernet then wrapped[outer] = nil end
  end
  return wrapped
end

return names
