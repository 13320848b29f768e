-- model.lua: from --model and --weights to a network.

local common = require "lacuna.cli.common"

local model = {}

local function is_path(name)
  return name:find("/", 1, true) or name:match("%.lua$")
end

-- The network as the file `path` describes it.
local function build(lacuna, name, arch, path)
  local init = require "lacuna.nn.init_parameter"
  return common.on_file(path, init.within, arch.elements, function()
    return lacuna.models[name](arch.config)
  end)
end

--- Builds the network that the options name. Returns it with a sentence about its weights.
---@param options table of common.model_options, parsed
function model.load(options)
  local lacuna = require "lacuna"
  if options.device ~= "cpu" then
    local there, message = pcall(lacuna.memory, options.device)
    if not there then common.fail("--device %s: %s", options.device, message) end
  end
  if options.threads then lacuna.set_num_threads(options.threads) end
  lacuna.manual_seed(tonumber(options.seed) or 0)

  local arch
  if options.weights then
    common.check_readable(options.weights)
    arch = require("lacuna.cli.arch").read(options.weights)
  end
  local name = options.model or arch and arch.model
  if not name then
    common.fail("no model: %sname one with --model", options.weights
      and options.weights .. " does not say whose weights it holds: " or "")
  end
  if not options.model and is_path(name) then
    common.fail("%s: made with the script %s, which is not run on a file's word: name it with "
      .. "--model", options.weights, name)
  end
  if is_path(name) then common.check_readable(name) end
  if arch and not is_path(name) and arch.model ~= name then
    common.fail("%s: these are weights of '%s', expected weights of '%s'", options.weights,
      arch.model, name)
  end

  local net = arch and build(lacuna, name, arch, options.weights) or lacuna.models[name]({})
  local about = "fresh initialisation, seed " .. (options.seed or 0) .. " (no --weights)"
  if options.weights then
    net:load(options.weights)
    about = options.weights
  end
  if options.dtype ~= "float32" then net:to(options.dtype) end
  net:to(options.device)
  return net, about, name
end

return model
