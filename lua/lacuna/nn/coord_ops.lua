-- coord_ops.lua: operations on coordinate rows: hashes, look-ups, coarser and finer sets, and maps
-- walked backwards.

local native = require "lacuna.native"
local conv = require "lacuna.nn.conv"
local coords = require "lacuna.coords"
local errors = require "lacuna.errors"
local kernel_map = require "lacuna.kernel_map"
local T = require "lacuna.tensor"
local triple = require "lacuna.nn.triple"

local C, ctx = native.C, native.ctx

local coord_ops = {}

--- 64-bit FNV-1a hashes of rows (b,x,y,z), as int64.
---@param rows Tensor|Coords  int32 [N,4]
---@param offsets Tensor|nil  int32 [K,3], added to x, y, z
---@return Tensor  [N], or [K,N] with offsets
---@usage keys = F.sphash(x.coords, F.get_kernel_offsets(3))
function coord_ops.sphash(rows, offsets)
  local y = T.blank()
  native.call(C.lac_hash_rows, ctx, T.handle(rows, "sphash", "coords"),
    offsets and T.handle(offsets, "sphash", "offsets") or nil, y.box)
  return T.filled(y, rows, offsets)
end

--- Where each query stands in the references, -1 where it does not; the first of equal references.
--- Hashes: queries of any shape in [M]. Coordinate rows: [..., 4] in [M, 4].
---@param queries Tensor|Coords  int64 or int32
---@param references Tensor|Coords  the same dtype
---@return Tensor  int64
---@usage near = F.spcrop(x, { 8, 8, 0 })
---@usage at = F.sphashquery(F.sphash(near.coords), F.sphash(x.coords))
function coord_ops.sphashquery(queries, references)
  local y = T.blank()
  native.call(C.lac_find_rows, ctx, T.handle(queries, "sphashquery", "queries"),
    T.handle(references, "sphashquery", "references"), y.box)
  return T.filled(y, queries, references)
end

--- How often each of 0 to n - 1 occurs in idx; negative values are ignored.
---@param idx Tensor  int32 or int64
---@param n integer
---@return Tensor  int32 [n]
---@usage F.spcount(lacuna.tensor({ 0, 2, 2 }, { dtype = "int32" }), 3)
function coord_ops.spcount(idx, n)
  local y = T.blank()
  native.call(C.lac_count_index, ctx, T.handle(idx, "spcount", "idx"),
    T.whole("spcount", "n", n), y.box)
  return T.filled(y, idx)
end

local rows_keys = {
  stride = true, kernel_size = true, padding = true, dilation = true, spatial_range = true,
  downsample_mode = true,
}

-- The rows with 0 <= x, y, z < range, where `range` is (B,X,Y,Z).
local function within(op, set, range)
  if type(range) ~= "table" or #range ~= 4 then
    errors.raisef("%s: spatial_range, expected 4 numbers (B,X,Y,Z)", op)
  end
  local rows, inside = set:tensor(), nil
  for axis = 2, 4 do
    local column = rows:select(2, axis)
    local fits = column:ge(0):bitand(column:lt(range[axis]))
    inside = inside and inside:bitand(fits) or fits
  end
  local at = inside:nonzero():reshape(-1)
  if #at == #rows then return set end
  return coords.from(op, rows:index_select(1, at))
end

local function derive(op, rows, opts, fields)
  opts = errors.options(op, opts, rows_keys)
  local set = coords.from(op, rows)
  fields.stride, fields.padding, fields.dilation = opts.stride or 2, opts.padding, opts.dilation
  fields.config = opts.downsample_mode and { downsample_mode = opts.downsample_mode }
  local o = conv.options(op, fields, triple(op, "kernel_size", opts.kernel_size or 2, 1))
  local made = coords.blank()
  native.call(C.lac_coords_strided, ctx, coords.handle(set), o, made.box)
  coords.filled(made, set)
  if opts.spatial_range == nil then return made end
  local mode = o.downsample_mode
  if mode < 0 then mode = C.lac_context_flag(ctx, C.LAC_FLAG_DOWNSAMPLE_MODE) end
  -- "minkowski" rows are those of all the inputs: a range does not limit them.
  if o.generative == 0 and mode == C.LAC_DOWNSAMPLE_MINKOWSKI then return made end
  return within(op, made, opts.spatial_range)
end

--- The rows that a strided convolution makes of these, unique and sorted.
--- Options: stride 2, kernel_size 2, padding 0, dilation 1, spatial_range (B,X,Y,Z) of the output,
--- downsample_mode "spconv" or "minkowski" (the flag's, by default).
---@param rows Tensor|Coords|table
---@param opts table|nil
---@return Coords
---@usage rows = F.spdownsample(x.coords, { stride = 2, kernel_size = 3, padding = 1 })
function coord_ops.spdownsample(rows, opts)
  return derive("spdownsample", rows, opts, {})
end

--- The rows that a generative transposed convolution makes of these, unique and sorted. Options as
--- for spdownsample; rows outside of spatial_range, the output's, are left out.
---@param rows Tensor|Coords|table
---@param opts table|nil
---@return Coords
---@usage rows = F.spupsample_generative(x.coords, { stride = 2, kernel_size = 2 })
function coord_ops.spupsample_generative(rows, opts)
  return derive("spupsample_generative", rows, opts, { transposed = true, generative = true })
end

--- A kernel map from its output rows to its input rows: each tap has the same pairs, exchanged.
---@param map KernelMap
---@return KernelMap
---@usage map = F.build_kernel_map(x, { kernel_size = 2, stride = 2 })
---@usage back = F.transpose_kernel_map(map)
function coord_ops.transpose_kernel_map(map)
  if not kernel_map.is(map) then
    errors.raisef("transpose_kernel_map: a %s, expected a KernelMap: see build_kernel_map",
      require("lacuna.kinds").of(map))
  end
  local y = kernel_map.blank()
  native.call(C.lac_kernel_map_transpose, ctx, kernel_map.handle(map), y.box)
  return kernel_map.filled(y, map)
end

return coord_ops
