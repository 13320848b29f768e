-- OpenPCDet's two encoders: the same networks as second.lua and centerpoint.lua, under other names.

local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local model_vectors = require "spec.support.model_vectors"

-- The tensors of `from`, which lie under other names in `to`: rename(name of to) -> name of from.
local function transfer(from, to, rename)
  local source, dict = from:state_dict(), {}
  for name in to:state_dict() do
    dict[name] = assert(source[rename(name)], name)
  end
  return to:load_state_dict(dict)
end

-- conv2.1.0.kernel -> encoder_layers.encoder_layer2.1.0.kernel
local function mmdet_name(name)
  return (name:gsub("^conv(%d)", "encoder_layers.encoder_layer%1"))
end

-- conv2.0.0 -> conv2.0, conv2.0.1 -> conv2.1, conv2.1 -> conv2.3, conv2.2 -> conv2.4, conv_out
local function centerpoint_name(name)
  return (name:gsub("^conv_out", "extra_conv"):gsub("^(conv[234])%.0%.(%d)", "%1.:%2")
    :gsub("^(conv[234])%.1%.", "%1.3."):gsub("^(conv[234])%.2%.", "%1.4."):gsub(":", ""))
end

describe("models/voxel_backbone8x.lua", function()
  it("has OpenPCDet's names and the published number of parameters", function()
    local net = lacuna.models.voxel_backbone8x {}
    assert.equal(711872, net:num_parameters())
    checks.shapes(net, {
      ["conv_input.0.kernel"] = { 27, 4, 16 }, ["conv1.0.0.kernel"] = { 27, 16, 16 },
      ["conv2.0.0.kernel"] = { 27, 16, 32 }, ["conv2.0.1.weight"] = { 32 },
      ["conv4.2.0.kernel"] = { 27, 64, 64 }, ["conv_out.0.kernel"] = { 3, 64, 128 },
    })
    local padded = lacuna.models.voxel_backbone8x { last_pad = 1 }
    assert.are.same({ 1, 0, 0 }, padded.conv_out[1].padding)
  end)

  it("gives the same for a batch and for its samples", function()
    local cells = { 25, 32, 40 }
    checks.encoder(lacuna.models.voxel_backbone8x { sparse_shape = cells }, cells)
  end)

  it("is SECOND, whose reference it meets", function()
    local vectors = model_vectors.open "second"
    if not vectors then return pending("the folder of test data is not there") end
    local second = lacuna.models.second(vectors:config()):load(vectors.path)
    local net = lacuna.models.voxel_backbone8x { sparse_shape = vectors:config().sparse_shape }
    transfer(second, net, mmdet_name)
    local x = vectors:input()
    local levels = net:features(x)
    for level = 1, 4 do vectors:check("encoder_layer" .. level, levels["conv" .. level]) end
    vectors:check("conv_out", levels.conv_out)
    vectors:check_bev(net(x))
  end)
end)

describe("models/voxel_res_backbone8x.lua", function()
  it("has OpenPCDet's names and the published number of parameters", function()
    local net = lacuna.models.voxel_res_backbone8x {}
    assert.equal(2695312, net:num_parameters())
    assert.equal(2694352, lacuna.models.voxel_res_backbone8x({ use_bias = false }):num_parameters())
    checks.shapes(net, {
      ["conv1.0.conv1.bias"] = { 16 }, ["conv2.0.0.kernel"] = { 27, 16, 32 },
      ["conv2.0.1.weight"] = { 32 }, ["conv2.1.conv1.kernel"] = { 27, 32, 32 },
      ["conv4.2.bn2.weight"] = { 128 }, ["conv_out.0.kernel"] = { 3, 128, 128 },
    })
  end)

  it("gives the same for a batch and for its samples", function()
    local cells = { 25, 32, 40 }
    checks.encoder(lacuna.models.voxel_res_backbone8x { sparse_shape = cells }, cells)
  end)

  it("is CenterPoint's encoder, whose reference it meets", function()
    local vectors = model_vectors.open "centerpoint"
    if not vectors then return pending("the folder of test data is not there") end
    local other = lacuna.models.centerpoint(vectors:config()):load(vectors.path)
    local net = lacuna.models.voxel_res_backbone8x(vectors:config())
    transfer(other, net, centerpoint_name)
    local x = vectors:input()
    local levels = net:features(x)
    for level = 1, 4 do vectors:check("conv" .. level, levels["conv" .. level]) end
    vectors:check("extra_conv", levels.conv_out)
    vectors:check_bev(net(x))
  end)
end)
