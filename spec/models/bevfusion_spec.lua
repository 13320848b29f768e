local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local support = require "spec.support.init"
local vectors = require("spec.support.model_vectors").open "bevfusion"

describe("models/bevfusion.lua", function()
  it("has mmdetection3d's names and the published number of parameters", function()
    local net = lacuna.models.bevfusion {}
    assert.equal(2694352, net:num_parameters())
    assert.are.same({ 1440, 1440, 41 }, net.config.sparse_shape)
    checks.shapes(net, {
      ["conv_input.0.kernel"] = { 27, 5, 16 },
      ["encoder_layers.encoder_layer1.0.conv1.kernel"] = { 27, 16, 16 },
      ["encoder_layers.encoder_layer1.0.bn1.running_mean"] = { 16 },
      ["encoder_layers.encoder_layer1.2.0.kernel"] = { 27, 16, 32 },
      ["encoder_layers.encoder_layer3.2.1.bias"] = { 128 },
      ["encoder_layers.encoder_layer4.1.conv2.kernel"] = { 27, 128, 128 },
      ["conv_out.0.kernel"] = { 3, 128, 128 }, ["conv_out.1.weight"] = { 128 },
    })
    assert.is_nil(net:state_dict()["encoder_layers.encoder_layer1.0.conv1.bias"])
    assert.are.same({ 1, 1, 3 }, net.conv_out[1].kernel_size)
    assert.are.same({ 1, 1, 0 }, net.encoder_layers.encoder_layer3[3][1].padding)
  end)

  it("follows the axis order, the grid and the activation", function()
    local net = lacuna.models.bevfusion {
      dataset = "nuscenes_coarse", axis_order = "zyx", activation_type = "swish",
    }
    assert.are.same({ 41, 1024, 1024 }, net.config.sparse_shape)
    assert.are.same({ 3, 1, 1 }, net.conv_out[1].kernel_size)
    assert.are.same({ 0, 1, 1 }, net.encoder_layers.encoder_layer3[3][1].padding)
    assert.equal("SiLU", lacuna.type(net.encoder_layers.encoder_layer1[1].relu))
    assert.equal("xyz", lacuna.models.bevfusion({}).input.order)
    support.raises(function() lacuna.models.bevfusion { activation_type = "gelu" } end,
      "activation_type is 'gelu'")
    support.raises(function()
      lacuna.models.bevfusion { encoder_channels = { { 8, 16 }, { 16 }, { 16 }, { 16 } },
        encoder_paddings = { { 0, 1 }, { 1 }, { 1 }, { 0 } } }
    end, "encoder_channels[1][1] is 8, expected 16")
  end)

  it("gives the same for a batch and for its samples", function()
    local cells = { 40, 32, 25 }
    checks.encoder(lacuna.models.bevfusion { sparse_shape = cells }, cells)
  end)
end)

describe("BEVFusion's outputs", function()
  if not vectors then
    pending("the folder of test data is not there")
    return
  end

  it("are those of the reference, level by level", function()
    local net = lacuna.models.bevfusion(vectors:config()):load(vectors.path)
    checks.vectors(vectors, net, {
      "conv_input", "encoder_layer1", "encoder_layer2", "encoder_layer3", "encoder_layer4",
      "conv_out",
    })
  end)
end)
