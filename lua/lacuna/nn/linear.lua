-- linear.lua: a dense layer on the rows of features.

local class = require "lacuna.nn.class"
local errors = require "lacuna.errors"
local F = require "lacuna.nn.functional"
local init = require "lacuna.nn.init_parameter"
local Module = require "lacuna.nn.module"
local parameter = require "lacuna.nn.parameter"

--- nn.Linear(in_features, out_features, {bias = true}): y = x W^T + b, weight [out, in].
---@usage head = nn.Linear(8, 19, { bias = false }); logits = head(net(x))
local Linear = class.new("Linear", Module)

local function check_size(name, n)
  if type(n) ~= "number" or n < 1 or n % 1 ~= 0 then
    errors.raisef("Linear: %s is %s, expected a whole number from 1", name, tostring(n))
  end
  return n
end

---@param in_features integer
---@param out_features integer
---@param opts { bias: boolean }|nil
function Linear:__init(in_features, out_features, opts)
  opts = errors.options("Linear", opts, { bias = true })
  self.in_features = check_size("in_features", in_features)
  self.out_features = check_size("out_features", out_features)
  local bound = 1 / math.sqrt(in_features)
  self.weight = init.uniform({ out_features, in_features }, bound)
  self.bias = opts.bias ~= false and init.uniform({ out_features }, bound) or nil
end

function Linear:forward(x)
  parameter.allow_packed(self.weight)
  return F.linear(x, self.weight, self.bias)
end

function Linear:extra_repr()
  return string.format("%d -> %d%s", self.in_features, self.out_features,
    self.bias and "" or ", no bias")
end

return Linear
