-- The public names of TorchSparse 2.1: each is there, or README.md says that it is left out.

local lacuna = require "lacuna"
local shell = require "spec.support.shell"
local nn, F = lacuna.nn, lacuna.nn.functional

local function words(text)
  return text:gmatch "%S+"
end

local function check(at, names)
  for name in words(names) do
    local ok, value = pcall(function() return at[name] end)
    assert.is_true(ok and value ~= nil, name .. " is not there")
  end
end

describe("TorchSparse's names", function()
  it("are there", function()
    check(lacuna, "SparseTensor cat generative_add PointTensor quantize sparse_collate tune")
    check(nn, "Conv3d BatchNorm GroupNorm InstanceNorm ReLU LeakyReLU SiLU GlobalAvgPool "
      .. "GlobalMaxPool SparseCrop SparseConvBlock SparseConvTransposeBlock SparseResBlock "
      .. "ToBEVReduction ToDenseBEVConvolution ToBEVConvolution ToBEVHeightCompression")
    check(nn.utils, "fapply get_kernel_offsets")
    check(F, "conv3d relu silu leaky_relu global_avg_pool global_max_pool spcrop spcount sphash "
      .. "sphashquery spvoxelize spdevoxelize calc_ti_weights spdownsample spupsample_generative "
      .. "build_kernel_map transpose_kernel_map Dataflow ConvMode get_conv_mode set_conv_mode "
      .. "get_kmap_mode set_kmap_mode get_downsample_mode set_downsample_mode to_dense "
      .. "get_allow_negative_coordinates set_allow_negative_coordinates")
    check(F.conv_config, "get_default_conv_config get_global_conv_config set_global_conv_config "
      .. "clear_global_conv_config")
    check(lacuna.models, "sparseresnet21d sparseresunet42")
  end)

  it("are left out where README.md says so", function()
    local left_out = shell.read("README.md"):match("\nLeft out:(.-)\n\n")
    for name in words("backends convert_transposed_out_in_map tensor_cache keys_check "
      .. "sparse_collate_fn make_ntuple make_tensor make_divisible") do
      assert.truthy(left_out:find(name, 1, true), name)
    end
    assert.is_false((pcall(function() return lacuna.backends end)))
  end)

  it("of the mode flags have the values that set_conv_mode takes", function()
    local before = F.get_conv_mode()
    for _, mode in pairs(F.ConvMode) do
      F.set_conv_mode(mode)
      assert.equal(mode, F.get_conv_mode())
    end
    F.set_conv_mode(before)
  end)
end)
