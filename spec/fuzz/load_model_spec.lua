-- load_model_spec.lua: the config of a network as a host meets it: JSON that it hands to
-- lac_script_load_model, and JSON in a file of weights, damaged in its values or in its text. It
-- gets a network or one line saying what is wrong.

local cjson = require "cjson"
local configs = require "spec.fuzz.configs"
local ffi = require "ffi"
local hdf5 = require "lacuna.hdf5"
local lacuna = require "lacuna"
local mutate = require "spec.fuzz.mutate"
local native = require "lacuna.native"
local prop = require "spec.support.prop"
local support = require "spec.support.init"

local C = native.C

ffi.cdef [[
  typedef struct lac_script lac_script;
  typedef struct lac_model lac_model;
  lac_status lac_script_create(lac_context *, const void *options, lac_script **);
  void lac_script_release(lac_script *);
  lac_status lac_script_load_model(lac_script *, const char *file, const char *config_json,
                                   lac_weights *, lac_model **);
  void lac_model_release(lac_model *);
]]
local host = ffi.load(native.library_dir .. "/liblacuna_script.so")

-- A context with its script, neither of which this spec's own package sees.
local function open_script()
  local options = ffi.new("lac_context_options", { ffi.sizeof "lac_context_options" })
  local ctx, script = ffi.new "lac_context *[1]", ffi.new "lac_script *[1]"
  options.threads, options.budget = 1, 2 ^ 28
  assert.equal(0, C.lac_context_create(options, ctx))
  assert.equal(0, host.lac_script_create(ctx[0], nil, script))
  C.lac_context_release(ctx[0])
  return ffi.gc(script[0], host.lac_script_release)
end

-- The config of a small network, as it is, with other values, or with other bytes in its text.
local damaged = prop.generator(function(random)
  local case = configs.any.draw(random)
  local name, text = case[1], case[2]
  local kind = random(4)
  if kind == 0 then text = cjson.encode(configs.SMALL[name]) end
  if kind == 1 then text = mutate.bytes(text, '{"a":[1,null],"b":{}}', random) end
  return { name, text }
end)

-- The status, after a look at the message of a failure.
local function load(script, name, config, weights)
  local out = ffi.new "lac_model *[1]"
  local status = host.lac_script_load_model(script, name, config, weights, out)
  if status == 0 then
    assert(out[0] ~= nil)
    host.lac_model_release(out[0])
    return status
  end
  assert(out[0] == nil and status ~= C.LAC_ERR_INTERNAL)
  local message = ffi.string(C.lac_last_error())
  assert(message ~= "")
  configs.check_message(message)
  return status
end

describe("a network that a host loads", function()
  local script, nets, loaded, refused

  -- The networks of the configs as they are, whose weights files get.
  setup(function()
    script, nets = open_script(), {}
    for name, config in pairs(configs.SMALL) do nets[name] = lacuna.models[name](config) end
  end)

  before_each(function() loaded, refused = 0, 0 end)

  teardown(function()
    script, nets = nil, nil
    collectgarbage()
    support.clean()
  end)

  local function count(status)
    if status == 0 then loaded = loaded + 1 else refused = refused + 1 end
  end

  it("takes any config of the host, or says what is wrong", function()
    prop.check("load_model", { arch = damaged }, function(case)
      count(load(script, case.arch[1], case.arch[2], nil))
    end, 50)
    assert(loaded > 9 and refused > 9)
  end)

  -- A file with the weights of a network of that name, and this as what it says of itself.
  local function write(name, arch)
    local path = support.tmp ".h5"
    local f = hdf5.open(path, "w")
    f:attr("/", "format", "lacuna-weights")
    f:attr("/", "version", 1)
    f:attr("/", "arch", arch)
    for key, t in nets[name]:state_dict() do f:write("/" .. key:gsub("%.", "/"), t) end
    f:close()
    return path
  end

  it("takes what a file of weights says of itself, or says what is wrong", function()
    prop.check("load_model of a file", { arch = damaged }, function(case)
      local name, text = case.arch[1], case.arch[2]:gsub("%z", " ") -- which HDF5 refuses
      local path = write(name, ('{"model":"%s","config":%s}'):format(name, text))
      local weights = ffi.new "lac_weights *[1]"
      assert.equal(0, C.lac_weights_open(path, weights))
      local status = load(script, name, nil, weights[0])
      C.lac_weights_release(weights[0])
      os.remove(path)
      count(status)
    end, 25)
    assert(loaded > 3 and refused > 3)
  end)
end)
