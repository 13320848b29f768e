-- facts.lua: what a network says of itself (input, classes), which a model script may leave out: a
-- module raises for fields that it does not have.

local facts = {}

--- The field `name` of a network, nil where it has none.
function facts.of(net, name)
  return rawget(net, "_slots").value[name]
end

return facts
