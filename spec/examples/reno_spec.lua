-- examples/lua/reno.lua: published figures where the data are there, and in any case a network that
-- knows nothing, for which an occupancy costs exactly eight bits.

local lacuna = require "lacuna"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local EXAMPLE = "examples/lua/reno.lua"

-- A weights file of zeros with the names of the checkpoint; the sum over children is of ones.
local function blank_weights()
  local path = support.tmp(".h5")
  local f = lacuna.hdf5.open(path, "w")
  for _, part in ipairs { "prior", "target" } do
    for _, conv in ipairs { "0", "2/conv0", "2/conv1", "3/conv0", "3/conv1" } do
      f:write(("/%s_resnet/%s/kernel"):format(part, conv), lacuna.zeros(27, 32, 32))
    end
  end
  f:write("/prior_embedding/weight", lacuna.zeros(256, 32))
  f:write("/target_embedding/target_res_embedding/weight", lacuna.zeros(8, 32))
  f:write("/pred_head_s1_emb/weight", lacuna.zeros(16, 32))
  for _, head in ipairs { "pred_head_s0", "pred_head_s1" } do
    f:write(("/%s/0/weight"):format(head), lacuna.zeros(32, 32))
    f:write(("/%s/0/bias"):format(head), lacuna.zeros(32))
    f:write(("/%s/2/weight"):format(head), lacuna.zeros(16, 32))
    f:write(("/%s/2/bias"):format(head), lacuna.zeros(16))
  end
  f:write("/fog/conv/kernel", lacuna.ones(8, 1, 1))
  f:close()
  return path
end

-- Rows of all levels whose occupancies are coded, per point.
local function coded_rows(path, posq)
  local points = lacuna.io.read_points(path, { columns = 4 })
  local seen, rows = {}, {}
  for _, p in ipairs(points:to("float64"):totable()) do
    local r = {}
    for i = 1, 3 do -- half to even, which these quotients seldom need
      local v = (p[i] / 0.001 + 131072) / posq
      local n = math.floor(v + 0.5)
      r[i] = n - v == 0.5 and n % 2 == 1 and n - 1 or n
    end
    local key = table.concat(r, " ")
    if not seen[key] then
      seen[key] = true
      rows[#rows + 1] = r
    end
  end
  local total = 0
  while #rows >= 64 do
    local parents = {}
    seen = {}
    for _, r in ipairs(rows) do
      local parent = { math.floor(r[1] / 2), math.floor(r[2] / 2), math.floor(r[3] / 2) }
      local key = table.concat(parent, " ")
      if not seen[key] then
        seen[key] = true
        parents[#parents + 1] = parent
      end
    end
    rows = parents
    if #rows >= 64 then total = total + #rows end
  end
  return total / points:size(1)
end

describe("examples/lua/reno.lua #process", function()
  after_each(support.clean)

  it("prices an occupancy at eight bits where the network knows nothing", function()
    local weights = blank_weights()
    local points = lacuna.io.synthetic_scan { beams = 16, azimuths = 256 }
    local scan = support.write_file(support.tmp(".bin"), shell.floats(support.flat(points)))
    for _, posq in ipairs { 16, 300 } do
      local r = shell.lacuna(EXAMPLE, scan, weights, posq)
      assert.equal(0, r.status, r.err)
      local bits = tonumber(r.out:match("posQ " .. posq .. ": ([%d.]+) bits per point\n$"))
      assert.is_true(math.abs(bits - 8 * coded_rows(scan, posq)) < 1e-4, r.out)
    end
  end)

  it("explains itself, and skips with a message what is not there", function()
    local r = shell.lacuna(EXAMPLE)
    assert.equal(2, r.status)
    assert.matches("^usage: .*reno.lua SCAN.bin WEIGHTS.pt %[posQ%]\n$", r.err)
    assert.equal(2, shell.lacuna(EXAMPLE, "a.bin", "b.pt", "many").status)
    r = shell.lacuna(EXAMPLE, "nosuch.bin", "nosuch.pt")
    assert.equal(0, r.status, r.err)
    assert.equal("skipped: there is no file nosuch.bin\n", r.out)
  end)

  -- Two scans of full size, row by row in Lua: minutes under a sanitizer.
  it("gives the published figures #unsanitized", function()
    local scan = support.shared "data/kitti_odometry_000000.bin"
    local weights = support.shared "data/reno/reno_KITTIDetection.pt"
    if not (scan and weights) then return pending("the shared data are not here") end
    for posq, want in pairs { [64] = 2.7543, [16] = 6.9685 } do
      local r = shell.lacuna(EXAMPLE, scan, weights, posq)
      assert.equal(0, r.status, r.err)
      local bits = tonumber(r.out:match("([%d.]+) bits per point"))
      assert.is_true(math.abs(bits - want) < 1e-3 * want, r.out)
    end
  end)
end)
