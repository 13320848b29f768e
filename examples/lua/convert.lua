-- convert.lua CHECKPOINT MODEL OUT.h5: weights from PyTorch or safetensors, trained with another
-- engine, for a model of models/ or a script's. `lacuna convert` does the same from the shell.
--
--   lacuna examples/lua/convert.lua second.pth second second.h5

local lacuna = require "lacuna"

local path, model, out = arg[1], arg[2], arg[3]
if not out then
  io.stderr:write("usage: lacuna examples/lua/convert.lua CHECKPOINT MODEL OUT.h5\n")
  os.exit(2)
end

-- What is in the file, as nested tables with tensors in them. Nothing in a file is ever executed.
for key, value in lacuna.convert.read(path) do
  print(key, lacuna.type(value) == "table" and "..." or value)
end

-- The weights as Lacuna has them: names, axes of kernels, dtypes. The report says what was done to
-- each tensor, and by what the layout was recognised; { from = "spconv1" } would decide it instead.
local net = lacuna.models[model] {}
local weights, report = lacuna.convert.load(path, { model = net })
print(report)
net:load_state_dict(weights)

-- All of that in one step is net:load(path), or net:load(path, { from = "spconv1" }).
net:save(out, { compress = 1 })
print("wrote " .. out)
