-- roofline.lua: what an implicit GEMM should take: the larger of its multiplications on tensor
-- cores, its reads of the second-level cache and its traffic with memory, and the time that a
-- kernel takes at least.
--
-- A tile multiplies all of its rows by every tap that one of them has. How many these are is
-- counted on the layer's real map, in the order in which the kernel takes the rows.

local bit = require "bit"

local band, bor, lshift, rshift = bit.band, bit.bor, bit.lshift, bit.rshift

local roofline = {}

--- What the device does: multiply-adds of tensor cores at the rate that mma.sync reaches (TFLOP/s,
--- for halves; TF32 has half of it), cache and memory (GB/s), a kernel's own time (us).
roofline.device = {
  tflops = 500, cache = 5000, memory = 4300, kernel_us = 3, multiprocessors = 132,
}

local MOST_TAPS = 31 -- bits of a mask

local function read_masks(r)
  local masks, column = { steps = {} }, r.reversed and 0 or 1
  for i = 1, r.rows do masks[i] = 0 end
  for tap = 1, r.taps do
    local list = r.map:pairs(tap):cpu()
    local data, count = list:data(), list:size(1)
    local one = lshift(1, tap - 1)
    for i = 0, count - 1 do
      local row = data[2 * i + column] + 1
      masks[row] = bor(masks[row], one)
    end
  end
  return masks
end

--- The taps that each output row has, as bits; nil without a map or with too many taps.
---@param known table  keeps them by map, for the layers that share one
function roofline.masks(r, known)
  if not r.map or r.taps > MOST_TAPS then return nil end
  local key = tostring(r.map.h) .. tostring(r.reversed)
  known[key] = known[key] or read_masks(r)
  return known[key]
end

local function bits_of(mask)
  local count = 0
  while mask ~= 0 do
    mask = band(mask, mask - 1)
    count = count + 1
  end
  return count
end

-- Taps of all tiles of `height` rows.
local function steps_of(masks, height)
  local steps = 0
  for first = 1, #masks, height do
    local all = 0
    for i = first, math.min(first + height - 1, #masks) do all = bor(all, masks[i]) end
    steps = steps + bits_of(all)
  end
  return steps
end

local function count_steps(r, masks, flow, height)
  if flow == 0 then return steps_of(masks, height) end
  local steps = 0
  for part = 0, flow - 1 do
    local first = math.floor(r.taps * part / flow)
    local width = math.floor(r.taps * (part + 1) / flow) - first
    local own = {}
    for i = 1, #masks do own[i] = band(rshift(masks[i], first), lshift(1, width) - 1) end
    table.sort(own)
    steps = steps + steps_of(own, height)
  end
  return steps
end

--- Taps that tiles of `height` rows multiply, added up; flow as in layers.config.
function roofline.steps(r, masks, flow, height)
  if not masks then return math.ceil(r.rows / height) * (r.map and r.taps or 1) end
  local key = flow * 1000 + height
  masks.steps[key] = masks.steps[key] or count_steps(r, masks, flow, height)
  return masks.steps[key]
end

--- Rows times taps that are multiplied, over those that are there.
function roofline.waste(r, masks, flow, height)
  return roofline.steps(r, masks, flow, height) * height / math.max(r.pairs, 1)
end

--- Milliseconds of a layer: in `flow`, tiles of rows x channels, elements of `width` bytes.
function roofline.ms(r, masks, flow, tile, width)
  local d, height, across = roofline.device, tile[1], tile[2]
  local columns, parts = math.ceil(r.cout / across), math.max(flow, 1)
  local steps = roofline.steps(r, masks, flow, height)
  local macs = steps * height * r.cin * columns * across
  local tensor = 2 * macs / (d.tflops * 1e12 * (width == 4 and 0.5 or 1))
  local gathered = r.pairs * r.cin * width * columns
  local weights = steps * r.cin * across * width * columns
  local cache = (gathered + weights) / (d.cache * 1e9)
  local tiles = math.ceil(r.rows / height) * columns * parts
  local waves = math.ceil(tiles / d.multiprocessors) * d.multiprocessors / tiles
  local moved = (r.rows_in * r.cin + r.rows * r.cout + r.taps * r.cin * r.cout) * width
    + (r.map and r.rows * r.taps * 4 or 0)
  local sums = parts > 1 and 2 * parts * r.rows * r.cout * 4 or 0
  local seconds = math.max(math.max(tensor, cache) * waves, moved / (d.memory * 1e9))
    + sums / (d.cache * 1e9)
  return seconds * 1e3 + d.kernel_us * (parts > 1 and 2 or 1) / 1e3
end

--- The least over tiles.
function roofline.best(r, masks, flow, tiles, width)
  local best
  for _, tile in ipairs(tiles) do
    local ms = roofline.ms(r, masks, flow, tile, width)
    if not best or ms < best then best = ms end
  end
  return best
end

--- Takes the rates that bandwidth.cu printed to a file.
function roofline.read_rates(path)
  local file = path and io.open(path)
  if not file then return false end
  local text = file:read "*a"
  file:close()
  local cache = tonumber(text:match "rows of%s+64 bytes, GB/s%s*|%s*%d+%s*|%s*(%d+)")
  local memory = tonumber(text:match "device memory, read, GB/s%s*|%s*(%d+)")
  if not cache or not memory or cache < 100 or memory < 100 then return false end
  roofline.device.cache, roofline.device.memory = cache, memory
  return true
end

return roofline
