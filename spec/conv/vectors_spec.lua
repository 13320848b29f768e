-- The convolutions of the test data beside the repository: conv.h5.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local F = lacuna.nn.functional
local path = support.shared("vectors/conv.h5")

local function list(value)
  return type(value) == "table" and value or value and { value }
end

local function read_case(f, group)
  local at = "/" .. group .. "/"
  local function attr(name) return f:attr("/" .. group, name) end
  local function tensor(name)
    return f:exists(at .. name) and support.here(f:read(at .. name)) or nil
  end
  return {
    name = group, note = attr("note"), kernel = attr("kernel_size"), stride = attr("stride"),
    padding = attr("padding"), dilation = attr("dilation"), transposed = attr("transposed") ~= 0,
    generative = attr("generative") ~= 0, range = list(attr("spatial_range")),
    in_range = list(attr("in_spatial_range")), out_range = list(attr("out_spatial_range")),
    pairs = attr("pairs"), magnitude = attr("magnitude"), may_refuse = attr("may_refuse") == 1,
    module_padding = attr("module_padding") == 1,
    flags = {
      kmap_mode = attr("kmap_mode"), downsample_mode = attr("downsample_mode"),
      allow_negative_coordinates = attr("allow_negative") == 1,
    },
    in_coords = tensor("in_coords"), in_feats = tensor("in_feats"), weight = tensor("weight"),
    bias = tensor("bias"), out_coords = tensor("out_coords"), out_feats = tensor("out_feats"),
    fine_coords = tensor("fine_coords"),
  }
end

local function options(case, transposed, bias)
  return {
    kernel_size = case.kernel, stride = case.stride, padding = case.padding,
    dilation = case.dilation,
    transposed = transposed, generative = transposed and case.generative or nil, bias = bias,
    config = case.config,
  }
end

-- The case's input; of a transposed one the rows that its forward convolution makes.
local function input_of(case)
  if not case.fine_coords then
    local stride = case.generative and case.stride or 1
    return lacuna.SparseTensor(case.in_feats, case.in_coords, stride, case.range)
  end
  local fine = lacuna.SparseTensor(lacuna.ones(case.fine_coords:size(1), 1), case.fine_coords, 1,
    case.range)
  local taps = case.kernel[1] * case.kernel[2] * case.kernel[3]
  local down = F.conv3d(fine, lacuna.ones(taps, 1, 1), options(case, false))
  support.same(down.coords:tensor(), case.in_coords, "rows of the forward convolution")
  assert.are.same(case.in_range, down.spatial_range)
  return down:replace_feature(case.in_feats)
end

local function check(case, y)
  support.same(y.coords:tensor(), case.fine_coords or case.out_coords, "rows")
  assert.are.same(case.out_range, y.spatial_range)
  support.close(y.feats, case.out_feats, 1e-6 * case.magnitude, case.note)
end

local function run(case)
  local x = input_of(case)
  local opts = options(case, case.transposed, case.bias)
  check(case, F.conv3d(x, case.weight, opts))
  opts.bias, opts.config = nil, nil
  assert.equal(case.pairs, (F.build_kernel_map(x, opts):pairs()))
  if not case.module_padding then return end
  local layer = lacuna.nn.Conv3d(case.in_feats:size(2), case.out_feats:size(2), case.kernel, {
    stride = case.stride, padding = case.padding, dilation = case.dilation,
    transposed = case.transposed, generative = case.generative, bias = case.bias ~= nil,
    config = case.config,
  })
  layer.kernel:copy_(case.weight)
  if case.bias then layer.bias:copy_(case.bias) end
  check(case, layer(x))
end

-- Every dataflow that can be asked for, and the default.
local configs = {
  auto = {},
  ["FetchOnDemand"] = { dataflow = "FetchOnDemand" },
  ["ImplicitGEMM, unsorted"] = { dataflow = "ImplicitGEMM", ifsort = false },
  ["ImplicitGEMM, sorted"] = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 },
  ["ImplicitGEMM, 3 splits"] = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 3 },
  ["GatherScatter"] = { dataflow = "GatherScatter" },
  ["GatherScatter, grouped"] = { dataflow = "GatherScatter", epsilon = 0.5, mm_thresh = 40 },
}

describe("convolutions of conv.h5", function()
  if not path then
    pending("the folder of test data is not there")
    return
  end
  local f = lacuna.hdf5.open(path)
  local ran = 0
  for _, group in ipairs(f:list("/")) do
    local case = read_case(f, group)
    ran = ran + 1
    for name, config in pairs(configs) do
      it(group .. ", " .. name .. ": " .. tostring(case.note), function()
        case.config = config
        local ok, message = pcall(lacuna.with_modes, case.flags, run, case)
        if not ok and case.may_refuse then
          assert(message:find("coordinates"), message)
        elseif not ok then
          error(message, 0)
        end
      end)
    end
  end
  f:close()

  it("are many", function()
    assert.is_true(ran > 20, ran .. " cases")
  end)
end)
