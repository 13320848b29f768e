-- input.lua: the points that are timed: a scan, or a synthetic one in the model's columns.

local input = {}

-- The first columns of a synthetic scan are x, y, z and intensity; what a model takes beyond them
-- (the time of a sweep, a ring) is zero.
local function synthetic(lacuna, count, azimuths)
  local points = lacuna.io.synthetic_scan { beams = 64, azimuths = azimuths or 2048, seed = 0 }
  if count <= 4 then return points:narrow(2, 1, count):contiguous() end
  return lacuna.cat({ points, lacuna.zeros(points:size(1), count - 4) }, 2)
end

--- The points for `net`.
---@param options table  input: a path or nil; columns, point_dtype; azimuths of a synthetic one
function input.points(net, options)
  local scan = require "lacuna.cli.scan"
  if options.input then return (scan.read(options.input, net, options)) end
  return synthetic(require "lacuna", #scan.columns(net), options.azimuths)
end

return input
