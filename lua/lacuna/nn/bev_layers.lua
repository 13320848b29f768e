-- bev_layers.lua: TorchSparse's ToBEVReduction, ToBEVConvolution, ToDenseBEVConvolution and
-- ToBEVHeightCompression, as they were meant: coordinates are (b,x,y,z) in units of the tensor's
-- own stride. height_axis is the column after the batch index, 2 by default (their dim = 1).

local class = require "lacuna.nn.class"
local conv = require "lacuna.nn.conv"
local create = require "lacuna.create"
local dense = require "lacuna.dense"
local errors = require "lacuna.errors"
local flatten = require "lacuna.nn.bev_flatten"
local init = require "lacuna.nn.init_parameter"
local modes = require "lacuna.modes"
local Module = require "lacuna.nn.module"
local pool = require "lacuna.nn.pool"
local sparse = require "lacuna.sparse"

local layers = {}

local function check_count(op, name, n)
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
    errors.raisef("%s: %s is %s, expected a whole number from 1", op, name, tostring(n))
  end
  return n
end

-- The samples of x, also those without rows.
local function samples_of(x)
  return x.batch_size > 0 and x.batch_size or nil
end

-- ToBEVReduction ----------------------------------------------------------------------------------

--- nn.ToBEVReduction{height_axis = 2}: the height becomes 0, and rows that meet their mean.
---@usage flat = nn.ToBEVReduction{ height_axis = 3 }(x)
local ToBEVReduction = class.new("ToBEVReduction", Module)
layers.ToBEVReduction = ToBEVReduction

---@param opts { height_axis: integer }|nil
function ToBEVReduction:__init(opts)
  opts = errors.options("ToBEVReduction", opts, { height_axis = true })
  self.height_axis = flatten.axis("ToBEVReduction", opts.height_axis)
end

function ToBEVReduction:forward(x)
  sparse.handle(x, "ToBEVReduction")
  local flat = x.coords:tensor():clone()
  flat:narrow(2, self.height_axis + 1, 1):fill_(0)
  local rows, _, cell = create.unique(flat)
  return sparse.new {
    feats = pool.mean_of(x.feats, cell, rows:size(1)), coords = rows, stride = x.stride,
    spatial_range = flatten.range(x.spatial_range, self.height_axis), batch_size = samples_of(x),
  }
end

-- ToBEVConvolution --------------------------------------------------------------------------------

-- One tap a height, and windows as high as all of them: a strided convolution whose rows have
-- height 0. Rows below 0 on the other axes stay.
local function convolve(op, x, axis, kernel, bias)
  local count = kernel:size(1)
  flatten.check_heights(op, x, axis, count)
  local column = { 1, 1, 1 }
  column[axis] = count
  local config = { downsample_mode = "spconv", kmap_mode = "hashmap_on_the_fly" }
  return modes.with({ allow_negative_coordinates = true }, conv.conv3d, x, kernel, {
    kernel_size = column, stride = column, bias = bias, config = config,
  })
end

local function make_kernel(self, op, cin, cout, heights, bias)
  check_count(op, "in_channels", cin)
  check_count(op, "out_channels", cout)
  local bound = 1 / math.sqrt(cin)
  self.in_channels, self.out_channels = cin, cout
  self.kernel = init.uniform({ heights, cin, cout }, bound)
  self.bias = bias and init.uniform({ cout }, bound) or nil
end

local function describe(self)
  return string.format("%d -> %d, %d heights, height_axis %d%s", self.in_channels,
    self.out_channels, self.kernel:size(1), self.height_axis, self.bias and ", bias" or "")
end

--- nn.ToBEVConvolution(in, out, heights, {height_axis = 2, bias = false}): every row times the
--- kernel of its height, summed over heights; sparse, at height 0. kernel [heights, in, out].
---@usage bev = nn.ToBEVConvolution(4, 16, 8, { height_axis = 3 }); y = bev(x)
local ToBEVConvolution = class.new("ToBEVConvolution", Module)
layers.ToBEVConvolution = ToBEVConvolution

---@param in_channels integer
---@param out_channels integer
---@param n_kernels integer  heights are 0 to n_kernels - 1
---@param opts { height_axis: integer, bias: boolean }|nil
function ToBEVConvolution:__init(in_channels, out_channels, n_kernels, opts)
  local op = "ToBEVConvolution"
  opts = errors.options(op, opts, { height_axis = true, bias = true })
  self.height_axis = flatten.axis(op, opts.height_axis)
  make_kernel(self, op, in_channels, out_channels, check_count(op, "n_kernels", n_kernels),
    opts.bias)
end

function ToBEVConvolution:forward(x)
  local y = convolve("ToBEVConvolution", flatten.shifted("ToBEVConvolution", x), self.height_axis,
    self.kernel, self.bias)
  return sparse.new {
    feats = y.feats, coords = y.coords, stride = x.stride, batch_size = samples_of(x),
    spatial_range = flatten.range(x.spatial_range, self.height_axis),
  }
end

