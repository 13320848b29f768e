-- weights_format.lua: what a weights file of Lacuna says of itself: the root attributes format,
-- version and, for models that can be built by name, arch.

local errors = require "lacuna.errors"

local format = {}

format.NAME = "lacuna-weights"
local VERSION = 1

--- Writes the attributes. arch: how the model was made, { model =, config = }, or nil.
function format.write(file, arch)
  file:attr("/", "format", format.NAME)
  file:attr("/", "version", VERSION)
  if arch then
    local text = require("cjson").encode { model = arch.model, config = arch.config }
    file:attr("/", "arch", text)
  end
end

--- The format that an HDF5 file says it has, or nil; a version after this library's is an error.
function format.read(file)
  local name = file:attr("/", "format")
  local version = name == format.NAME and tonumber(file:attr("/", "version"))
  if version and version > VERSION then
    errors.raisef("convert: %s: version %s of %s, expected at most %d: written by a later Lacuna",
      file.path, version, name, VERSION)
  end
  return name
end

return format
