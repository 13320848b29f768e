local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local function names(map)
  local list = {}
  for name in map do list[#list + 1] = name end
  return list
end

local Two = nn.class("Two", nn.Module)
function Two:__init()
  self.first = nn.Linear(2, 3)
  self.scale = nn.Parameter(lacuna.ones(3))
  self.second = nn.Linear(3, 4, { bias = false })
  self:register_buffer("count", lacuna.zeros({}, { dtype = "int64" }))
  self.note = lacuna.ones(2)
end
function Two:forward(x)
  return self.second(self.first(x) * self.scale)
end

describe("a module's attributes", function()
  it("register modules, parameters and buffers in order, a module's own first", function()
    local m = Two()
    assert.are.same({ "scale", "first.weight", "first.bias", "second.weight" },
      names(m:named_parameters()))
    assert.are.same({ "count" }, names(m:named_buffers()))
    assert.are.same({ "", "first", "second" }, names(m:named_modules()))
    assert.are.same({ "scale", "count", "first.weight", "first.bias", "second.weight" },
      names(m:state_dict()))
    assert.equal(4, #m:parameters())
    assert.equal(m.first, m:children()[1])
  end)

  it("leave plain tensors alone", function()
    local m = Two()
    assert.is_nil(m:state_dict().note)
    assert.equal("Tensor", lacuna.type(m.note))
  end)

  it("are registered when they are assigned anew, also from false and nil", function()
    local m = Two()
    m.down = false
    assert.is_false(m.down)
    m.down = nn.Linear(1, 1)
    m.later = nil
    assert.is_nil(m.later)
    m.later = nn.ReLU()
    assert.are.same({ "first", "second", "down", "later" }, names(m:named_children()))
    local other = nn.Linear(2, 5)
    m.first = other
    assert.equal(other, m.first)
    assert.are.same({ "first", "second", "down", "later" }, names(m:named_children()))
    m.down = nil
    assert.are.same({ "first", "second", "later" }, names(m:named_children()))
    m.later = "text"
    assert.are.same({ "first", "second" }, names(m:named_children()))
  end)

  it("stay parameters when a tensor is assigned to their name", function()
    local m = Two()
    m.scale = lacuna.zeros(3)
    assert.is_true(m:named_parameters().scale == m.scale)
    m.count = nil
    assert.is_nil(m:state_dict().count)
    m.count = lacuna.zeros({}, { dtype = "int64" })
    assert.is_not_nil(m:state_dict().count)
  end)

  it("that nobody assigned raise with the nearest name", function()
    local m = Two()
    support.raises(function() return m.secnd end, "Two", "'secnd'", "did you mean 'second'?")
    support.raises(function() return m:named_paramters() end, "did you mean 'named_parameters'?")
  end)

  it("in a plain table of modules raise at the first traversal", function()
    local m = Two()
    m.stages = { nn.ReLU(), nn.ReLU() }
    for _, walk in ipairs { "named_modules", "parameters", "state_dict", "children", "half",
      "train" } do
      support.raises(function() return m[walk](m) end, "self.stages: use nn.ModuleList")
    end
    m.stages = { deeper = { nn.ReLU() } }
    support.raises(function() return m:named_modules() end, "self.stages: use nn.ModuleList")
    m.stages = { 1, 2, { "three" } }
    assert.equal(3, #m:modules())
  end)

  it("are the same module under two names once, and in the state_dict twice", function()
    local m = Two()
    m.again = m.first
    assert.equal(3, #m:modules())
    assert.equal(4, #m:parameters())
    assert.is_true(m:state_dict()["again.weight"] == m:state_dict()["first.weight"])
  end)
end)

describe("calling a module", function()
  it("runs forward", function()
    local m = Two()
    assert.are.same({ 5, 4 }, m(lacuna.ones(5, 2)):size())
  end)

  it("with a colon on a child says how to write it", function()
    local M = nn.class("M", nn.Module)
    function M:__init() self.relu = nn.ReLU() end
    function M:forward(x) local y = self:relu(x) return y end
    support.raises(function() return M()(lacuna.ones(2, 2)) end, "write self.relu(x)")
  end)

  it("without a forward says so", function()
    local M = nn.class("Bare", nn.Module)
    support.raises(function() return M()(1) end, "Bare: the class has no forward")
  end)

  it("returns all results", function()
    local M = nn.class("M", nn.Module)
    function M:forward(...) return ..., nil, 3 end
    assert.equal(3, select("#", M()(1)))
  end)
end)

describe("errors in a network", function()
  local Inner = nn.class("Inner", nn.Module)
  function Inner:__init() self.net = nn.Sequential(nn.Identity(), nn.Linear(7, 2)) end
  function Inner:forward(x)
    local y = self.net(x) -- the line of the error
    return y
  end
  local Outer = nn.class("Outer", nn.Module)
  function Outer:__init() self.blocks = nn.ModuleList { Inner() } end
  function Outer:forward(x)
    local y = self.blocks[1](x)
    return y
  end

  it("have the line of the innermost forward and the path of the module", function()
    local net = Outer()
    local message = support.raises(function() return net(lacuna.ones(3, 4)) end,
      "blocks.0.net.1: linear:", "4", "7")
    assert.truthy(message:find("module_spec%.lua:%d+: blocks%.0%.net%.1: linear"))
    assert.equal("Linear", lacuna.type(net:get("blocks.0.net.1")))
    local line = debug.getinfo(Inner.forward, "S").linedefined + 1
    assert.truthy(message:find("module_spec.lua:" .. line .. ":", 1, true), message)
  end)

  it("have the path also after a tail call, and under net.modes", function()
    local Tail = nn.class("Tail", nn.Module)
    function Tail:__init()
      self.inner = Outer()
      self.modes = { conv_mode = 2 }
    end
    function Tail:forward(x) return self.inner(x) end
    support.raises(function() return Tail()(lacuna.ones(3, 4)) end, "inner.blocks.0.net.1: linear:")
  end)

  it("have no path for a layer that is called alone", function()
    local message = support.raises(function()
      local y = nn.Linear(7, 2)(lacuna.ones(3, 4))
      return y
    end)
    assert.truthy(message:find("module_spec%.lua:%d+: linear: "), message)
  end)
end)

describe("train, eval, apply, get", function()
  it("modules are made in eval mode, and train() switches all of them", function()
    local m = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.BatchNorm(2)))
    assert.is_false(m.training)
    assert.equal(m, m:train())
    for module in m:modules() do assert.is_true(module.training) end
    assert.equal(m, m:eval())
    assert.is_false(m[2][1].training)
  end)

  it("dropout drops in training alone", function()
    local x = lacuna.ones(200, 5)
    local drop = nn.Dropout(0.5)
    assert.is_true(rawequal(x, drop(x)))
    local y = drop:train()(x)
    local zeros = y:eq(0):sum():item()
    assert.is_true(zeros > 350 and zeros < 650)
    assert.equal(2, tonumber(y:max():item()))
  end)

  it("apply visits children before parents", function()
    local seen = {}
    local m = nn.Sequential(nn.ReLU(), nn.Sequential(nn.SiLU()))
    assert.equal(m, m:apply(function(x) seen[#seen + 1] = lacuna.type(x) end))
    assert.are.same({ "ReLU", "SiLU", "Sequential", "Sequential" }, seen)
  end)

  it("get takes a path and names what is not there", function()
    local m = Two()
    assert.equal(m.second, m:get("second"))
    assert.equal(m, m:get(""))
    assert.is_true(m.first.weight == m:get("first.weight"))
    support.raises(function() return m:get("frist.weight") end, "'frist'", "did you mean 'first'?")
  end)
end)

describe("conversion", function()
  it("changes floating-point tensors and returns self", function()
    local m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm(2))
    assert.equal(m, m:half())
    assert.equal("float16", m[1].weight:dtype())
    assert.equal("float16", m[2].running_var:dtype())
    assert.equal("int64", m[2].num_batches_tracked:dtype())
    assert.equal(7, #names(m:state_dict()))
    assert.equal("bfloat16", m:bfloat16()[1].weight:dtype())
    assert.equal("float32", m:float():to("cpu")[1].weight:dtype())
  end)

  it("refuses devices and dtypes that are not there in one line", function()
    local m = nn.Linear(2, 2)
    support.raises(function() m:to("cuda:77") end, "to: device cuda", "is not available")
    support.raises(function() m:to("int32") end, "int32", "float16")
    support.raises(function() m:to("flaot16") end, "flaot16")
  end)

  it("keeps shared tensors shared", function()
    local m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    m[2].weight = m[1].weight
    m:half()
    assert.is_true(m[1].weight == m[2].weight)
  end)

  it("clone gives a network of its own", function()
    local m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm(2))
    local copy = m:clone()
    assert.is_true(nn.is(copy, nn.Sequential))
    support.same(copy[1].weight, m[1].weight)
    copy[1].weight:zero_()
    assert.is_true(m[1].weight:abs():sum():item() > 0)
    assert.are.same(names(m:state_dict()), names(copy:state_dict()))
    assert.not_equal(m[2], copy[2])
  end)
end)
