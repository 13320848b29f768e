-- triple.lua: sizes along three axes, given as one number or three.

local errors = require "lacuna.errors"

--- {a, b, c} of a whole number or a list of three, each at least `least`; nil stays nil.
---@return integer[]|nil
return function(op, name, value, least)
  if value == nil then return nil end
  local list = type(value) == "table" and value or { value, value, value }
  if #list ~= 3 then
    errors.raisef("%s: %s has %d numbers, expected one or three", op, name, #list)
  end
  for i = 1, 3 do
    local n = list[i]
    if type(n) ~= "number" or n % 1 ~= 0 or n < least or n > 2 ^ 31 - 1 then
      errors.raisef("%s: %s is %s, expected whole numbers from %d", op, name, tostring(n), least)
    end
  end
  return { list[1], list[2], list[3] }
end
