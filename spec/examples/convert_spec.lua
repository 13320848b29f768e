-- examples/lua/convert.lua, on a checkpoint as SpConv 2 would leave it.

local lacuna = require "lacuna"
local checkpoint = require "spec.support.checkpoint"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local EXAMPLE, MODEL = "examples/lua/convert.lua", "spec/support/tiny_model.lua"

-- A file with the weights of `net`, a kernel [27, 4, 8] stored as [8, 3, 3, 3, 4] under `.weight`.
local function spconv_checkpoint(net)
  local tensors = {}
  for name, t in net:state_dict() do
    if name == "stem.0.kernel" then -- axis 0 of the taps is the fastest
      name, t = "stem.0.weight", t:reshape(3, 3, 3, 4, 8):permute(5, 3, 2, 1, 4):contiguous()
    end
    tensors[#tensors + 1] = { name, t }
  end
  return support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
end

describe("examples/lua/convert.lua #process", function()
  after_each(support.clean)

  it("takes over every tensor", function()
    local net, out = lacuna.models[MODEL] {}, support.tmp(".h5")
    local r = shell.lacuna(EXAMPLE, spconv_checkpoint(net), MODEL, out)
    assert.equal(0, r.status, r.err)
    assert.matches("^epoch\t7\nstate_dict\t...\n", r.out)
    assert.matches("spconv2: permute", r.out)
    assert.matches("wrote " .. out:gsub("%p", "%%%0"), r.out)
    local again = lacuna.models[MODEL] {}:load(out):state_dict()
    for name, t in net:state_dict() do support.same(again[name], t, name) end
  end)

  it("explains itself", function()
    local r = shell.lacuna(EXAMPLE, "a.pth")
    assert.equal(2, r.status)
    assert.equal("usage: lacuna examples/lua/convert.lua CHECKPOINT MODEL OUT.h5\n", r.err)
  end)
end)
