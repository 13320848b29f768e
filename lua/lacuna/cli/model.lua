-- model.lua: from --model and --weights to a network.

local common = require "lacuna.cli.common"

local model = {}

-- The `arch` attribute of a weights file, {model=, config=}, or nil where it has none.
local function read_arch(lacuna, path)
  local file = lacuna.hdf5.open(path, "r")
  local text = file:attr("/", "arch")
  file:close()
  if text == nil then return nil end
  local ok, arch = pcall(function() return require("cjson").decode(text) end)
  if not ok or type(arch) ~= "table" then
    common.fail("%s: the attribute 'arch' is not JSON, expected {\"model\": ..., \"config\": ...}",
      path)
  end
  -- JSON's null means: not given.
  local config = {}
  for key, value in pairs(type(arch.config) == "table" and arch.config or {}) do
    if type(value) ~= "userdata" then config[key] = value end
  end
  return { model = arch.model, config = config }
end

local function is_path(name)
  return name:find("/", 1, true) or name:match("%.lua$")
end

--- Builds the network that the options name. Returns it with a sentence about its weights.
---@param options table of common.model_options, parsed
function model.load(options)
  local lacuna = require "lacuna"
  if options.device == "cuda" then common.fail("--device cuda: CUDA is not in this build") end
  if options.threads then lacuna.set_num_threads(options.threads) end
  lacuna.manual_seed(tonumber(options.seed) or 0)

  local arch
  if options.weights then
    common.check_readable(options.weights)
    arch = read_arch(lacuna, options.weights)
  end
  local name = options.model or arch and arch.model
  if not name then common.fail("no model: name one with --model") end
  if is_path(name) then common.check_readable(name) end
  if arch and arch.model and not is_path(name) and arch.model ~= name then
    common.fail("%s: these are weights of '%s', expected weights of '%s'", options.weights,
      arch.model, name)
  end

  local net = lacuna.models[name](arch and arch.config or {})
  local about = "fresh initialisation, seed " .. (options.seed or 0) .. " (no --weights)"
  if options.weights then
    net:load(options.weights)
    about = options.weights
  end
  if options.dtype ~= "float32" then net:to(options.dtype) end
  return net, about, name
end

return model
