local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

local rows = support.voxels(3000, 0, 40, 1, 6)

local function settle()
  collectgarbage()
  collectgarbage()
  lacuna.reset_peak_memory()
  return lacuna.memory().live
end

describe("memory", function()
  it("has the documented numbers", function()
    local m = lacuna.memory()
    for _, key in ipairs { "live", "peak", "reserved", "budget", "blocks" } do
      assert.equal("number", type(m[key]), key)
    end
    assert.is_true(m.live <= m.peak and m.live <= m.reserved and m.reserved <= m.budget)
  end)

  it("is counted and given back", function()
    local before = settle()
    local t = lacuna.zeros(1000, 1000)
    assert.is_true(lacuna.memory().live - before >= 4e6)
    t:free()
    assert.is_true(lacuna.memory().live - before < 1e5)
    support.raises(function() return t:sum() end, "freed")
  end)

  -- In a process of its own: the pool remembers how much this one has needed.
  it("of many forwards in a loop stays within 1.2 times that of one #process", function()
    local count = os.getenv "LACUNA_SANITIZED" and 60 or 1000 -- 300 ms each then
    local pipe = io.popen("LUA_PATH='" .. package.path
      .. "' luajit spec/support/forward_loop.lua " .. count)
    local text = pipe:read("*a")
    pipe:close()
    local one, all = text:match("^(%d+) (%d+)")
    assert(one, text)
    one, all = tonumber(one), tonumber(all)
    assert.is_true(one > 3e6)
    assert.is_true(all <= 1.2 * one, all .. " bytes, " .. one .. " for one forward")
  end)
end)

describe("lacuna.scope", function()
  it("releases what was made inside at its end, except results", function()
    local before = settle()
    local inside
    local kept, list = lacuna.scope(function()
      inside = lacuna.zeros(500, 1000)
      local x = lacuna.SparseTensor(lacuna.ones(3000, 4), rows)
      return lacuna.ones(10), { x = nn.ReLU()(x) }
    end)
    assert.is_true(lacuna.memory().live - before < 1e6)
    support.raises(function() return inside:sum() end, "freed")
    assert.equal(10, kept:sum():item())
    assert.equal(12000, list.x.feats:sum():item())
    assert.equal(3000, #list.x.coords)
  end)

  it("leaves older tensors and modules alone", function()
    local x = lacuna.SparseTensor(lacuna.ones(3000, 4), rows)
    local net = nn.SparseConvBlock(4, 8, 3)
    local conv
    local y = lacuna.scope(function()
      net:half():float()
      conv = nn.Conv3d(4, 8, 3)
      return net(x)
    end)
    assert.are.same({ 3000, 8 }, y:size())
    assert.are.same({ 3000, 4 }, x.feats:size())
    assert.equal(3000, #x.coords)
    assert.are.same({ 3000, 8 }, net(x):size())
    assert.are.same({ 3000, 8 }, conv(x):size())
  end)

  it("nests, and cleans up after an error", function()
    local before, inner, outer = settle(), nil, nil
    local message = support.message(function()
      lacuna.scope(function()
        inner = lacuna.scope(function()
          outer = lacuna.zeros(1000)
          return lacuna.zeros(1000)
        end)
        assert(inner:sum():item() == 0)
        error("broken", 0)
      end)
    end)
    assert.equal("broken", message)
    support.raises(function() return inner:sum() end, "freed")
    support.raises(function() return outer:sum() end, "freed")
    assert.is_true(lacuna.memory().live - before < 1e5)
    assert.is_true(lacuna.zeros(3):sum():item() == 0)
  end)
end)
