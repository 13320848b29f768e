-- scan.lua: from a file to the columns and voxels that a model takes.

local common = require "lacuna.cli.common"
local facts = require "lacuna.cli.facts"

local scan = {}

-- What the columns of a file usually are, by their number.
local layouts = {
  [3] = { "x", "y", "z" },
  [4] = { "x", "y", "z", "intensity" },
  [5] = { "x", "y", "z", "intensity", "ring" },
  [6] = { "x", "y", "z", "r", "g", "b" },
}

--- Reads the points of `path` and keeps the columns that `net` takes. Returns them, and a sentence
--- that says which these are.
---@param options table of common.model_options, parsed
function scan.read(path, net, options)
  local lacuna = require "lacuna"
  local as = { columns = options.columns, dtype = options.point_dtype }
  local ok, points = pcall(lacuna.io.read_points, path, as)
  if not ok then error((points:gsub("pass columns=", "pass --columns")), 0) end
  local count, width = points:size(1), points:size(2)
  if count == 0 then common.fail("%s: the scan holds no points, expected at least one", path) end

  local wanted = scan.columns(net)
  if width < #wanted then
    common.fail("%s: %d columns, the model takes %d: %s", path, width, #wanted,
      table.concat(wanted, " "))
  end
  local about = string.format("columns 1-%d of %d, taken as %s", #wanted, width,
    table.concat(wanted, " "))
  local there = layouts[width]
  if width > #wanted then
    if there then about = about .. " (likely " .. table.concat(there, " ") .. ")" end
    points = points:narrow(2, 1, #wanted):contiguous()
  end
  return points, about
end

--- The names of the columns that `net` takes.
function scan.columns(net)
  local input = facts.of(net, "input")
  return input and input.columns or layouts[4]
end

-- Rows without NaN and infinity, and how many have some.
local function only_finite(points, strict)
  local rows, width = points:size(1), points:size(2)
  local good = (points - points):eq(0):long():sum(2):eq(width):nonzero():reshape(-1)
  local bad = rows - good:size(1)
  if bad == 0 then return points, 0 end
  if strict then
    common.fail("%d points have NaN or infinite values, expected none with --strict", bad)
  end
  return points:index_select(1, good), bad
end

-- `x` in the dtype and on the device of the options.
local function arrive(x, options)
  return x:to(options.dtype, options.device or "cpu")
end

--- Points to the voxels of the grid that a detection encoder takes, features in the dtype of the
--- options: x, the voxel of each finite point, and counts of what was left out: invalid, outside of
--- the range, and beyond what a voxel or the scan may hold.
function scan.voxelize(points, net, options)
  local input = net.input
  if options.voxel_size then
    common.fail("--voxel-size: the grid of this model is fixed, its voxels are %s",
      table.concat(input.voxel_size, " x "))
  end
  local finite, invalid = only_finite(points, options.strict)
  local x, info = require("lacuna").voxelize(finite, {
    voxel_size = input.voxel_size, range = input.range, order = input.order,
    max_points = input.max_points, max_voxels = input.max_voxels,
  })
  return arrive(x, options), info.point_voxel,
    { invalid = invalid, outside = info.points_outside, dropped = info.points_dropped }
end

--- Points to voxels as the model wants them, features in the dtype of the options: x, inverse.
function scan.quantize(points, net, options)
  local lacuna = require "lacuna"
  local input = facts.of(net, "input") or {}
  if input.order and input.range then return scan.voxelize(points, net, options) end
  local x, inverse = lacuna.quantize(points, {
    voxel_size = options.voxel_size or input.voxel_size or 0.05,
    rounding = input.rounding,
    origin = input.origin,
    range = input.range,
    invalid = options.strict and "error" or "drop",
  })
  return arrive(x, options), inverse
end

return scan
