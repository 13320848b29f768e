-- device.lua: the names of devices: "cpu", "cuda" for the first GPU, "cuda:1" for the next.

local errors = require "lacuna.errors"

local device = {}

--- Whether `name` looks like a device's, there or not.
function device.is_name(name)
  return type(name) == "string" and (name == "cpu" or name:match "^cuda:?%d*$" ~= nil)
end

--- lac_device and index of a name; nil is the CPU. Whether it is there shows when it is used.
---@param name string|nil
---@param op string  names who asks in the error
---@return integer kind, integer index
function device.parse(name, op)
  if name == nil or name == "cpu" then return 0, 0 end
  local index = type(name) == "string" and (name == "cuda" and "0" or name:match "^cuda:(%d+)$")
  if index then return 1, tonumber(index) end
  return errors.raisef("%s: no device '%s', expected 'cpu', 'cuda' or 'cuda:1'", op, tostring(name))
end

--- The name of a lac_device and index.
---@return string
function device.name(kind, index)
  if kind == 0 then return "cpu" end
  return index == 0 and "cuda" or "cuda:" .. index
end

return device
