-- blocks.lua: TorchSparse's building blocks, with the key layout of its checkpoints.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local activation = require "lacuna.nn.activation"
local BatchNorm = require "lacuna.nn.batch_norm"
local Conv3d = require "lacuna.nn.conv3d"
local Identity = require "lacuna.nn.identity"
local Module = require "lacuna.nn.module"
local Sequential = require "lacuna.nn.sequential"

local blocks = {}

local keys = { stride = true, dilation = true }

--- nn.SparseConvBlock(in, out, kernel_size, {stride=,dilation=}): convolution, batch norm, ReLU;
--- keys 0 and 1.
---@usage block = nn.SparseConvBlock(4, 16, 3, { stride = 2 }); y = block(x)
local SparseConvBlock = class.new("SparseConvBlock", Sequential)
blocks.SparseConvBlock = SparseConvBlock

function SparseConvBlock:__init(cin, cout, kernel_size, opts)
  opts = errors.options("SparseConvBlock", opts, keys)
  self:add(Conv3d(cin, cout, kernel_size, { stride = opts.stride, dilation = opts.dilation }))
  self:add(BatchNorm(cout))
  self:add(activation.ReLU())
end

--- nn.SparseConvTransposeBlock(in, out, kernel_size, {stride=,dilation=}): the same with a
--- transposed convolution.
---@usage down = nn.SparseConvBlock(4, 16, 2, { stride = 2 })
---@usage up = nn.SparseConvTransposeBlock(16, 4, 2, { stride = 2 }); y = up(down(x))
local SparseConvTransposeBlock = class.new("SparseConvTransposeBlock", Sequential)
blocks.SparseConvTransposeBlock = SparseConvTransposeBlock

function SparseConvTransposeBlock:__init(cin, cout, kernel_size, opts)
  opts = errors.options("SparseConvTransposeBlock", opts, keys)
  self:add(Conv3d(cin, cout, kernel_size,
    { stride = opts.stride, dilation = opts.dilation, transposed = true }))
  self:add(BatchNorm(cout))
  self:add(activation.ReLU())
end

--- nn.SparseResBlock(in, out, kernel_size, {stride=,dilation=}): relu(main(x) + shortcut(x)), where
--- the shortcut is a 1x1x1 convolution if channels or rows change. With a stride both have the same
--- rows in the downsample mode "minkowski" alone.
---@usage block = nn.SparseResBlock(4, 16, 3, { stride = 2 })
---@usage y = lacuna.with_modes({ downsample_mode = "minkowski" }, block, x)
local SparseResBlock = class.new("SparseResBlock", Module)
blocks.SparseResBlock = SparseResBlock

function SparseResBlock:__init(cin, cout, kernel_size, opts)
  opts = errors.options("SparseResBlock", opts, keys)
  self.main = Sequential(
    Conv3d(cin, cout, kernel_size, { stride = opts.stride, dilation = opts.dilation }),
    BatchNorm(cout),
    activation.ReLU(),
    Conv3d(cout, cout, kernel_size, { dilation = opts.dilation }),
    BatchNorm(cout))
  local s = self.main[1].stride
  if cin == cout and s[1] * s[2] * s[3] == 1 then
    self.shortcut = Identity()
  else
    self.shortcut = Sequential(Conv3d(cin, cout, 1, { stride = opts.stride }), BatchNorm(cout))
  end
  self.relu = activation.ReLU()
end

function SparseResBlock:forward(x)
  local y = self.main(x) + self.shortcut(x)
  return self.relu(y)
end

return blocks