ToBEVConvolution.extra_repr = describe

-- ToDenseBEVConvolution ---------------------------------------------------------------------------

-- The batch and the cells of a layer with `shape`, as a range.
local function cells_of(x, shape)
  return { x.batch_size, shape[1], shape[2], shape[3] }
end

--- nn.ToDenseBEVConvolution(in, out, shape, {offset = {0,0,0}, height_axis = 2, bias = false}):
--- the same as a dense tensor [B, out, U, V] over the cells offset to offset + shape - 1; a cell
--- without rows is 0. The bias is added once to every cell that has rows.
---@usage bev = nn.ToDenseBEVConvolution(4, 16, { 32, 32, 8 }, { height_axis = 3 })
---@usage view = bev(x)
local ToDenseBEVConvolution = class.new("ToDenseBEVConvolution", Module)
layers.ToDenseBEVConvolution = ToDenseBEVConvolution

---@param in_channels integer
---@param out_channels integer
---@param shape integer[]  cells along x, y, z
---@param opts { offset: integer[], height_axis: integer, bias: boolean }|nil
function ToDenseBEVConvolution:__init(in_channels, out_channels, shape, opts)
  local op = "ToDenseBEVConvolution"
  opts = errors.options(op, opts, { offset = true, height_axis = true, bias = true })
  self.height_axis = flatten.axis(op, opts.height_axis)
  self.shape = flatten.triple(op, "shape", shape, 1)
  self.offset = flatten.triple(op, "offset", opts.offset or { 0, 0, 0 }, -math.huge)
  make_kernel(self, op, in_channels, out_channels, self.shape[self.height_axis], opts.bias)
end

function ToDenseBEVConvolution:forward(x)
  local op = "ToDenseBEVConvolution"
  local y = convolve(op, flatten.shifted(op, x, self.offset), self.height_axis, self.kernel,
    self.bias)
  return dense.to_bev(sparse.new {
    feats = y.feats, coords = y.coords,
    spatial_range = flatten.range(cells_of(x, self.shape), self.height_axis),
  }, self.height_axis)
end

ToDenseBEVConvolution.extra_repr = describe

-- ToBEVHeightCompression --------------------------------------------------------------------------

--- nn.ToBEVHeightCompression(channels, shape, {offset = {0,0,0}, height_axis = 2}): a dense tensor
--- [B, H*C, U, V] with channel h * C + c. Heights outside count to the lowest or highest layer, and
--- rows that meet are added. (nn.ToBEV has channel c * H + h and refuses heights outside.)
---@usage bev = nn.ToBEVHeightCompression(4, { 32, 32, 8 }, { height_axis = 3 })
---@usage view = bev(x)
local ToBEVHeightCompression = class.new("ToBEVHeightCompression", Module)
layers.ToBEVHeightCompression = ToBEVHeightCompression

---@param channels integer
---@param shape integer[]  cells along x, y, z
---@param opts { offset: integer[], height_axis: integer }|nil
function ToBEVHeightCompression:__init(channels, shape, opts)
  local op = "ToBEVHeightCompression"
  opts = errors.options(op, opts, { offset = true, height_axis = true })
  self.channels = check_count(op, "channels", channels)
  self.height_axis = flatten.axis(op, opts.height_axis)
  self.shape = flatten.triple(op, "shape", shape, 1)
  self.offset = flatten.triple(op, "offset", opts.offset or { 0, 0, 0 }, -math.huge)
end

-- Heights within [0, count), and the sum of the rows that meet by that.
local function clamp_heights(x, axis, count)
  local rows = x.coords:tensor():clone()
  local heights = rows:narrow(2, axis + 1, 1)
  heights:copy_(heights:clamp(0, count - 1))
  local cells, _, cell = create.unique(rows)
  local on = x:device()
  local sums = create.zeros({ cells:size(1), x:size(2) }, { dtype = x:dtype(), device = on })
  local index = cell:reshape(-1, 1)
    + create.zeros({ 1, x:size(2) }, { dtype = "int64", device = on })
  return sums:scatter_add(1, index, x.feats), cells
end

function ToBEVHeightCompression:forward(x)
  local op, axis, shape = "ToBEVHeightCompression", self.height_axis, self.shape
  local shifted = flatten.shifted(op, x, self.offset)
  if x:size(2) ~= self.channels then
    errors.raisef("%s: %d channels, expected %d", op, x:size(2), self.channels)
  end
  local feats, rows = clamp_heights(shifted, axis, shape[axis])
  local view = dense.to_bev(sparse.new {
    feats = feats, coords = rows, spatial_range = cells_of(x, shape),
  }, axis)
  local b, _, u, v = unpack(view:size())
  return view:reshape(b, self.channels, shape[axis], u, v):permute(1, 3, 2, 4, 5)
    :reshape(b, shape[axis] * self.channels, u, v)
end

function ToBEVHeightCompression:extra_repr()
  return string.format("%d x %d, height_axis %d", self.shape[self.height_axis], self.channels,
    self.height_axis)
end

return layers
