-- embedding.lua: a table of rows, read by their numbers.

local class = require "lacuna.nn.class"
local create = require "lacuna.create"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local parameter = require "lacuna.nn.parameter"
local shape = require "lacuna.shape"
local T = require "lacuna.tensor"

--- nn.Embedding(num_embeddings, embedding_dim): rows of weight [num, dim], which start normal with
--- mean 0 and deviation 1.
---@usage embed = nn.Embedding(256, 8)
---@usage embed(lacuna.tensor({ 3, 17 }, { dtype = "int64" }))
local Embedding = class.new("Embedding", Module)

local function check_size(name, n)
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
    errors.raisef("Embedding: %s is %s, expected a whole number from 1", name, tostring(n))
  end
  return n
end

---@param num_embeddings integer
---@param embedding_dim integer
function Embedding:__init(num_embeddings, embedding_dim)
  self.num_embeddings = check_size("num_embeddings", num_embeddings)
  self.embedding_dim = check_size("embedding_dim", embedding_dim)
  self.weight = parameter.new(create.randn { num_embeddings, embedding_dim })
end

--- The rows at `index`, int32 or int64 of any shape, from 0: [..., dim].
function Embedding:forward(index)
  T.handle(index, "Embedding", "index")
  local dtype = index:dtype()
  if dtype ~= "int32" and dtype ~= "int64" then
    errors.raisef("Embedding: index of dtype %s, expected int32 or int64", dtype)
  end
  local sizes = shape.of(index)
  if #sizes == 1 then return self.weight:index_select(1, index) end
  local rows = self.weight:index_select(1, index:reshape(-1))
  sizes[#sizes + 1] = self.embedding_dim
  return rows:reshape(sizes)
end

function Embedding:extra_repr()
  return string.format("%d, %d", self.num_embeddings, self.embedding_dim)
end

return Embedding
