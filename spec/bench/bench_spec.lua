-- What the benchmark computes from its measurements.

local lacuna = require "lacuna"
local live_set = require "lacuna.bench.live_set"
local machine = require "lacuna.bench.machine"
local map = require "lacuna.bench.map"
local runs = require "lacuna.bench.runs"
local statistics = require "lacuna.bench.statistics"
local support = require "spec.support.init"

local nn = lacuna.nn

local function input(count, channels)
  lacuna.manual_seed(4)
  local rows = support.voxels(count, 0, 12, 1, 4)
  return lacuna.SparseTensor(lacuna.randn(#rows, channels), rows)
end

describe("statistics", function()
  it("interpolates between sorted numbers", function()
    local quantile = statistics.quantile
    assert.equal(2, quantile({ 3, 1, 2 }, 0.5))
    assert.equal(1.5, quantile({ 2, 1 }, 0.5))
    assert.equal(1.2, quantile({ 3, 1, 2 }, 0.1))
    assert.equal(7, quantile({ 7 }, 0.9))
  end)
end)

describe("the largest live set", function()
  local x = input(100, 4)
  local row = 100 * 4 -- bytes of a channel

  it("is the features around a layer, without the network's input", function()
    assert.equal(8 * row, live_set.largest(nn.Conv3d(4, 8, 3), x))
    -- conv2 reads 8 and makes 16; conv3 reads 16 and makes 2.
    local net = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU(), nn.Conv3d(8, 16, 3),
      nn.Conv3d(16, 2, 3))
    assert.equal(24 * row, live_set.largest(net, x))
  end)

  it("keeps what a sum or a concatenation reads later", function()
    local net = nn.class("Skip", nn.Module)()
    net.a, net.b, net.c, net.d = nn.Conv3d(4, 8, 3), nn.Conv3d(8, 8, 3), nn.Conv3d(8, 8, 3),
      nn.Conv3d(16, 2, 3)
    net.forward = function(self, v)
      local a = self.a(v)
      local c = self.c(self.b(a)) -- a, b and c: 24
      return self.d(lacuna.cat { c, a }) -- a, c and 2 more: 18
    end
    assert.equal(24 * row, live_set.largest(net, x))
    net.forward = function(self, v)
      local a = self.a(v)
      return self.b(a) + a -- in the place of b
    end
    assert.equal(16 * row, live_set.largest(net, x))
  end)

  it("puts back what it watches through, also after an error", function()
    local cat, add = lacuna.cat, getmetatable(x).__add
    local net = nn.class("Broken", nn.Module)()
    net.forward = function() error("broken", 0) end
    support.raises(function() live_set.largest(net, x) end, "broken")
    assert.equal(cat, lacuna.cat)
    assert.equal(add, getmetatable(x).__add)
    assert.is_nil(require("lacuna.nn.module").hooks.around)
  end)

  it("is not above the measured peak", function()
    local net = nn.Sequential(nn.Conv3d(4, 64, 3), nn.Conv3d(64, 64, 3))
    assert.is_true(live_set.peak(net, x, true) >= live_set.largest(net, x))
    assert.is_true(live_set.peak(net, x, false) > 0)
    assert.is_false(require("lacuna.modes").get("eager"))
  end)
end)

describe("runs", function()
  it("compares results", function()
    local a = lacuna.tensor { { 3, 4 } }
    assert.equal(0, runs.relative_rms(a, a))
    assert.is_true(math.abs(runs.relative_rms(lacuna.tensor { { 3, 5 } }, a) - 0.2) < 1e-12)
    assert.is_true(math.abs(runs.relative_rms({ a, lacuna.tensor { { 0, 5 } } },
      { a, lacuna.tensor { { 5, 5 } } }) - 5 / math.sqrt(75)) < 1e-12)
  end)

  it("times variants in turn, each under its own settings, and puts these back", function()
    local x, order = input(50, 4), {}
    local function variant(name)
      return {
        dtype = "float32", threads = 1, quantize = function() return x end,
        net = function(v)
          order[#order + 1] = name
          return v
        end,
        enter = function() order[#order + 1] = "(" end,
        leave = function() order[#order + 1] = ")" end,
      }
    end
    local threads = lacuna.get_num_threads()
    local found = runs.measure({ variant("a"), variant("b") }, { warmup = 1, repeats = 2,
      rates = false })
    assert.equal("(a)(b)(a)(b)(a)(b)", table.concat(order))
    assert.equal(threads, lacuna.get_num_threads())
    assert.equal(50, found[1].voxels)
    assert.is_true(found[2].ratio > 0)
    assert.equal(0, found[2].rms)
    local broken = variant("c")
    broken.net = function() error("broken", 0) end
    support.raises(function() runs.measure({ broken }, { warmup = 0, repeats = 1 }) end, "broken")
    assert.equal(")", order[#order])
  end)
end)

describe("the machine", function()
  it("has a bandwidth, and a rate of sgemm where OpenBLAS is", function()
    assert.is_true(machine.bandwidth() > 0.01)
    local rate = machine.sgemm()
    assert.is_true(rate == nil or rate > 0.01)
    assert.equal(rate and true or false, machine.peak() and true or false)
  end)

  it("builds a map in some time a voxel", function()
    assert.is_true(map.ns_per_voxel(input(400, 2), 2) > 0)
  end)
end)

describe("profile", function()
  it("counts rows, bytes and the share of sgemm", function()
    local x = input(100, 4)
    local layer = nn.Conv3d(4, 8, 3)
    local row = lacuna.profile(function() return layer(x) end)[1]
    assert.equal(100, row.voxels)
    assert.equal(100 * (4 + 8) * 4 + 27 * 4 * 8 * 4 + row.pairs * 8, row.bytes)
    local peak = machine.peak()
    if peak then assert.is_true(math.abs(row.share - row.gflops / peak) < 1e-9) end
  end)
end)
