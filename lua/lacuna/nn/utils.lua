-- utils.lua: lacuna.nn.utils, what TorchSparse keeps in torchsparse.nn.utils.

local conv = require "lacuna.nn.conv"
local errors = require "lacuna.errors"
local kinds = require "lacuna.kinds"

local utils = { get_kernel_offsets = conv.get_kernel_offsets }

--- fn(features, ...) of a Tensor, SparseTensor or PointTensor, as the same kind: how a layer on
--- features becomes one on sparse tensors.
---@param x any
---@param fn fun(feats: Tensor, ...): Tensor
---@usage y = nn.utils.fapply(x, function(feats) return feats:clamp(0, 6) end)
function utils.fapply(x, fn, ...)
  if type(fn) ~= "function" and not (type(fn) == "table" and getmetatable(fn)) then
    errors.raisef("fapply: the second argument is a %s, expected a function", type(fn))
  end
  local args, n = { ... }, select("#", ...)
  return kinds.map(x, "fapply", function(t) return fn(t, unpack(args, 1, n)) end)
end

return utils
