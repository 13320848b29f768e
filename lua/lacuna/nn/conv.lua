-- conv.lua: F.conv3d and F.build_kernel_map.

local ffi = require "ffi"
local native = require "lacuna.native"
local conv_config = require "lacuna.nn.conv_config"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local kernel_map = require "lacuna.kernel_map"
local coords = require "lacuna.coords"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"
local triple = require "lacuna.nn.triple"

local C, ctx = native.C, native.ctx

local conv = {}

local options = ffi.new("lac_conv3d_options")

local function fill(field, list, missing)
  for i = 1, 3 do field[i - 1] = list and list[i] or missing end
end

-- The size of a cubic kernel with this many taps.
local function cube_root(taps)
  local k = math.floor(taps ^ (1 / 3) + 0.5)
  if k * k * k ~= taps then
    errors.raisef("conv3d: kernel_size is not given and the weight has %d taps, which is no cube",
      taps)
  end
  return { k, k, k }
end

-- C keeps none of the options beyond the call, so that one struct serves all calls.
local function prepare(op, o, kernel)
  options.size = ffi.sizeof("lac_conv3d_options")
  fill(options.kernel_size, kernel, 1)
  fill(options.stride, triple(op, "stride", o.stride, 1), 0)
  fill(options.padding, triple(op, "padding", o.padding, 0), -1)
  fill(options.dilation, triple(op, "dilation", o.dilation, 1), 0)
  options.transposed = o.transposed and 1 or 0
  options.generative = o.generative and 1 or 0
  options.require_forward = 0
  conv_config.apply(op, o.config, options)
  options.bias = nil
  return options
end

local conv_keys = {
  kernel_size = true, bias = true, stride = true, padding = true, dilation = true,
  transposed = true, generative = true, config = true,
}

--- Sparse 3-D convolution. Stride, padding and dilation that are not given are 1, 0 and 1, or for a
--- transposed convolution those of the convolution that made the rows. Padding is taken as given;
--- nn.Conv3d chooses it.
---@param x table  SparseTensor [N,Cin]
---@param weight Tensor  [K,Cin,Cout], or [Cin,Cout] for one tap
---@param opts table|nil
---@return table  SparseTensor, computed when it is first read
---@usage y = F.conv3d(x, lacuna.randn(27, 4, 16), { kernel_size = 3, stride = 2, padding = 1 })
function conv.conv3d(x, weight, opts)
  opts = errors.options("conv3d", opts, conv_keys)
  local handle = sparse.handle(x, "conv3d")
  local w = T.handle(weight, "conv3d", "weight")
  local kernel = triple("conv3d", "kernel_size", opts.kernel_size, 1)
  if not kernel then
    local sizes = shape.of(weight)
    kernel = #sizes == 3 and cube_root(sizes[1]) or { 1, 1, 1 }
  end
  if opts.config then conv_config.check("conv3d", opts.config) end
  local o = prepare("conv3d", opts, kernel)
  if opts.bias then o.bias = T.handle(opts.bias, "conv3d", "bias") end
  local y = sparse.blank()
  native.call(C.lac_conv3d, ctx, handle, w, o, y.box)
  return sparse.filled(y, x, weight, opts)
end

--- The same for nn.Conv3d, which has checked everything when it was made: `o` is its own struct.
function conv.run(x, weight, bias, o, config)
  conv_config.apply("conv3d", config, o)
  o.bias = bias and T.handle(bias, "conv3d", "bias") or nil
  local y = sparse.blank()
  native.call(C.lac_conv3d, ctx, sparse.handle(x, "conv3d"), T.handle(weight, "conv3d", "weight"),
    o, y.box)
  return sparse.filled(y, x, weight, bias)
end

--- A filled lac_conv3d_options of its own.
function conv.options(op, fields, kernel)
  return ffi.new("lac_conv3d_options", prepare(op, fields, kernel))
end

local map_keys = {
  kernel_size = true, stride = true, padding = true, dilation = true, transposed = true,
  generative = true, config = true,
}

--- The kernel map that conv3d uses for the same options, and the Coords of its output rows.
---@param x table  SparseTensor
---@param opts table
---@return KernelMap map
---@return Coords rows
---@usage map, rows = F.build_kernel_map(x, { kernel_size = 3, stride = 2 })
function conv.build_kernel_map(x, opts)
  opts = errors.options("build_kernel_map", opts, map_keys)
  local kernel = triple("build_kernel_map", "kernel_size", opts.kernel_size or 3, 1)
  if opts.config then conv_config.check("build_kernel_map", opts.config) end
  local o = prepare("build_kernel_map", opts, kernel)
  local map, rows = kernel_map.blank(), coords.blank()
  native.call(C.lac_kernel_map_build, ctx, sparse.handle(x, "build_kernel_map"), o, map.box,
    rows.box)
  return kernel_map.filled(map, x), coords.filled(rows)
end

--- The offsets of a centred kernel in the order of its taps, int32 [K,3]: axis 0 fastest where
--- every size is odd, else axis 2.
---@param kernel_size integer|integer[]
---@param stride integer|integer[]|nil
---@param dilation integer|integer[]|nil
---@usage F.get_kernel_offsets(3, 1, { 1, 1, 2 })
function conv.get_kernel_offsets(kernel_size, stride, dilation)
  local op = "get_kernel_offsets"
  local k = triple(op, "kernel_size", kernel_size, 1)
  if not k then errors.raise("get_kernel_offsets: kernel_size is not given") end
  local s = triple(op, "stride", stride or 1, 1)
  local d = triple(op, "dilation", dilation or 1, 1)
  local odd = k[1] * k[2] * k[3] % 2 == 1
  local order = odd and { 3, 2, 1 } or { 1, 2, 3 } -- slowest axis first
  local rows, at = {}, {}
  for a = 0, k[order[1]] - 1 do
    for b = 0, k[order[2]] - 1 do
      for c = 0, k[order[3]] - 1 do
        at[order[1]], at[order[2]], at[order[3]] = a, b, c
        local row = {}
        for i = 1, 3 do row[i] = (at[i] - math.floor((k[i] - 1) / 2)) * s[i] * d[i] end
        rows[#rows + 1] = row
      end
    end
  end
  return create.tensor(rows, { dtype = "int32" })
end

return conv
