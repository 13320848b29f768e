-- names.lua: the names under which users know the public functions and classes: lacuna.quantize,
-- F.conv3d, nn.Linear, x:dense. The sources define many of them in files of other names.
--
-- A method is named with a variable of its kind: t a Tensor, x a SparseTensor, z a PointTensor,
-- coords and map those of a SparseTensor, net a module, file an open HDF5 file, bar a progress bar.

local names = {}

local function itself(module) return module end
local function methods(module) return module.methods end

-- Those of the REPL's own functions that are loaded: they need the program around them.
local function own(commands)
  return {
    who = commands.who(), memory = commands.memory(),
    help = package.loaded["lacuna.repl.help"], show = package.loaded["lacuna.repl.show"],
  }
end

-- { prefix, module, what of it has the members }: of two names for one value the first counts.
local places = {
  { "lacuna.", "lacuna", itself },
  { "lacuna.io.", "lacuna.io", itself },
  { "lacuna.hdf5.", "lacuna.hdf5", itself },
  { "lacuna.convert.", "lacuna.convert", itself },
  { "lacuna.cuda.", "lacuna.runtime", function(runtime) return runtime.cuda end },
  { "lacuna.tune.", "lacuna.tune", itself },
  { "lacuna.registry.MODELS:", "lacuna.registry",
    function(registry) return getmetatable(registry.MODELS).__index end },
  { "F.", "lacuna.nn.functional", itself },
  { "F.conv_config.", "lacuna.nn.conv_config", itself },
  { "nn.", "lacuna.nn", itself },
  { "nn.utils.", "lacuna.nn.utils", itself },
  { "t:", "lacuna.tensor", methods },
  { "x:", "lacuna.sparse", function(sparse) return sparse.SparseTensor end },
  { "z:", "lacuna.points", function(points) return points.PointTensor end },
  { "coords:", "lacuna.coords", methods },
  { "map:", "lacuna.kernel_map", methods },
  { "net:", "lacuna.nn.module", itself },
  { "net:", "lacuna.nn.containers", itself },
  { "file:", "lacuna.hdf5", function(hdf5) return getmetatable(hdf5).methods end },
  { "bar:", "lacuna.progress", function(progress) return getmetatable(progress(0)).__index end },
  { "", "lacuna.repl.commands", own },
}

local function is_class(value)
  local class = package.loaded["lacuna.nn.class"]
  return class ~= nil and class.is_class(value)
end

local function is_named(value)
  return type(value) == "function" or is_class(value)
end

-- The names in a place, in order; with `all` also those of parts that are not loaded yet.
local function keys_of(object, all)
  local set, list = {}, {}
  if is_class(object) then
    for _, key in ipairs(require("lacuna.nn.class").member_names(object)) do set[key] = true end
  else
    for key in next, object do set[key] = true end
    local meta = getmetatable(object)
    for _, key in ipairs(all and meta and meta.__names and meta.__names(object) or {}) do
      set[key] = true
    end
  end
  for key in pairs(set) do
    if type(key) == "string" and key:sub(1, 1) ~= "_" then list[#list + 1] = key end
  end
  table.sort(list)
  return list
end

--- The public functions and classes as {name=, value=}, each once, those of a place in order; of
--- methods that others override the first. Without `all` only what is loaded: nothing else can be
--- at hand.
---@param all boolean|nil
---@return { name: string, value: any }[]
function names.list(all)
  local list, seen = {}, {}
  for _, place in ipairs(places) do
    local prefix, module, members = unpack(place)
    local loaded = all and require(module) or package.loaded[module]
    local object = loaded and members(loaded) or {}
    for _, key in ipairs(keys_of(object, all)) do
      local name, value = prefix .. key, object[key]
      if is_named(value) and not seen[value] and not seen[name] then
        seen[value], seen[name] = true, true
        list[#list + 1] = { name = name, value = value }
      end
    end
  end
  return list
end

--- The public name of a function or class; nil for one that has none.
---@return string|nil
function names.of(value)
  for _, entry in ipairs(names.list()) do
    if rawequal(entry.value, value) then return entry.name end
  end
  return nil
end

-- The arguments without the first, which the colon of a call gives.
local function without_first(arguments)
  return "(" .. arguments:match("^%(%s*[%w_]*%s*,?%s*(.*)%)$") .. ")"
end

--- A function as users write its call: "t:narrow(d, start, length)".
---@param public string|nil  from names.of
---@param doc table  from docs.of_function
---@return string
function names.call(public, doc)
  local arguments = doc.arguments or "(...)"
  if not public then return (doc.name or "function") .. arguments end
  local by_colon = doc.name and doc.name:find(":", 1, true)
  if public:find(":", 1, true) and not by_colon then arguments = without_first(arguments) end
  return public .. arguments
end

return names
