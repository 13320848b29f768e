-- mmdet_blocks.lua: the residual blocks of mmdetection, made from configs of their layers.
--
-- K. He et al.: Deep Residual Learning for Image Recognition, CVPR 2016. The children have
-- mmdetection's names, so that its checkpoints fit. A derived class may replace self.relu.

local build = require "lacuna.build"
local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"

local blocks = {}

local keys = {
  stride = true, dilation = true, downsample = true, conv_cfg = true, norm_cfg = true,
  act_cfg = true,
}

-- conv1 bn1 ... as children; the norms' names are kept, because the config decides on them.
local function add(self, i, cfg, cin, cout, kernel_size, opts)
  self["conv" .. i] = build.conv_layer(cfg.conv_cfg, cin, cout, kernel_size, opts)
  local name, norm = build.norm_layer(cfg.norm_cfg, cout, i)
  self["norm" .. i .. "_name"] = name
  self[name] = norm
end

local function run(self, i, x)
  return self[self["norm" .. i .. "_name"]](self["conv" .. i](x))
end

local function check(self, opts)
  local op = class.name(class.of(self))
  opts = errors.options(op, opts, keys)
  if opts.downsample ~= nil and not class.is(opts.downsample, Module) then
    errors.raisef("%s: downsample is a %s, expected a module", op, type(opts.downsample))
  end
  return opts, opts.dilation or 1
end

local function shortcut(self, x)
  return self.downsample and self.downsample(x) or x
end

--- nn.BasicBlock(inplanes, planes, {stride=,dilation=,downsample=,conv_cfg=,norm_cfg=,act_cfg=}):
--- relu(bn2(conv2(relu(bn1(conv1(x))))) + downsample(x)); both kernels are 3x3x3, without bias.
---@usage block = nn.BasicBlock(4, 4, { norm_cfg = { type = "BN1d", eps = 1e-3 } }); y = block(x)
local BasicBlock = class.new("BasicBlock", Module)
blocks.BasicBlock = BasicBlock

BasicBlock.expansion = 1

---@param inplanes integer  input channels
---@param planes integer  output channels
---@param opts table|nil  downsample: a module for the shortcut; the configs: see lacuna.build_*
function BasicBlock:__init(inplanes, planes, opts)
  local cfg, dilation = check(self, opts)
  add(self, 1, cfg, inplanes, planes, 3,
    { stride = cfg.stride, padding = dilation, dilation = cfg.dilation, bias = false })
  self.relu = build.activation(cfg.act_cfg)
  add(self, 2, cfg, planes, planes, 3, { padding = 1, bias = false })
  self.downsample = cfg.downsample
end

function BasicBlock:forward(x)
  local y = self.relu(run(self, 1, x))
  y = run(self, 2, y) + shortcut(self, x)
  return self.relu(y)
end

--- nn.Bottleneck(inplanes, planes, {the same}): 1x1x1, 3x3x3 with the stride, and 1x1x1 to four
--- times `planes` channels.
---@usage block = nn.Bottleneck(16, 4); y = block(nn.Conv3d(4, 16, 1)(x))
local Bottleneck = class.new("Bottleneck", Module)
blocks.Bottleneck = Bottleneck

Bottleneck.expansion = 4

---@param inplanes integer  input channels
---@param planes integer  a quarter of the output channels
---@param opts table|nil
function Bottleneck:__init(inplanes, planes, opts)
  local cfg, dilation = check(self, opts)
  add(self, 1, cfg, inplanes, planes, 1, { bias = false })
  add(self, 2, cfg, planes, planes, 3,
    { stride = cfg.stride, padding = dilation, dilation = cfg.dilation, bias = false })
  add(self, 3, cfg, planes, planes * self.expansion, 1, { bias = false })
  self.relu = build.activation(cfg.act_cfg)
  self.downsample = cfg.downsample
end

function Bottleneck:forward(x)
  local y = self.relu(run(self, 1, x))
  y = self.relu(run(self, 2, y))
  y = run(self, 3, y) + shortcut(self, x)
  return self.relu(y)
end

return blocks
