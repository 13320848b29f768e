-- tuning.lua: `--tuning FILE` of the commands that run a model.

local common = require "lacuna.cli.common"

local tuning = {}

function tuning.options(parser)
  parser:option("--tuning", "follow the choices that `lacuna tune` wrote to this file")
  parser:flag("--allow-rounding", "with --tuning: also choices that round differently")
end

--- Applies --tuning, if it is given; what was ignored is said on stderr.
function tuning.apply(options)
  if not options.tuning then return end
  common.check_readable(options.tuning)
  local applied, notes = require("lacuna").tune.load(options.tuning,
    { allow_rounding = options.allow_rounding or false })
  for _, note in ipairs(notes) do io.stderr:write("lacuna: ", note, "\n") end
  if applied == 0 then
    common.fail("%s: no choice for this machine and version: run lacuna tune --output %s",
      options.tuning, options.tuning)
  end
end

return tuning
