-- mmdet_block.lua: layers from configs, and mmdetection's residual block with another activation:
-- how code for mmdetection3d looks here.

local lacuna = require "lacuna"
local nn = lacuna.nn
local registry = lacuna.registry

-- Types by name. These two are registered already; a class of your own joins them in the same way.
registry.CONV_LAYERS:register("TorchSparseConv3d", nn.Conv3d, { force = true })
registry.NORM_LAYERS:register("TorchSparseBatchNorm", nn.BatchNorm, { force = true })

-- A layer from a config.
local conv_cfg = { type = "TorchSparseConv3d" }
local norm_cfg = { type = "TorchSparseBatchNorm", eps = 1e-3, momentum = 0.01 }
local layer = lacuna.build_conv_layer(conv_cfg, 4, 16, 3, { stride = 2, padding = 1, bias = false })
print(layer)

-- The plain residual block with sparse activations. It has no forward of its own.
local SparseBasicBlock = nn.class("SparseBasicBlock", nn.BasicBlock)

SparseBasicBlock.expansion = 1

function SparseBasicBlock:__init(inplanes, planes, opts)
  nn.BasicBlock.__init(self, inplanes, planes, {
    stride = opts.stride, downsample = opts.downsample,
    conv_cfg = opts.conv_cfg, norm_cfg = opts.norm_cfg,
  })
  if opts.act_cfg ~= nil then
    if opts.act_cfg == "swish" then
      self.relu = nn.SiLU { inplace = true }
    else
      self.relu = nn.ReLU { inplace = true }
    end
  end
end

lacuna.manual_seed(1)
local block = SparseBasicBlock(16, 16,
  { conv_cfg = conv_cfg, norm_cfg = norm_cfg, act_cfg = "swish" })
print(block)

-- From SpConv: change the type. An indice_key may stay; the maps are found without it.
local function encoder(conv_type)
  lacuna.manual_seed(2)
  return nn.Sequential(
    nn.make_sparse_convmodule(4, 16, 3, { norm_cfg = norm_cfg, indice_key = "subm1" }),
    nn.make_sparse_convmodule(16, 32, 3, {
      conv_type = conv_type, stride = 2, padding = 1, norm_cfg = norm_cfg, indice_key = "down1",
    }))
end

local points = lacuna.io.synthetic_scan { beams = 16, azimuths = 256 }
local x = lacuna.quantize(points, { voxel_size = 0.2, origin = "min" })
local before, after = encoder("SparseConv3d")(x), encoder("TorchSparseConv3d")(x)
print("the same result:", before.feats:eq(after.feats):min():item() == 1)
print(block(layer(x)))
