-- dense_layers.lua: ToDense and ToBEV, from sparse tensors to dense ones.

local class = require "lacuna.nn.class"
local dense = require "lacuna.dense"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"

local layers = {}

--- nn.ToDense(): all cells of the spatial range, [B,X,Y,Z,C].
---@usage grid = nn.ToDense()(net(x))
local ToDense = class.new("ToDense", Module)
layers.ToDense = ToDense

function ToDense:__init() end

function ToDense:forward(x)
  return dense.of(x)
end

--- nn.ToBEV{height_axis = 3}: the bird's-eye view [B, C*D, H, W], channel c*D + d, where d counts
--- along the height axis. With coordinates (b,x,y,z) that is axis 3, and the result [B, C*Z, X, Y];
--- with (b,z,y,x) it is axis 1, and the result [B, C*Z, Y, X].
---@usage view = nn.ToBEV{ height_axis = 3 }(net(x))
local ToBEV = class.new("ToBEV", Module)
layers.ToBEV = ToBEV

---@param opts { height_axis: integer }|nil  1, 2 or 3; 3 by default
function ToBEV:__init(opts)
  opts = errors.options("ToBEV", opts, { height_axis = true })
  local axis = opts.height_axis == nil and 3 or opts.height_axis
  if axis ~= 1 and axis ~= 2 and axis ~= 3 then
    errors.raisef("ToBEV: height_axis is %s, expected 1, 2 or 3", tostring(axis))
  end
  self.height_axis = axis
end

function ToBEV:forward(x)
  return dense.to_bev(x, self.height_axis)
end

function ToBEV:extra_repr()
  return "height_axis " .. self.height_axis
end

return layers
