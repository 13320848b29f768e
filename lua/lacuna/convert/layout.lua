-- layout.lua: kernels of other engines as Lacuna's [K, in, out].
--
-- With taps p = (p0, p1, p2) of sizes k, Lacuna's row of a tap is p0 + k0 (p1 + k1 p2) where the
-- volume is odd, and p2 + k2 (p1 + k1 p0) where it is even. No engine flips its kernels, so that
-- every conversion is a permutation of axes; `axes` below names, for the stored tensor, the
-- positions of p0, p1, p2, in, out.

local errors = require "lacuna.errors"

local layout = {}

--- Layouts with five axes.
layout.five = {
  ["spconv1"] = { 1, 2, 3, 4, 5 },    -- [k0, k1, k2, in, out], SpConv 1.x and mmcv
  ["spconv2.0"] = { 1, 2, 3, 5, 4 },  -- [k0, k1, k2, out, in], SpConv 2.0 and 2.1
  ["spconv2"] = { 2, 3, 4, 5, 1 },    -- [out, k0, k1, k2, in], SpConv from 2.2
  ["dense"] = { 3, 4, 5, 2, 1 },      -- [out, in, k0, k1, k2], PyTorch's Conv3d
}

--- Layouts with one axis for all taps.
layout.three = { torchsparse = true, minkowski = true }

--- All names, in the order of messages.
layout.names = { "torchsparse", "spconv1", "spconv2.0", "spconv2", "minkowski", "dense" }

local aliases = {
  ["spconv2.1"] = "spconv2.0", ["spconv2.2"] = "spconv2", ["spconv2.3"] = "spconv2",
}

--- The layout of a name; nil for "auto" and nil.
---@param op string
---@param name string|nil
function layout.check(op, name)
  if name == nil or name == "auto" then return nil end
  name = aliases[name] or name
  if layout.five[name] or layout.three[name] then return name end
  local list = { "auto", unpack(layout.names) }
  return errors.raisef("%s: from is '%s'%s", op, tostring(name), errors.nearest(name, list))
end

--- Kernel size, input and output channels of a stored shape with five axes.
function layout.read(name, shape)
  local a = layout.five[name]
  return { shape[a[1]], shape[a[2]], shape[a[3]] }, shape[a[4]], shape[a[5]]
end

local function volume(k)
  return k[1] * k[2] * k[3]
end

local function reversed(k)
  return { k[3], k[2], k[1] }
end

local function is_identity(order)
  for i, position in ipairs(order) do
    if i ~= position then return false end
  end
  return true
end

-- The order of the stored axes in which they lie as Lacuna's, and the kernel size there.
local function order_of(axes, k, reverse)
  local a, b, c = axes[1], axes[2], axes[3]
  if reverse then a, c, k = c, a, reversed(k) end
  if volume(k) % 2 == 1 then a, c = c, a end -- the first axis is the fastest
  return { a, b, c, axes[4], axes[5] }
end

--- `after` instead of `before`, whose memory goes back at once unless `after` is the same tensor or
--- a view of it: a file of weights is not held twice while it is converted.
function layout.consume(before, after)
  if before ~= after then before:free() end
  return after
end
local consume = layout.consume

--- A tensor with its axes in another order, in the shape `target`. The tensor itself is consumed.
function layout.arrange(t, order, target)
  local permuted = consume(t, t:permute(order))
  local ordered = consume(permuted, permuted:contiguous())
  return consume(ordered, ordered:reshape(target))
end

-- SpConv 2 multiplies by the memory of a 1x1x1 kernel seen as [in, out], whatever its shape says.
local raw_views = { ["spconv2"] = true, ["spconv2.0"] = true }

--- What makes a kernel of five axes Lacuna's: its shape, what is done in words, and a function on
--- the stored tensor. `three` asks for [1, in, out] where the volume is 1 (a layer with a stride).
---@param name string
---@param shape integer[]
---@param opts { reverse: boolean, three: boolean }
function layout.from_five(name, shape, opts)
  local k, cin, cout = layout.read(name, shape)
  local taps = volume(k)
  local target = (taps == 1 and not opts.three) and { cin, cout } or { taps, cin, cout }
  if taps == 1 and raw_views[name] and not opts.three then
    return target, name .. ": raw view", function(t) return consume(t, t:reshape(target)) end
  end
  local order = order_of(layout.five[name], k, opts.reverse)
  local rule = name .. (opts.reverse and taps > 1 and ", axes reversed" or "")
  if is_identity(order) then
    return target, rule .. ": view", function(t) return consume(t, t:reshape(target)) end
  end
  return target, rule .. ": permute", function(t) return layout.arrange(t, order, target) end
end

-- The edges of a kernel whose number of taps is that of a cube.
local function cube(taps)
  local edge = math.floor(taps ^ (1 / 3) + 0.5)
  if edge ^ 3 == taps then return { edge, edge, edge } end
end

--- Does a kernel [K, in, out] have to know its size to be converted?
function layout.needs_size(name, shape, reverse)
  local taps = #shape == 3 and shape[1] or 1
  return taps > 1 and (reverse or name == "minkowski" and taps % 2 == 0)
end

--- As from_five, for [K, in, out] and [in, out]. nil where the kernel size would have to be known
--- and is neither given as `size` nor a cube.
---@param name string
---@param shape integer[]
---@param opts { reverse: boolean, size: integer[]|nil, target: integer[]|nil }
function layout.from_three(name, shape, opts)
  local taps = #shape == 3 and shape[1] or 1
  if taps == 1 then
    local want, cin, cout = opts.target, shape[#shape - 1], shape[#shape]
    -- TorchSparse up to 2.0 stores 1x1x1 kernels with a stride without the axis of taps.
    if want and #want ~= #shape and want[#want] == cout and want[#want - 1] == cin
        and (#want == 2 or want[1] == 1) then
      return want, name .. ": view", function(t) return consume(t, t:reshape(want)) end
    end
    return shape, name, function(t) return t end
  end
  if not layout.needs_size(name, shape, opts.reverse) then
    return shape, name, function(t) return t end
  end
  local k = opts.size or cube(taps)
  if not k then return nil end
  -- Stored with the last axis slowest: MinkowskiEngine always, TorchSparse where the volume is odd.
  local first_fastest = name == "minkowski" or taps % 2 == 1
  local view = first_fastest and { k[3], k[2], k[1] } or { k[1], k[2], k[3] }
  local order = order_of(first_fastest and { 3, 2, 1, 4, 5 } or { 1, 2, 3, 4, 5 }, k, opts.reverse)
  if is_identity(order) then return shape, name, function(t) return t end end
  local rule = name .. (opts.reverse and ", axes reversed" or "") .. ": permute"
  return shape, rule, function(t)
    local five = t:view(view[1], view[2], view[3], shape[2], shape[3])
    return layout.arrange(consume(t, five), order, shape)
  end
end

--- "3x3x3"
function layout.size_text(k)
  return table.concat(k, "x")
end

layout.volume, layout.reversed = volume, reversed

return layout
