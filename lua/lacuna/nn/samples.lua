-- samples.lua: which sample of the batch the rows of a tensor belong to.

local points = require "lacuna.points"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local samples = {}

--- The features of a SparseTensor, PointTensor or Tensor, and the batch index of each row; nil for
--- a Tensor, whose rows are one sample.
---@return Tensor feats
---@return Tensor|nil index  integers [N]
function samples.of(x, op)
  if type(x) == "table" then
    if sparse.is(x) then
      sparse.handle(x, op) -- raises for a tensor that was freed
      return x.feats, x.coords:tensor():select(2, 1)
    elseif points.is(x) then
      return x.feats, x.coords:select(2, 1):to("int64")
    end
  end
  T.handle(x, op, "input") -- raises for anything but a tensor
  return x, nil
end

--- The number of samples, given the index of their rows.
---@return integer
function samples.count(x, index)
  if not index then return 1 end
  if sparse.is(x) then return x.batch_size end
  return index:numel() == 0 and 0 or tonumber(index:max():item()) + 1
end

return samples
