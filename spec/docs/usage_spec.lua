-- Every public function, class and model has an example, a line "---@usage ..." of its comment,
-- which help() shows; and every example runs, line by line as at the prompt of the REPL.
--
-- At hand are lacuna, nn, F, the REPL's functions, and what `prelude` makes: points, x, z, t, net,
-- bar and file. Names of files in quotes are those of files in a temporary folder, which has
-- scan.bin, scan.label, net.h5 (the weights of net) and net.config (of SPVNAS).

local ffi = require "ffi"
local class = require "lacuna.nn.class"
local docs = require "lacuna.repl.docs"
local lacuna = require "lacuna"
local names = require "lacuna.repl.names"
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local nn, F = lacuna.nn, lacuna.nn.functional

-- In public tables for other files of the package, not for users.
local internal = {
  ["lacuna.convert.options"] = true, ["lacuna.convert.with"] = true,
  ["F.conv_config.apply"] = true,
}

local folder

-- A small network, what it takes, and values of each kind that has methods.
local function prelude()
  lacuna.manual_seed(1)
  local at = lacuna.tensor { 16, 16, 4, 1 }
  local points = lacuna.rand(200, 4) * at - lacuna.tensor { 8, 8, 2, 0 }
  local x = lacuna.voxelize(points,
    { voxel_size = 0.5, range = { -8, -8, -2, 8, 8, 2 }, dynamic = true })
  local batch = lacuna.zeros(200, 1)
  return {
    points = points, -- [200,4]: x y z intensity
    x = x, -- SparseTensor of 4 channels, range (1,32,32,8)
    z = lacuna.PointTensor(points, lacuna.cat({ batch, points:narrow(2, 1, 3) }, 2)),
    t = lacuna.rand(4, 3),
    net = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU()),
    bar = lacuna.progress(10),
    file = lacuna.hdf5.open(folder .. "/net.h5"), -- to read
  }
end

local function write(name, text)
  local f = assert(io.open(folder .. "/" .. name, "wb"))
  f:write(text)
  f:close()
end

-- The widest SPVNAS with a quarter of the channels: what is not a width is less than 32.
local function net_config()
  local config = require("lacuna.spvnas.net_config").widest()
  for _, list in ipairs { config, config.output_channels } do
    for key, value in pairs(list) do
      if type(value) == "number" and value >= 32 then list[key] = value / 4 end
    end
  end
  return config
end

local conv_mode, kmap_mode, downsample_mode = F.get_conv_mode(), F.get_kmap_mode(),
  F.get_downsample_mode()

-- What an example may have set for all that follows.
local function restore()
  lacuna.set_default_device("cpu")
  lacuna.set_eager(false)
  lacuna.set_allow_tf32(false)
  F.set_conv_mode(conv_mode)
  F.set_kmap_mode(kmap_mode)
  F.set_downsample_mode(downsample_mode)
  F.set_allow_negative_coordinates(false)
  F.conv_config.clear_global()
  lacuna.tune.clear()
  lacuna.registry.NORM_LAYERS.types.None = nil
end

-- Only some machines have a GPU: elsewhere what names one is not run.
local function needs_gpu(lines)
  local text = table.concat(lines, "\n")
  return text:find(":cuda%(") ~= nil or text:find('%("cuda"') ~= nil
    or text:find("cuda.describe(0)", 1, true) ~= nil
end

local extensions = { bin = true, label = true, ply = true, png = true, h5 = true, txt = true,
  config = true }

local function compile(line)
  line = line:gsub('"([%w_]+%.(%w+))"', function(name, extension)
    return extensions[extension] and string.format('"%s/%s"', folder, name)
  end)
  local chunk = loadstring("return " .. line, "=example")
  if chunk then return chunk end
  return assert(loadstring(line, "=example"))
end

local function run(lines)
  local env = setmetatable(prelude(), { __index = _G })
  env.lacuna, env.nn, env.F = lacuna, nn, F
  for name, find in pairs(require "lacuna.repl.commands") do env[name] = find() end
  lacuna.set_eager(true) -- also what an example does not read
  program.printed(function()
    for _, line in ipairs(lines) do
      env._ = setfenv(compile(line), env)()
      tostring(env._) -- as the REPL prints it
    end
  end)
end

-- "NAME: message" for every example that fails.
local function failures(examples)
  local list = {}
  for _, example in ipairs(examples) do
    local action = run
    if needs_gpu(example.usage) and not lacuna.cuda.is_available() then
      action = function(lines) for _, line in ipairs(lines) do compile(line) end end
    end
    local ok, message = pcall(action, example.usage)
    if not ok then list[#list + 1] = example.name .. ": " .. tostring(message) end
    restore()
  end
  return table.concat(list, "\n")
end

-- The public functions and classes as {name=, usage=}.
local function examples_of_names()
  local list = {}
  for _, entry in ipairs(names.list(true)) do
    local doc = class.is_class(entry.value) and docs.of_class(entry.value)
      or docs.of_function(entry.value, entry.name)
    if not internal[entry.name] then
      list[#list + 1] = { name = entry.name, usage = docs.parse(doc.comment).usage }
    end
  end
  return list
end

local function examples_of_models()
  local list = {}
  for path in shell.run("ls models/*.lua").out:gmatch("[^\n]+") do
    local _, usage = docs.of_model(path)
    list[#list + 1] = { name = path, usage = usage }
  end
  return list
end

local function without_usage(examples)
  local list = {}
  for _, example in ipairs(examples) do
    if #example.usage == 0 then list[#list + 1] = example.name end
  end
  return table.concat(list, " ")
end

describe("examples in comments", function()
  setup(function()
    program.enter()
    require "lacuna.repl.help"
    require "lacuna.repl.show"
    folder = shell.run("mktemp -d").out:match("%S+")
    lacuna.manual_seed(1)
    local scan = lacuna.rand(50, 4)
    write("scan.bin", ffi.string(scan:data(), scan:numel() * 4))
    lacuna.io.write_labels(folder .. "/scan.label", lacuna.arange(50))
    nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU()):save(folder .. "/net.h5")
    write("net.config", require("cjson").encode(net_config()))
  end)

  teardown(function()
    program.leave()
    os.execute("rm -rf '" .. folder .. "'")
  end)

  it("are on every public function and class", function()
    local examples = examples_of_names()
    assert.is_true(#examples > 280, #examples .. " functions and classes were found")
    assert.equal("", without_usage(examples))
  end)

  it("are on every model", function()
    local examples = examples_of_models()
    assert.is_true(#examples > 8)
    assert.equal("", without_usage(examples))
  end)

  it("of functions and classes run", function()
    assert.equal("", failures(examples_of_names()))
  end)

  it("of models run", function()
    assert.equal("", failures(examples_of_models()))
  end)

  it("that fail are named with their message", function()
    local found = failures { { name = "F.nothing", usage = { "F.nothing(x)" } },
      { name = "F.relu", usage = { "y = F.relu(x)" } } }
    assert.matches("^F%.nothing: .*no function 'nothing'[^\n]*$", found)
  end)
end)
