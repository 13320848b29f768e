-- conv3d.lua: the sparse convolution layer.

local class = require "lacuna.nn.class"
local conv = require "lacuna.nn.conv"
local conv_config = require "lacuna.nn.conv_config"
local errors = require "lacuna.errors"
local init = require "lacuna.nn.init_parameter"
local Module = require "lacuna.nn.module"
local parameter = require "lacuna.nn.parameter"
local triple = require "lacuna.nn.triple"

--- nn.Conv3d(in_channels, out_channels, kernel_size, options), or one table with all of it.
--- Parameters: kernel [K, in, out], or [in, out] for a 1x1x1 kernel with stride 1; bias [out].
---@usage conv = nn.Conv3d(4, 16, 3, { stride = 2, bias = true }); y = conv(x)
---@usage up = nn.Conv3d(16, 4, 3, { stride = 2, transposed = true }); up(y)
local Conv3d = class.new("Conv3d", Module)

local keys = {
  stride = true, padding = true, dilation = true, bias = true, transposed = true, generative = true,
  config = true,
  indice_key = true, -- SpConv's name for a shared map: accepted, maps are found without one
}
local table_keys = { in_channels = true, out_channels = true, kernel_size = true }
for key in pairs(keys) do table_keys[key] = true end

local function check_channels(op, name, n)
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
    errors.raisef("%s: %s is %s, expected a whole number from 1", op, name, tostring(n))
  end
  return n
end

-- On an axis with an odd kernel and stride 1 the window is centred, whatever was given.
local function choose_padding(kernel, stride, dilation, given)
  local padding = given and { given[1], given[2], given[3] } or { 0, 0, 0 }
  for i = 1, 3 do
    if kernel[i] % 2 == 1 and stride[i] == 1 then padding[i] = (kernel[i] - 1) / 2 * dilation[i] end
  end
  return padding
end

---@param in_channels integer|table
---@param out_channels integer
---@param kernel_size integer|integer[]|nil  3 by default
---@param opts table|nil  stride, padding, dilation: one number or three; bias, transposed,
--- generative: booleans; config: see conv_config.lua
function Conv3d:__init(in_channels, out_channels, kernel_size, opts)
  local op = class.name(class.of(self))
  if type(in_channels) == "table" and out_channels == nil then
    opts = errors.options(op, in_channels, table_keys)
    in_channels, out_channels, kernel_size = opts.in_channels, opts.out_channels, opts.kernel_size
  else
    opts = errors.options(op, opts, keys)
  end
  self.in_channels = check_channels(op, "in_channels", in_channels)
  self.out_channels = check_channels(op, "out_channels", out_channels)
  self.kernel_size = triple(op, "kernel_size", kernel_size or 3, 1)
  self.transposed = opts.transposed == true
  self.generative = opts.generative == true
  if self.generative and not self.transposed then
    errors.raisef("%s: generative needs transposed = true", op)
  end
  self:set_geometry(op, opts)
  self.config = opts.config and conv_config.check(op, opts.config) or nil
  self:make_parameters(opts.bias == true)
end

function Conv3d:set_geometry(op, opts)
  local stride = triple(op, "stride", opts.stride, 1)
  local padding = triple(op, "padding", opts.padding, 0)
  local dilation = triple(op, "dilation", opts.dilation, 1)
  self.stride = stride or { 1, 1, 1 }
  self.dilation = dilation or { 1, 1, 1 }
  self.padding = choose_padding(self.kernel_size, self.stride, self.dilation, padding)
  local geometry = { transposed = self.transposed, generative = self.generative }
  if self.transposed and not self.generative then
    -- What is not given here comes from the convolution that this one inverts.
    geometry.stride, geometry.dilation = stride, dilation
    geometry.padding = padding and (stride and self.padding or padding)
  else
    geometry.stride, geometry.dilation, geometry.padding = self.stride, self.dilation, self.padding
  end
  self.options = conv.options(op, geometry, self.kernel_size)
end

function Conv3d:make_parameters(bias)
  local k, s, cin, cout = self.kernel_size, self.stride, self.in_channels, self.out_channels
  local taps = k[1] * k[2] * k[3]
  local bound = 1 / math.sqrt((self.transposed and cout or cin) * taps)
  local pointwise = taps == 1 and s[1] == 1 and s[2] == 1 and s[3] == 1
  self.kernel = init.uniform(pointwise and { cin, cout } or { taps, cin, cout }, bound)
  self.bias = bias and init.uniform({ cout }, bound) or nil
end

function Conv3d:forward(x)
  parameter.allow_packed(self.kernel)
  return conv.run(x, self.kernel, self.bias, self.options, self.config)
end

local function sizes_text(list)
  if list[1] == list[2] and list[2] == list[3] then return tostring(list[1]) end
  return table.concat(list, "x")
end

function Conv3d:extra_repr()
  local parts = {
    string.format("%d -> %d, %s", self.in_channels, self.out_channels,
      table.concat(self.kernel_size, "x")),
  }
  local function add(name, list, default)
    if sizes_text(list) ~= sizes_text(default) then
      parts[#parts + 1] = name .. " " .. sizes_text(list)
    end
  end
  add("stride", self.stride, { 1, 1, 1 })
  add("padding", self.padding, choose_padding(self.kernel_size, self.stride, self.dilation))
  add("dilation", self.dilation, { 1, 1, 1 })
  if self.generative then
    parts[#parts + 1] = "generative"
  elseif self.transposed then
    parts[#parts + 1] = "transposed"
  end
  if self.bias then parts[#parts + 1] = "bias" end
  return table.concat(parts, ", ")
end

return Conv3d
