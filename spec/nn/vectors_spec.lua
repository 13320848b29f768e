-- The pointwise operations of the test data beside the repository: ops.h5.

local lacuna = require "lacuna"
local op_vectors = require "spec.support.op_vectors"
local support = require "spec.support.init"

local F = lacuna.nn.functional

local function close(got, want)
  local _, largest = support.difference(want, want)
  support.close(got, want, 1e-5 * math.max(1, largest))
end

local function sparse(case, feats)
  return lacuna.SparseTensor(case.input(feats), case.input "coords")
end

local function number(value)
  return type(value) == "table" and value[1] or value
end

local ops = {}

function ops.batch_norm(case)
  local training = number(case.attr "training") == 1
  local mean, var = case.input "running_mean", case.input "running_var"
  local y = F.batch_norm(case.input "feats", {
    weight = case.input "weight", bias = case.input "bias", mean = mean, var = var,
    eps = number(case.attr "eps"), momentum = number(case.attr "momentum"), training = training,
  })
  close(y, case.output "y")
  if training then
    close(mean, case.output "running_mean")
    close(var, case.output "running_var")
  end
end

function ops.relu(case)
  support.same(F.relu(case.input "feats"), case.output "y")
end

function ops.leaky_relu(case)
  close(F.leaky_relu(case.input "feats", number(case.attr "negative_slope")), case.output "y")
end

function ops.silu(case)
  close(F.silu(case.input "feats"), case.output "y")
end

function ops.linear(case)
  close(F.linear(case.input "feats", case.input "weight", case.input "bias"), case.output "y")
end

function ops.cat(case)
  support.same(lacuna.cat({ sparse(case, "feats_a"), sparse(case, "feats_b") }).feats,
    case.output "y")
end

function ops.add(case)
  close((sparse(case, "feats_a") + sparse(case, "feats_b")).feats, case.output "y")
end

function ops.to_dense(case)
  local x = lacuna.SparseTensor(case.input "feats", case.input "coords", 1,
    case.attr "spatial_range")
  support.same(x:dense(), case.output "dense")
end

function ops.quantize(case)
  local feats = case.input "feats"
  local x, inverse, index = lacuna.quantize(case.input "points", {
    voxel_size = case.attr "voxel_size", reduce = case.attr "reduce",
    rounding = case.attr "rounding", origin = case.attr "origin", feats = feats,
  })
  support.close(x.coords:tensor():narrow(2, 2, 3), case.output "voxels", 0, "voxels")
  support.close(index, case.output "index", 0, "index")
  support.close(inverse, case.output "inverse", 0, "inverse")
  if case.output "feats" then
    local _, largest = support.difference(case.output "feats", case.output "feats")
    support.close(x.feats, case.output "feats", 1e-6 * math.max(1, largest), "feats")
  end
end

describe("operations of ops.h5", function()
  op_vectors.examples(ops)
end)
