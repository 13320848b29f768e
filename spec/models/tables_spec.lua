-- Rows, multiply-accumulates and parameters of the networks on real scans, beside the tables of the
-- test data, which were counted independently.

local lacuna = require "lacuna"
local model_vectors = require "spec.support.model_vectors"
local scan = require "lacuna.cli.scan"
local support = require "spec.support.init"

-- GMAC of net(x), to 10 MMAC.
local function gmacs(net, x)
  return math.floor(model_vectors.macs(function() return net(x) end) / 1e7 + 0.5) / 100
end

local function rows(levels, names)
  local found = {}
  for i, name in ipairs(names) do found[i] = #levels[name].coords end
  return found
end

describe("On a KITTI scan", function()
  local path = support.shared "data/kitti_000008.bin"

  it("SECOND has the counts of the table", function()
    if not path then return pending("the folder of test data is not there") end
    local net = lacuna.models.second {}
    local x = scan.voxelize(lacuna.io.read_points(path, { columns = 4 }), net,
      { dtype = "float32" })
    local levels = net:features(x)
    assert.are.same({ 13092, 20309, 12361, 5298, 4236 }, rows(levels,
      { "encoder_layer1", "encoder_layer2", "encoder_layer3", "encoder_layer4", "conv_out" }))
    assert.are.same({ 1, 2, 200, 176 }, levels.conv_out.spatial_range)
    assert.equal(2.97, gmacs(net, x))
  end)
end)

describe("On ten sweeps of nuScenes", function()
  local path = support.shared "data/nuscenes_10sweeps_fp16.bin"

  -- Here and below: networks and scans of full size, minutes under a sanitizer.
  it("the residual encoders have the counts of the table #unsanitized", function()
    if not path then return pending("the folder of test data is not there") end
    local points = lacuna.io.read_points(path, { columns = 5, dtype = "float16" })
    local net = lacuna.models.centerpoint {}
    local x = scan.voxelize(points, net, { dtype = "float32" })
    assert.equal(105086, x:size(1))
    assert.equal(44.06, gmacs(net, x))
    net = lacuna.models.bevfusion {}
    x = scan.voxelize(points, net, { dtype = "float32" })
    local levels = net:features(x)
    assert.are.same({ 105086, 111372, 54512, 21222, 21222, 17711 }, rows(levels, { "conv_input",
      "encoder_layer1", "encoder_layer2", "encoder_layer3", "encoder_layer4", "conv_out" }))
    assert.are.same({ 1, 180, 180, 2 }, levels.conv_out.spatial_range)
  end)
end)

describe("On a SemanticKITTI scan", function()
  local path = support.shared "data/semantickitti_08_000000.bin"
  local config = support.shared "data/spvnas_65GMACs_net.config.json"

  it("SPVCNN and SPVNAS have the counts of the table #unsanitized", function()
    if not (path and config) then return pending("the folder of test data is not there") end
    local net = lacuna.models.spvcnn { cr = 0.5 }
    local x = scan.quantize(lacuna.io.read_points(path, { columns = 4 }), net,
      { dtype = "float32" })
    -- One voxel of 94,625 differs: the table's were divided in float32.
    assert.near(35.74, gmacs(net, x), 0.011)
    assert.near(75.92, gmacs(lacuna.models.spvnas { net_config = config }, x), 0.011)
  end)
end)
