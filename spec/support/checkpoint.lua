-- checkpoint.lua: tensors as the bytes of a checkpoint that torch.save would write.

local support = require "spec.support.init"
local torch_file = require "spec.support.torch_file"

local checkpoint = {}

local P = torch_file.P

--- { epoch = 7, state_dict = { name = tensor, ... } } of a list of { name, Tensor }, float32 or
--- int64.
function checkpoint.pth(tensors)
  local items, storages = {}, {}
  for i, pair in ipairs(tensors) do
    local name, t = pair[1], pair[2]
    local shape, values, key, strides, step = t:size(), support.flat(t), tostring(i), {}, 1
    for d = #shape, 1, -1 do strides[d], step = step, step * shape[d] end
    local integer = t:dtype() == "int64"
    local storage = P.storage(integer and "LongStorage" or "FloatStorage", key, #values)
    items[i] = { P.text(name), P.tensor(storage, shape, strides) }
    storages[i] = { key, torch_file.raw(integer and "int64_t" or "float", values) }
  end
  return torch_file.save(P.pickle(P.dict {
    { P.text "epoch", P.int(7) }, { P.text "state_dict", P.ordered_dict(items) },
  }), storages)
end

return checkpoint
