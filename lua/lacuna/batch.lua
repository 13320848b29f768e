-- batch.lua: samples of a batch: concatenation of features, collation, one sample.

local create = require "lacuna.create"
local errors = require "lacuna.errors"
local shape = require "lacuna.shape"
local sparse = require "lacuna.sparse"

local batch = {}

--- lacuna.cat of SparseTensors: features side by side, [N, C1 + C2 + ...], on the rows of the
--- first.
---@param list table[]  SparseTensors on the same rows
function batch.cat(list)
  local feats = {}
  for i, x in ipairs(list) do
    if not sparse.is(x) then
      errors.raisef("cat: item %d is a %s, expected a SparseTensor like the first", i,
        require("lacuna.kinds").of(x))
    end
    if i > 1 then sparse.check_same_rows("cat", list[1], x) end
    feats[i] = x.feats
  end
  return list[1]:replace_feature(create.cat(feats, 2))
end

--- lacuna.cat: SparseTensors on the same rows, or Tensors along a dimension.
---@param list table[]
---@param dim integer|nil  of Tensors; 1 by default
---@usage both = lacuna.cat{ x, F.relu(x) }
---@usage wide = lacuna.cat({ t, t }, 2)
function batch.cat_any(list, dim)
  if type(list) == "table" and sparse.is(list[1]) then return batch.cat(list) end
  return create.cat(list, dim)
end

local function same(a, b)
  return (a == nil) == (b == nil) and (a == nil or shape.equal(a, b))
end

-- (X,Y,Z) of the spatial range, or nil.
local function extent(x)
  local range = x.spatial_range
  return range and { range[2], range[3], range[4] }
end

local function check_sample(x, i, first)
  if not sparse.is(x) then
    errors.raisef("sparse_collate: item %d is a %s, expected a SparseTensor", i,
      require("lacuna.kinds").of(x))
  end
  if not shape.equal(x.stride, first.stride) then
    errors.raisef("sparse_collate: item %d has stride %s, the first %s", i, shape.text(x.stride),
      shape.text(first.stride))
  end
  if not same(extent(x), extent(first)) then
    errors.raisef("sparse_collate: item %d has another spatial_range than the first", i)
  end
  local index = x.coords:tensor():select(2, 1)
  if #x.coords > 0 and index:min():item() ~= index:max():item() then
    errors.raisef("sparse_collate: item %d holds several samples, expected one: take x:sample(b)",
      i)
  end
end

--- One batch of the samples in `list`: sample i gets the batch index i - 1.
---@param list table[]  SparseTensors of one sample each, with the same stride
---@usage batch = lacuna.sparse_collate{ x, x }
function batch.sparse_collate(list)
  if type(list) ~= "table" or sparse.is(list) or #list == 0 then
    errors.raise("sparse_collate: expected a list of at least one SparseTensor")
  end
  local feats, rows = {}, {}
  for i, x in ipairs(list) do
    check_sample(x, i, list[1])
    local own = x.coords:tensor():clone()
    own:narrow(2, 1, 1):fill_(i - 1)
    feats[i], rows[i] = x.feats, own
  end
  local range = extent(list[1])
  return sparse.new {
    feats = create.cat(feats, 1), coords = create.cat(rows, 1), stride = list[1].stride,
    spatial_range = range and { #list, range[1], range[2], range[3] }, batch_size = #list,
  }
end

--- x:sample(b)
function batch.sample(x, b)
  if type(b) ~= "number" or b < 0 or b % 1 ~= 0 or b >= math.max(x.batch_size, 1) then
    errors.raisef("sample: %s, expected a batch index from 0 to %d", tostring(b), x.batch_size - 1)
  end
  local rows = x.coords:tensor()
  local index = rows:select(2, 1):eq(b):nonzero():reshape(-1)
  local own, range = rows:index_select(1, index), extent(x)
  own:narrow(2, 1, 1):fill_(0)
  return sparse.new {
    feats = x.feats:index_select(1, index), coords = own, stride = x.stride,
    spatial_range = range and { 1, range[1], range[2], range[3] }, batch_size = 1,
  }
end

return batch
