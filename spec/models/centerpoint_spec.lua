local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local support = require "spec.support.init"
local vectors = require("spec.support.model_vectors").open "centerpoint"

describe("models/centerpoint.lua", function()
  it("has CenterPoint's names and the published number of parameters", function()
    local net = lacuna.models.centerpoint {}
    assert.equal(2695312, net:num_parameters())
    assert.are.same({ 41, 1440, 1440 }, net.config.sparse_shape)
    checks.shapes(net, {
      ["conv_input.0.kernel"] = { 27, 5, 16 }, ["conv1.1.conv2.bias"] = { 16 },
      ["conv2.0.kernel"] = { 27, 16, 32 }, ["conv2.1.weight"] = { 32 },
      ["conv2.3.conv1.kernel"] = { 27, 32, 32 }, ["conv4.4.bn2.running_var"] = { 128 },
      ["extra_conv.0.kernel"] = { 3, 128, 128 }, ["extra_conv.1.bias"] = { 128 },
    })
    assert.are.same({ "x", "y", "z", "intensity", "time" }, net.input.columns)
    assert.are.same({ 0, 1, 1 }, net.conv4[1].padding)
  end)

  it("gives the same for a batch and for its samples", function()
    local cells = { 25, 32, 40 }
    checks.encoder(lacuna.models.centerpoint { sparse_shape = cells }, cells)
  end)

  it("says what it does not know", function()
    support.raises(function() lacuna.models.centerpoint { channels = 3 } end,
      "centerpoint: unknown option 'channels'")
  end)
end)

describe("CenterPoint's outputs", function()
  if not vectors then
    pending("the folder of test data is not there")
    return
  end

  -- A minute under a sanitizer; SECOND's has the same layers.
  it("are those of the reference, level by level #unsanitized", function()
    local net = lacuna.models.centerpoint(vectors:config()):load(vectors.path)
    checks.vectors(vectors, net, { "conv_input", "conv1", "conv2", "conv3", "conv4", "extra_conv" })
  end)
end)
