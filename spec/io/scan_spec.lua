-- scan_spec.lua: the synthetic scan is the same every time, and as dense as real ones.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local scan = lacuna.io.synthetic_scan

-- Distinct cells of `size` metres, as a table of keys, from points as a flat list of x y z w.
local function cells(flat, size)
  local seen, list = {}, {}
  for i = 1, #flat, 4 do
    local x, y, z = math.floor(flat[i] / size), math.floor(flat[i + 1] / size),
      math.floor(flat[i + 2] / size)
    local key = ((x + 32768) * 65536 + (y + 32768)) * 65536 + (z + 32768)
    if not seen[key] then
      seen[key] = true
      list[#list + 1] = key
    end
  end
  return seen, list
end

local function mean_neighbours(seen, list)
  local pairs_found = 0
  for i = 1, #list do
    for dx = -1, 1 do
      for dy = -1, 1 do
        for dz = -1, 1 do
          if seen[list[i] + (dx * 65536 + dy) * 65536 + dz] then pairs_found = pairs_found + 1 end
        end
      end
    end
  end
  return pairs_found / #list
end

describe("synthetic_scan", function()
  it("is like a real scan in points, voxels and neighbours", function()
    local points, labels = scan { seed = 1 }
    local n = points:size(1)
    assert.is_true(n > 110000 and n < 131072)
    assert.same({ n, 4 }, points:size())
    assert.equal("float32", points:dtype())
    assert.same({ n }, labels:size())
    assert.equal("int64", labels:dtype())
    local flat = support.flat(points)
    -- cells of a real HDL-64 scan at 5 cm to 80 cm, and their mean neighbours of 27
    local real = { { 94594, 3.02 }, { 68867, 4.49 }, { 41983, 6.32 }, { 21458, 7.71 }, { 9505,
      8.66 } }
    for level = 1, 5 do
      local seen, list = cells(flat, 0.05 * 2 ^ (level - 1))
      local count, neighbours = #list / real[level][1], mean_neighbours(seen, list) / real[level][2]
      assert.is_true(count > 0.75 and count < 1.25, ("level %d: %d cells"):format(level, #list))
      assert.is_true(neighbours > 0.75 and neighbours < 1.3,
        ("level %d: %g neighbours"):format(level,
        neighbours * real[level][2]))
    end
  end)

  it("has the classes of a street, near and far points, and intensities within [0,1)", function()
    local points, labels = scan {}
    local counts = {}
    for _, label in ipairs(labels:totable()) do counts[label] = (counts[label] or 0) + 1 end
    for _, label in ipairs { 10, 11, 30, 40, 48, 50, 51, 70, 71, 72, 80, 81 } do
      assert.is_true((counts[label] or 0) > 20, "label " .. label)
    end
    local rows = points:totable()
    local far, lowest, highest = 0, 1, 0
    for i = 1, #rows do
      local x, y, z, intensity = unpack(rows[i])
      far = math.max(far, math.sqrt(x * x + y * y + z * z))
      lowest, highest = math.min(lowest, intensity), math.max(highest, intensity)
    end
    assert.is_true(far > 60 and far < 81)
    assert.is_true(lowest >= 0 and highest < 1 and highest > 0.6)
  end)

  it("is the same for the same options and any number of threads", function()
    local options = { beams = 16, azimuths = 300, seed = 5 }
    local before = lacuna.get_num_threads()
    lacuna.set_num_threads(1)
    local a, a_labels = scan(options)
    lacuna.set_num_threads(3)
    local b, b_labels = scan(options)
    lacuna.set_num_threads(before)
    support.same(a, b)
    support.same(a_labels, b_labels)
    local c = scan { beams = 16, azimuths = 300, seed = 6 }
    assert.is_true(c:size(1) ~= a:size(1) or support.difference(a, c) > 0)
  end)

  it("takes any size, and refuses what is none", function()
    assert.is_true(#scan { beams = 1, azimuths = 1 } <= 1)
    assert.is_true(#scan { beams = 1, azimuths = 500, seed = -3 } > 100)
    support.raises(function() scan { beams = 0 } end, "beams = 0", "1 to 1024")
    support.raises(function() scan { beams = 2 ^ 40 } end, "beams")
    support.raises(function() scan { azimuths = 65537 } end, "azimuths = 65537")
    support.raises(function() scan { azimuths = 1.5 } end, "azimuths = 1.5", "integer")
    support.raises(function() scan { seed = "x" } end, "seed is a string")
    support.raises(function() scan { beam = 64 } end, "did you mean 'beams'")
  end)
end)
