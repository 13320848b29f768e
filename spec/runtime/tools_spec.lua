local lacuna = require "lacuna"
local support = require "spec.support.init"
local nn = lacuna.nn

describe("the lacuna table", function()
  it("raises for unknown names with the nearest", function()
    support.raises(function() return lacuna.quantise end, "did you mean 'quantize'?")
    support.raises(function() return nn.Conv3D end, "did you mean 'Conv3d'?")
    support.raises(function() return nn.functional.conv3 end, "did you mean 'conv3d'?")
  end)

  it("has a version, threads, a generator and no CUDA", function()
    assert.truthy(lacuna.version:match("^%d+%.%d+%.%d+"))
    local n = lacuna.get_num_threads()
    lacuna.set_num_threads(1)
    assert.equal(1, lacuna.get_num_threads())
    lacuna.set_num_threads(n)
    support.raises(function() lacuna.set_num_threads(0) end, "threads")
    support.raises(function() lacuna.set_num_threads("two") end, "set_num_threads")
    assert.equal(0, lacuna.device_count())
    assert.is_false(lacuna.cuda.is_available())
    lacuna.synchronize()
    lacuna.manual_seed(9)
    local a = lacuna.rand(5)
    lacuna.manual_seed(9)
    support.same(lacuna.rand(5), a)
  end)

  it("gives log records, once", function()
    lacuna.log()
    assert.are.same({}, lacuna.log())
  end)
end)

describe("lacuna.time", function()
  it("computes what is pending, and gives milliseconds", function()
    local calls, net = 0, nn.Conv3d(4, 16, 3)
    local rows = support.voxels(200, 0, 9, 1, 2)
    local x = lacuna.SparseTensor(lacuna.rand(200, 4), rows)
    local last
    local r = lacuna.time(function()
      calls = calls + 1
      last = net(x)
      return last
    end, { n = 5 })
    assert.equal(6, calls)
    assert.equal(5, r.n)
    assert.is_false(last.feats:is_pending())
    assert.is_true(r.min <= r.median and r.median <= r.max and r.min > 0)
    assert.truthy(tostring(r):find("median"))
    support.raises(function() lacuna.time(3) end, "time")
    support.raises(function() lacuna.time(print, { n = 0 }) end, "time: n is 0")
  end)
end)

describe("lacuna.profile", function()
  it("has a row for every layer that computed", function()
    local rows = support.voxels(200, 0, 9, 1, 2)
    local x = lacuna.SparseTensor(lacuna.rand(200, 4), rows)
    local net = nn.Sequential(nn.SparseConvBlock(4, 8, 3), nn.SparseResBlock(8, 12, 3),
      nn.Linear(12, 3))
    local profile = lacuna.profile(function() return net(x) end)
    local paths = {}
    for i, row in ipairs(profile) do
      paths[i] = row.path
      assert.is_true(row.ms >= 0 and row.macs > 0)
    end
    assert.are.same({ "0.0", "1.main.0", "1.main.3", "1.shortcut.0", "2" }, paths)
    local map = nn.functional.build_kernel_map(x, { kernel_size = 3 })
    assert.equal(map:pairs(), profile[1].pairs)
    assert.equal(map:pairs() * 4 * 8, profile[1].macs)
    assert.equal(200, profile[5].pairs)
    assert.truthy(tostring(profile):find("1.main.3", 1, true))
    assert.is_true(net(x).feats:is_pending())
  end)

  it("stops after an error", function()
    support.raises(function() lacuna.profile(function() error("broken", 0) end) end, "broken")
    assert.equal(0, #lacuna.profile(function() end))
  end)
end)

describe("lacuna.progress", function()
  it("counts, and draws nothing where stderr is no terminal", function()
    local bar = lacuna.progress(3, { label = "scans" })
    bar:step():step(2)
    assert.equal(3, bar.done)
    bar:finish()
    support.raises(function() lacuna.progress("many") end, "progress")
  end)
end)
