local lacuna = require "lacuna"
local checks = require "spec.support.encoder_checks"
local support = require "spec.support.init"
local vectors = require("spec.support.model_vectors").open "second"

describe("models/second.lua", function()
  it("has mmdetection3d's names and the published number of parameters", function()
    local net = lacuna.models.second {}
    assert.equal(711872, net:num_parameters())
    assert.are.same({ 41, 1600, 1408 }, net.config.sparse_shape)
    checks.shapes(net, {
      ["conv_input.0.kernel"] = { 27, 4, 16 }, ["conv_input.1.running_var"] = { 16 },
      ["encoder_layers.encoder_layer1.0.0.kernel"] = { 27, 16, 16 },
      ["encoder_layers.encoder_layer2.0.0.kernel"] = { 27, 16, 32 },
      ["encoder_layers.encoder_layer4.2.1.weight"] = { 64 },
      ["conv_out.0.kernel"] = { 3, 64, 128 }, ["conv_out.1.bias"] = { 128 },
    })
    assert.equal(1e-3, net.conv_out[2].eps)
    assert.are.same({ 0, 1, 1 }, net.encoder_layers.encoder_layer4[1][1].padding)
  end)

  it("knows the grids of KITTI and nuScenes", function()
    local net = lacuna.models.second { dataset = "nuscenes" }
    assert.are.same({ 41, 1440, 1440 }, net.config.sparse_shape)
    assert.equal(5, net.config.in_channels)
    assert.are.same({ -54, -54, -5, 54, 54, 3 }, net.input.range)
    net = lacuna.models.second { dataset = "waymo" }
    assert.are.same({ 41, 1504, 1504 }, net.config.sparse_shape)
    net = lacuna.models.second { sparse_shape = { 41, 64, 48 } }
    assert.is_nil(net.input.range)
    net = lacuna.models.second {}
    assert.are.same({ "x", "y", "z", "intensity" }, net.input.columns)
    assert.equal("zyx", net.input.order)
  end)

  it("gives the same for a batch and for its samples", function()
    local cells = { 25, 32, 40 }
    checks.encoder(lacuna.models.second { sparse_shape = cells }, cells)
  end)

  it("gives the view transposed for (x,y,z) columns and turned kernels", function()
    local cells = { 25, 32, 40 }
    local zyx = lacuna.models.second { sparse_shape = cells }
    local xyz = lacuna.models.second { sparse_shape = { 40, 32, 25 }, axis_order = "xyz" }
    local turned = {}
    for name, t in zyx:state_dict() do
      if t:dim() == 3 and t:size(1) == 27 then -- the axes of the kernel change places
        local taps = t:reshape(3, 3, 3, t:size(2), t:size(3))
        t = taps:permute(3, 2, 1, 4, 5):contiguous():reshape(t:size())
      end
      turned[name] = t
    end
    xyz:load_state_dict(turned)
    local rows, reversed = support.voxels(200, 0, 24, 1, 5), {}
    for i, row in ipairs(rows) do reversed[i] = { row[1], row[4], row[3], row[2] } end
    local feats = lacuna.randn(#rows, 4)
    local want = zyx(lacuna.SparseTensor(feats, rows))
    local got = xyz(lacuna.SparseTensor(feats, reversed)):permute(1, 2, 4, 3):contiguous()
    support.close(got, want, 1e-4 * want:abs():max():item())
  end)

  it("names what is wrong with its options", function()
    local function refuses(config, ...)
      support.raises(function() lacuna.models.second(config) end, "second: ", ...)
    end
    refuses({ dataset = "kiti" }, "no dataset 'kiti'", "did you mean 'kitti'?")
    refuses({ base_channel = 8 }, "unknown option 'base_channel'", "'base_channels'")
    refuses({ sparse_shape = { 41, 0, 3 } }, "sparse_shape")
    refuses({ sparse_shape = { 41, 7 } }, "sparse_shape")
    refuses({ axis_order = "yxz" }, "axis_order is yxz")
    refuses({ block_type = "basicblock" }, "block_type is 'basicblock'", "bevfusion")
    refuses({ order = { "norm", "conv", "act" } }, "order is norm, conv, act")
    refuses({ encoder_paddings = { { 1 } } }, "encoder_paddings, expected a list of 4")
    refuses({ encoder_channels = { { 16 }, {}, { 64 }, { 64 } } }, "encoder_channels[2]")
  end)
end)

describe("SECOND's outputs", function()
  if not vectors then
    pending("the folder of test data is not there")
    return
  end

  it("are those of the reference, level by level", function()
    local net = lacuna.models.second(vectors:config()):load(vectors.path)
    checks.vectors(vectors, net, {
      "conv_input", "encoder_layer1", "encoder_layer2", "encoder_layer3", "encoder_layer4",
      "conv_out",
    })
  end)
end)
