-- sparse_convmodule.lua: mmdetection3d's convolution, normalisation and activation in one module.

local build = require "lacuna.build"
local errors = require "lacuna.errors"
local Sequential = require "lacuna.nn.sequential"

local op = "make_sparse_convmodule"
local keys = {
  indice_key = true, stride = true, padding = true, conv_type = true, norm_cfg = true,
  act_cfg = true, order = true,
}
local inverse_types = { SparseInverseConv3d = true }

local function check_order(order)
  if type(order) ~= "table" or #order < 1 or #order > 3 then
    errors.raisef('%s: order, expected a list of "conv", "norm" and "act"', op)
  end
  local seen = {}
  for i, name in ipairs(order) do
    if (name ~= "conv" and name ~= "norm" and name ~= "act") or seen[name] then
      errors.raisef('%s: order[%d] is %s, expected "conv", "norm" and "act", each at most once', op,
        i, tostring(name))
    end
    seen[name] = true
  end
  return order
end

-- An inverse convolution takes stride and padding from the one that it inverts.
local function make_conv(cin, cout, kernel_size, opts)
  local cfg = { type = opts.conv_type or "SubMConv3d", indice_key = opts.indice_key }
  if inverse_types[cfg.type] then
    return build.conv_layer(cfg, cin, cout, kernel_size, { bias = false })
  end
  return build.conv_layer(cfg, cin, cout, kernel_size,
    { stride = opts.stride, padding = opts.padding, bias = false })
end

--- nn.make_sparse_convmodule(in, out, kernel_size, options): a Sequential of a convolution without
--- bias, a normalisation and an activation in the given order; keys 0, 1, 2.
---@param cin integer
---@param cout integer
---@param kernel_size integer|integer[]
---@param opts table|nil  conv_type "SubMConv3d", stride 1, padding 0, indice_key (not needed),
--- norm_cfg, act_cfg, order {"conv", "norm", "act"}
---@usage norm = { type = "BN1d", eps = 1e-3 }
---@usage block = nn.make_sparse_convmodule(4, 16, 3, { norm_cfg = norm }); y = block(x)
return function(cin, cout, kernel_size, opts)
  opts = errors.options(op, opts, keys)
  local module, channels = Sequential(), cin
  for _, name in ipairs(check_order(opts.order or { "conv", "norm", "act" })) do
    if name == "conv" then
      module:add(make_conv(cin, cout, kernel_size, opts))
      channels = cout
    elseif name == "norm" then
      module:add(build.norm_layer(opts.norm_cfg, channels))
    else
      module:add(build.activation(opts.act_cfg))
    end
  end
  return module
end
