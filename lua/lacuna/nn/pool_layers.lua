-- pool_layers.lua: MaxPool3d, AvgPool3d, GlobalMaxPool, GlobalAvgPool.

local class = require "lacuna.nn.class"
local Module = require "lacuna.nn.module"
local pool = require "lacuna.nn.pool"

local layers = {}

local function text(list)
  if list[1] == list[2] and list[2] == list[3] then return tostring(list[1]) end
  return table.concat(list, "x")
end

-- "2x2x2, stride 1": what is not default is named.
local function describe(g)
  local parts = { table.concat(g.kernel_size, "x") }
  local function add(name, list, default)
    if text(list) ~= default then parts[#parts + 1] = name .. " " .. text(list) end
  end
  add("stride", g.stride, text(g.kernel_size))
  add("padding", g.padding, "0")
  add("dilation", g.dilation, "1")
  return table.concat(parts, ", ")
end

local function windows(name, kind, op)
  local Pool = class.new(name, Module)

  function Pool:__init(kernel_size, opts)
    local g = pool.geometry(name, kernel_size, opts)
    self.kernel_size, self.stride, self.padding = g.kernel_size, g.stride, g.padding
    self.dilation, self.config = g.dilation, g.config
  end

  function Pool:forward(x)
    return pool.run(op, kind, x, self)
  end

  function Pool:extra_repr()
    return describe(self)
  end

  return Pool
end

--- nn.MaxPool3d(kernel_size, {stride=,padding=,dilation=,config=}); stride is the kernel's by
--- default.
---@usage pool = nn.MaxPool3d(2, { stride = 2 }); y = pool(x)
layers.MaxPool3d = windows("MaxPool3d", "max", "max_pool3d")

--- nn.AvgPool3d(kernel_size, {stride=,padding=,dilation=,config=}); stride is the kernel's by
--- default.
---@usage pool = nn.AvgPool3d(3, { stride = 2, padding = 1 })
layers.AvgPool3d = windows("AvgPool3d", "avg", "avg_pool3d")

local function over_samples(name, fn)
  local Pool = class.new(name, Module)
  function Pool:__init() end
  function Pool:forward(x)
    return fn(x)
  end
  return Pool
end

--- nn.GlobalMaxPool(): the maximum over the rows of each sample, [B,C].
---@usage vectors = nn.GlobalMaxPool()(net(x))
layers.GlobalMaxPool = over_samples("GlobalMaxPool", pool.global_max_pool)

--- nn.GlobalAvgPool(): the mean over the rows of each sample, [B,C].
---@usage vectors = nn.GlobalAvgPool()(net(x))
layers.GlobalAvgPool = over_samples("GlobalAvgPool", pool.global_avg_pool)

return layers
