-- spconv.lua: SpConv's layers under their names, with their defaults.
--
-- They are nn.Conv3d with what SpConv means by each name; parameters are named as in Conv3d, kernel
-- and bias. Where SpConv would compute something else than nn.Conv3d with the same arguments, the
-- layer refuses to be made and says what to write.

local class = require "lacuna.nn.class"
local Conv3d = require "lacuna.nn.conv3d"
local errors = require "lacuna.errors"
local triple = require "lacuna.nn.triple"

local spconv = {}

local keys = {
  in_channels = true, out_channels = true, kernel_size = true, stride = true, padding = true,
  dilation = true, groups = true, bias = true, indice_key = true, config = true,
}

-- The options for Conv3d: bias unless it is false, and what the class adds.
local function amend(op, opts, more)
  opts = errors.options(op, opts, keys)
  if opts.groups ~= nil and opts.groups ~= 1 then
    errors.raisef("%s: groups is %s, expected 1: every output channel sees every input channel", op,
      tostring(opts.groups))
  end
  local copy = {}
  for key, value in pairs(opts) do copy[key] = value end
  for key, value in pairs(more) do copy[key] = value end
  copy.groups = nil
  copy.bias = opts.bias ~= false
  return copy
end

local function make(self, more, cin, cout, kernel_size, opts)
  local op = class.name(class.of(self))
  if type(cin) == "table" and cout == nil then
    Conv3d.__init(self, amend(op, cin, more))
  else
    Conv3d.__init(self, cin, cout, kernel_size, amend(op, opts, more))
  end
  return op
end

local function all_are(list, value)
  return list[1] == value and list[2] == value and list[3] == value
end

--- nn.SubMConv3d(in, out, kernel_size, {dilation=,bias=,indice_key=}): a submanifold convolution,
--- on the rows of its input. The window is centred whatever padding is given.
---@usage conv = nn.SubMConv3d(4, 16, 3, { bias = false, indice_key = "subm1" }); y = conv(x)
local SubMConv3d = class.new("SubMConv3d", Conv3d)
spconv.SubMConv3d = SubMConv3d

function SubMConv3d:__init(...)
  local op = make(self, {}, ...)
  for i = 1, 3 do
    if self.stride[i] ~= 1 then
      errors.raisef("%s: stride is %d on axis %d, expected 1: SparseConv3d makes coarser rows", op,
        self.stride[i], i)
    end
    if self.kernel_size[i] % 2 == 0 then
      errors.raisef("%s: kernel_size is %d on axis %d, expected an odd number: nn.Conv3d takes "
        .. "even ones", op, self.kernel_size[i], i)
    end
  end
end

--- nn.SparseConv3d(in, out, kernel_size, {stride=,padding=,dilation=,bias=,indice_key=}): a strided
--- convolution onto every coarse row that its window reaches.
---@usage down = nn.SparseConv3d(4, 16, 3, { stride = 2, padding = 1, indice_key = "down1" })
---@usage y = down(x)
local SparseConv3d = class.new("SparseConv3d", Conv3d)
spconv.SparseConv3d = SparseConv3d

-- Does Conv3d make the rows by dividing, without looking at the window?
local function divides(layer, padding)
  for i = 1, 3 do
    local s = layer.stride[i]
    if s ~= 1 and s ~= layer.kernel_size[i] then return false end
  end
  return all_are(padding, 0) and all_are(layer.dilation, 1)
end

local function check_forward(op, layer, padding)
  local k, s, d = layer.kernel_size, layer.stride, layer.dilation
  if all_are(s, 1) and not all_are(k, 1) then
    errors.raisef("%s: every stride is 1 and the kernel %s: in SpConv this dilates the set of "
      .. "rows, which is not offered: use SubMConv3d, which keeps them", op, table.concat(k, "x"))
  end
  for i = 1, 3 do
    local centred = (k[i] - 1) / 2 * d[i]
    if s[i] == 1 and k[i] % 2 == 1 and padding[i] ~= centred then
      errors.raisef("%s: padding is %d on axis %d, where the kernel is %d and the stride 1, "
        .. "expected %d: the window is centred there, in SpConv with another padding it is not", op,
        padding[i], i, k[i], centred)
    elseif s[i] == 1 and k[i] % 2 == 0 and divides(layer, padding) then
      errors.raisef("%s: stride is 1 on axis %d, where the kernel is %d: in SpConv this dilates "
        .. "the set of rows along the axis, which is not offered: expected stride %d or kernel 1",
        op, i, k[i], k[i])
    end
  end
end

function SparseConv3d:__init(cin, cout, kernel_size, opts)
  local op = make(self, {}, cin, cout, kernel_size, opts)
  local given = type(cin) == "table" and cin or opts or {}
  check_forward(op, self, triple(op, "padding", given.padding or 0, 0))
end

--- nn.SparseInverseConv3d(in, out, kernel_size, {bias=,indice_key=}): back to the rows that the
--- strided convolution was given, which made the input's. Its stride, padding and dilation are used
--- and may be left out; where given they must agree, and so must the kernel size.
---@usage down = nn.SparseConv3d(4, 16, 3, { stride = 2, padding = 1 })
---@usage up = nn.SparseInverseConv3d(16, 4, 3); y = up(down(x))
local SparseInverseConv3d = class.new("SparseInverseConv3d", Conv3d)
spconv.SparseInverseConv3d = SparseInverseConv3d

function SparseInverseConv3d:__init(cin, cout, kernel_size, opts)
  local op = make(self, { transposed = true }, cin, cout, kernel_size, opts)
  local given = type(cin) == "table" and cin or opts or {}
  if given.stride ~= nil and all_are(self.stride, 1) then
    errors.raisef("%s: stride is 1, expected the stride of the convolution that it inverts: leave "
      .. "it out", op)
  end
  self.options.require_forward = 1
end

--- nn.SparseConvTranspose3d(in, out, kernel_size, {stride=,padding=,dilation=,bias=,indice_key=}):
--- a transposed convolution onto every row that its window reaches. Padding is taken as given.
---@usage down = nn.SparseConv3d(4, 16, 2, { stride = 2 })
---@usage up = nn.SparseConvTranspose3d(16, 4, 3, { stride = 2, padding = 1 }); y = up(down(x))
local SparseConvTranspose3d = class.new("SparseConvTranspose3d", Conv3d)
spconv.SparseConvTranspose3d = SparseConvTranspose3d

function SparseConvTranspose3d:__init(cin, cout, kernel_size, opts)
  local op = make(self, { transposed = true, generative = true }, cin, cout, kernel_size, opts)
  local given = type(cin) == "table" and cin or opts or {}
  self.padding = triple(op, "padding", given.padding or 0, 0)
  for i = 1, 3 do self.options.padding[i - 1] = self.padding[i] end
end

return spconv
