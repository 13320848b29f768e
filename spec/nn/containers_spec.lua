local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local function child_names(m)
  local list = {}
  for name in m:named_children() do list[#list + 1] = name end
  return table.concat(list, " ")
end

describe("nn.Sequential", function()
  it("is an array of its items, given one by one or in a table", function()
    local a, b = nn.ReLU(), nn.SiLU()
    for _, s in ipairs { nn.Sequential(a, b), nn.Sequential { a, b } } do
      assert.equal(2, #s)
      assert.equal(a, s[1])
      assert.equal(b, s[2])
      assert.is_nil(s[3])
      local count = 0
      for _, m in ipairs(s) do
        assert.is_true(nn.is(m, nn.Module))
        count = count + 1
      end
      assert.equal(2, count)
      assert.equal("0 1", child_names(s))
    end
    assert.equal(0, #nn.Sequential())
    assert.equal(0, #nn.Sequential {})
  end)

  it("runs its items in order", function()
    local Add = nn.class("Add", nn.Module)
    function Add:__init(n) self.n = n end
    function Add:forward(x) return x .. self.n end
    assert.equal("0123", nn.Sequential(Add "1", Add "2", Add "3")("0"))
    assert.equal("0", nn.Sequential()("0"))
  end)

  it("grows by add, by an index one past the end, and by name", function()
    local s = nn.Sequential()
    assert.equal(s, s:add(nn.ReLU()):add_module("norm", nn.BatchNorm(2)))
    s[3] = nn.SiLU()
    s.last = nn.Identity()
    assert.equal("0 norm 2 last", child_names(s))
    assert.equal(s[2], s.norm)
    assert.equal(s[4], s:get("last"))
    s:add_module("norm", nn.BatchNorm(3))
    assert.equal(4, #s)
    assert.equal(3, s.norm.channels)
    s.norm = nn.BatchNorm(4)
    assert.equal(4, s[2].channels)
    s[2] = nn.BatchNorm(5)
    assert.equal(5, s.norm.channels)
  end)

  it("refuses what is no module", function()
    support.raises(function() nn.Sequential(nn.ReLU(), 3) end, "Sequential: item 2", "number")
    support.raises(function() nn.Sequential { nn.ReLU(), nn.ReLU } end, "Sequential: item 2")
    support.raises(function() nn.Sequential { nn.ReLU(), named = nn.ReLU() } end, "named")
    support.raises(function() nn.Sequential(nn.ReLU())[3] = nn.ReLU() end, "Sequential[3]")
    support.raises(function() nn.Sequential()[1] = 5 end, "Sequential[1]", "number")
    support.raises(function() nn.Sequential():add_module("a.b", nn.ReLU()) end, "without dots")
    local s = nn.Sequential(nn.ReLU())
    s[1] = 5
    support.raises(function() s:parameters() end, "Sequential[1]")
  end)

  it("can be derived from", function()
    local Block = nn.class("Block", nn.Sequential)
    function Block:__init(c) Block.super.__init(self, nn.Linear(c, c), nn.ReLU()) end
    local b = Block(4)
    assert.equal(2, #b)
    assert.are.same({ 3, 4 }, b(lacuna.ones(3, 4)):size())
    assert.is_not_nil(b:state_dict()["0.weight"])
  end)

  it("keeps no intermediate", function()
    local alive = setmetatable({}, { __mode = "k" })
    local Make = nn.class("Make", nn.Module)
    function Make:forward()
      local made = {}
      alive[made] = true
      return made
    end
    local Check = nn.class("Check", nn.Module)
    function Check:forward(x)
      collectgarbage()
      collectgarbage()
      local n = 0
      for _ in pairs(alive) do n = n + 1 end
      self.seen = n
      return x
    end
    local check = Check()
    jit.off(true, true)
    nn.Sequential(Make(), Make(), Make(), Make(), Make(), check)(1)
    jit.on(true, true)
    assert.is_true(check.seen <= 2, check.seen .. " intermediates are alive")
  end)
end)

describe("nn.ModuleList", function()
  it("is an array and cannot be called", function()
    local l = nn.ModuleList { nn.ReLU(), nn.Linear(1, 2) }
    assert.equal(2, #l)
    assert.equal("0 1", child_names(l))
    assert.is_not_nil(l:state_dict()["1.weight"])
    support.raises(function() return l(1) end, "ModuleList", "list[1](x)")
  end)
end)
