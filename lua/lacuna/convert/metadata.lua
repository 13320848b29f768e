-- metadata.lua: the `_metadata` that PyTorch hangs on a state dict: module path -> { version = n }.
--
-- It is an attribute of the dict there, not one of its keys, and spconv's layout version is only
-- found in it. It is kept beside the dict here, so that walking a dict meets tensors alone.

local metadata = {}

local of = setmetatable({}, { __mode = "k" })

--- Remembers `map` (an ordered map) as the metadata of `dict`.
function metadata.set(dict, map)
  of[dict] = map
end

--- The metadata of `dict`, or nil.
function metadata.get(dict)
  return of[dict]
end

return metadata
