-- One SECOND encoder in the layouts and names of several code bases gives one bird's-eye view.

local checkpoint = require "spec.support.checkpoint"
local cjson = require "cjson"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local config = {
  in_channels = 4, base_channels = 4, output_channels = 6, sparse_shape = { 41, 32, 32 },
  encoder_channels = { { 4 }, { 8, 8, 8 }, { 8, 8, 8 }, { 8, 8, 8 } },
}

local function fresh(opts)
  local all = {}
  for key, value in pairs(opts or config) do all[key] = value end
  return lacuna.models.second(all)
end

local function bev(net, range)
  local rows = support.voxels(300, 0, 30, 2, 7)
  lacuna.manual_seed(3)
  return net(lacuna.SparseTensor {
    feats = lacuna.randn(#rows, 4), coords = lacuna.tensor(rows, { dtype = "int32" }),
    spatial_range = { 2, range[1], range[2], range[3] },
  })
end

-- Statistics that are not those of a fresh norm.
local function trained()
  lacuna.manual_seed(11)
  local net = fresh()
  for name, t in net:state_dict() do
    if name:match("running_var") then t:copy_(lacuna.rand(t:size()) + 0.5) end
    if name:match("running_mean") then t:copy_(lacuna.randn(t:size()) * 0.1) end
  end
  return net
end

-- [K, in, out] of an odd kernel as [k0, k1, k2, in, out]: its first axis is the fastest.
local function five(t, k)
  local sizes = t:size()
  return t:view(k[3], k[2], k[1], sizes[2], sizes[3]):permute(3, 2, 1, 4, 5):contiguous()
end

local writers = {
  ["SpConv 1"] = function(name, t, k)
    if not k then return "middle_encoder." .. name, t end
    return "middle_encoder." .. name:gsub("kernel$", "weight"), five(t, k)
  end,
  ["SpConv 2"] = function(name, t, k)
    if not k then return "module.middle_encoder." .. name, t end
    return "module.middle_encoder." .. name:gsub("kernel$", "weight"),
      five(t, k):permute(5, 1, 2, 3, 4):contiguous()
  end,
  ["OpenPCDet"] = function(name, t, k)
    name = "backbone_3d." .. name:gsub("^encoder_layers%.encoder_layer(%d)", "conv%1")
    if not k then return name, t end
    return name:gsub("kernel$", "weight"), five(t, k):permute(5, 1, 2, 3, 4):contiguous()
  end,
}

describe("a SECOND encoder", function()
  after_each(support.clean)

  it("gives one bird's-eye view from the layouts of SpConv 1, SpConv 2 and OpenPCDet", function()
    local net = trained()
    local want = bev(net, config.sparse_shape)
    assert.is_true(want:abs():max():item() > 0)
    for what, write in pairs(writers) do
      local tensors = { { "dense_head.conv_box.weight", lacuna.ones(2, 3) } }
      for name, t in net:state_dict() do
        local flat = name == "conv_out.0.kernel"
        local k = name:match("kernel$") and (flat and { 3, 1, 1 } or { 3, 3, 3 })
        local as, stored = write(name, t, k)
        tensors[#tensors + 1] = { as, stored }
      end
      if what == "SpConv 2" then tensors[1][1] = "module." .. tensors[1][1] end
      local path = support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
      local other = fresh()
      assert.equal(other, other:load(path))
      support.same(bev(other, config.sparse_shape), want, what)
      local _, report = lacuna.convert.load(path, { model = other })
      assert.is_true(report.complete, what)
      assert.equal(1, #report.not_taken)
    end
  end)

  it("is the same from the files of the folder of test data", function()
    local first = support.shared("vectors/import/second_spconv1.pth")
    if not first then return pending("../shared is not there") end
    local want = lacuna.hdf5.open(first .. ".h5")
    local opts = cjson.decode(want:attr("/", "config"))
    want:close()
    opts.sparse_shape = { 41, 32, 32 }
    for _, name in ipairs {
      "second_spconv1.pth", "second_spconv2.pth", "voxelbackbone8x_openpcdet.pth",
    } do
      local path = support.shared("vectors/import/" .. name)
      local net, by_hand = fresh(opts), fresh(opts)
      net:load(path)
      local expected, dict = lacuna.hdf5.open(path .. ".h5"), {}
      for key in by_hand:state_dict() do
        local stored = key
        if name:match("openpcdet") then
          stored = key:gsub("^encoder_layers%.encoder_layer(%d)", "conv%1")
        end
        dict[key] = expected:read("/state_dict/" .. stored:gsub("%.", "/"))
      end
      expected:close()
      by_hand:load_state_dict(dict)
      support.same(bev(net, opts.sparse_shape), bev(by_hand, opts.sparse_shape), name)
    end
  end)

  it("made for x, y, z takes the reversed kernels of one trained on z, y, x", function()
    local net = trained()
    local tensors = {}
    for name, t in net:state_dict() do
      local flat = name == "conv_out.0.kernel"
      local k = name:match("kernel$") and (flat and { 3, 1, 1 } or { 3, 3, 3 })
      local as, stored = writers["SpConv 1"](name, t, k)
      tensors[#tensors + 1] = { as, stored }
    end
    local path = support.write_file(support.tmp(".pth"), checkpoint.pth(tensors))
    local opts = { axis_order = "xyz", sparse_shape = { 32, 32, 41 } }
    for key, value in pairs(config) do opts[key] = opts[key] or value end
    local turned = lacuna.models.second(opts):load(path)
    local rows = support.voxels(300, 0, 30, 1, 7)
    local back = {}
    for i, r in ipairs(rows) do back[i] = { r[1], r[4], r[3], r[2] } end
    lacuna.manual_seed(3)
    local feats = lacuna.randn(#rows, 4)
    local a = net(lacuna.SparseTensor {
      feats = feats, coords = lacuna.tensor(rows, { dtype = "int32" }),
      spatial_range = { 1, 41, 32, 32 },
    })
    local b = turned(lacuna.SparseTensor {
      feats = feats, coords = lacuna.tensor(back, { dtype = "int32" }),
      spatial_range = { 1, 32, 32, 41 },
    })
    -- [B, C*D, H, W] with rows y, columns x, and the other way round.
    support.close(b:permute(1, 2, 4, 3):contiguous(), a, 1e-5)
  end)
end)
