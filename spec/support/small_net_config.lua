-- small_net_config.lua: a function that makes the net.config of a small SPVNAS: every width differs
-- from its neighbours, one stage each way has one block.

local net_config = require "lacuna.spvnas.net_config"

return function()
  local c = net_config.widest()
  local widths = { 32, 12, 20, 28, 36, 32, 24, 20, 16 }
  c.output_channels = widths
  for k = 0, 2 do c["point_transforms." .. k] = widths[5 + 2 * k] end
  for level = 1, 8 do
    local stage = (level <= 4 and "downsample." or "upsample.") .. (level - 1) % 4
    c[stage .. ".transition"] = 4 + 4 * level
    c[stage .. ".feature"] = level % 3 == 0 and 1 or 2
    for j = 0, 1 do
      local net = stage .. ".feature.layers." .. j .. ".net"
      c[net .. ".layers.0"], c[net .. ".layers.1"] = 8 + 4 * level + j, widths[level + 1]
    end
    c[stage .. ".feature.layers.0.downsample"] = widths[level + 1]
  end
  c.num_classes = 5
  return c
end
