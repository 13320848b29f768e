-- Pooling, normalisation by sample, dense cells, cropping and unions of the test data beside the
-- repository: ops.h5.

local lacuna = require "lacuna"
local op_vectors = require "spec.support.op_vectors"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

local function close(got, want, what)
  local _, largest = support.difference(want, want)
  support.close(got, want, 1e-5 * math.max(1, largest), what)
end

local function list(value)
  return type(value) == "table" and value or value and { value }
end

local function scalar(value)
  return type(value) == "table" and value[1] or value
end

local function sparse(case, suffix)
  suffix = suffix or ""
  return lacuna.SparseTensor {
    feats = case.input("feats" .. suffix), coords = case.input("coords" .. suffix),
    spatial_range = list(case.attr "spatial_range"), batch_size = scalar(case.attr "batch_size"),
  }
end

-- Function and module, with the modes as flags and as a config.
local function check_pool(case, op, Layer, compare)
  local modes = {
    kmap_mode = case.attr "kmap_mode", downsample_mode = case.attr "downsample_mode",
  }
  local geometry = {
    stride = case.attr "stride", padding = case.attr "padding", dilation = case.attr "dilation",
  }
  local kernel = case.attr "kernel_size"
  local function check(y)
    support.same(y.coords:tensor(), case.output "coords", "rows")
    compare(y.feats, case.output "feats")
    assert.are.same(list(case.attr "out_spatial_range"), y.spatial_range)
    assert.are.same(geometry.stride, y.stride)
  end
  lacuna.with_modes(modes, function() check(F[op](sparse(case), kernel, geometry)) end)
  geometry.config = modes
  check(Layer(kernel, geometry)(sparse(case)))
end

local ops = {}

function ops.max_pool3d(case)
  check_pool(case, "max_pool3d", nn.MaxPool3d, support.same)
end

function ops.avg_pool3d(case)
  check_pool(case, "avg_pool3d", nn.AvgPool3d, close)
end

function ops.global_max_pool(case)
  support.same(F.global_max_pool(sparse(case)), case.output "y")
  support.same(nn.GlobalMaxPool()(sparse(case)), case.output "y")
end

function ops.global_avg_pool(case)
  close(F.global_avg_pool(sparse(case)), case.output "y")
  close(nn.GlobalAvgPool()(sparse(case)), case.output "y")
end

function ops.group_norm(case)
  local groups, eps = scalar(case.attr "groups"), scalar(case.attr "eps")
  local x, weight, bias = sparse(case), case.input "weight", case.input "bias"
  close(F.group_norm(x, groups, { weight = weight, bias = bias, eps = eps }).feats,
    case.output "y")
  local layer = nn.GroupNorm(groups, x:size(2), { eps = eps })
  layer:load_state_dict { weight = weight, bias = bias }
  close(layer(x).feats, case.output "y")
end

function ops.instance_norm(case)
  local x, eps = sparse(case), scalar(case.attr "eps")
  local weight, bias = case.input "weight", case.input "bias"
  close(F.instance_norm(x, { weight = weight, bias = bias, eps = eps }).feats, case.output "y")
  local layer = nn.InstanceNorm(x:size(2), { eps = eps, affine = weight ~= nil })
  if weight then layer:load_state_dict { weight = weight, bias = bias } end
  close(layer(x).feats, case.output "y")
end

function ops.to_dense(case)
  local x = sparse(case)
  support.same(x:dense(), case.output "dense")
  support.same(F.to_dense(x.feats, x.coords, x.spatial_range), case.output "dense")
  support.same(nn.ToDense()(x), case.output "dense")
end

function ops.to_bev(case)
  local layer = nn.ToBEV { height_axis = scalar(case.attr "height_axis") }
  support.same(layer(sparse(case)), case.output "bev")
end

function ops.spcrop(case)
  local low, high = case.attr "coords_min", case.attr "coords_max"
  local x = sparse(case)
  for _, y in ipairs { F.spcrop(x, low, high), nn.SparseCrop(low, high)(x) } do
    support.same(y.coords:tensor(), case.output "coords", "rows")
    support.same(y.feats, case.output "feats")
  end
end

function ops.generative_add(case)
  local y = lacuna.generative_add(sparse(case, "_a"), sparse(case, "_b"))
  support.same(y.coords:tensor(), case.output "coords", "rows")
  close(y.feats, case.output "feats")
end

describe("pooling, norms by sample, dense and crop of ops.h5", function()
  op_vectors.examples(ops)
end)
