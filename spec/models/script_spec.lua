-- A model of a user's own: a short script outside of models/ is built, printed, run, saved and
-- loaded.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local script = [[
local lacuna = require "lacuna"
local nn = lacuna.nn

local Encoder = nn.class("Encoder", nn.Module)

function Encoder:__init(config)
  self.config = nn.config("encoder", config, { channels = 8, classes = 3 })
  local c = self.config.channels
  self.stem = nn.SparseConvBlock(4, c, 3)
  self.levels = nn.ModuleList()
  for i = 1, 2 do
    self.levels:add(nn.Sequential(
      nn.SparseConvBlock(c * i, c * i, 2, { stride = 2 }),
      nn.SparseResBlock(c * i, c * (i + 1), 3)))
  end
  self.head = nn.Linear(c * 3, self.config.classes)
end

function Encoder:forward(x)
  x = self.stem(x)
  for _, level in ipairs(self.levels) do x = level(x) end
  return self.head(x)
end

return Encoder
]]

describe("a model script of one's own", function()
  local path = support.write_file(support.tmp(".lua"), script)
  local file = support.tmp(".h5")
  teardown(support.clean)

  local rows = support.voxels(300, 0, 15, 1, 8)
  local x = lacuna.SparseTensor(lacuna.rand(300, 4), rows)

  it("is built by its path, printed, run, saved and loaded", function()
    local net = lacuna.models[path] { classes = 5 }
    assert.truthy(tostring(net):find("(head): Linear(24 -> 5)", 1, true))
    local y = net(x)
    assert.equal("SparseTensor", lacuna.type(y))
    assert.equal(5, y:size(2))
    assert.are.same({ 4, 4, 4 }, y.stride)
    net:save(file)
    local other = lacuna.models[path] { classes = 5 }:load(file)
    support.same(other(x).feats, y.feats)
    assert.equal(path, net.arch.model)
  end)

  it("says which layer does not fit", function()
    local net = lacuna.models[path] {}
    local wide = lacuna.SparseTensor(lacuna.rand(300, 6), rows)
    support.raises(function()
      local y = net(wide)
      return y
    end, path:match("[^/]*$"), "stem.0: conv3d", "6", "4")
  end)
end)

describe("lacuna.models", function()
  after_each(support.clean)

  it("lists what there is for an unknown name", function()
    support.raises(function() return lacuna.models.minkunt end, "unknown model 'minkunt'",
      "minkunet")
    support.raises(function() return lacuna.models["/nowhere/net.lua"] end, "/nowhere/net.lua")
    support.raises(function() return lacuna.models[3] end, "number")
  end)

  it("names scripts that do not compile or give no constructor", function()
    local path = support.write_file(support.tmp(".lua"), "return {")
    support.raises(function() return lacuna.models[path] end, path:match("[^/]*$"))
    support.write_file(path, "return 7")
    support.raises(function() return lacuna.models[path] end, path, "number",
      "expected a constructor")
    support.write_file(path, "return function() return 7 end")
    support.raises(function() return lacuna.models[path] {} end, path, "number",
      "expected a module")
  end)
end)
