-- Whole networks under each dataflow, against the test data.

local lacuna = require "lacuna"
local model_vectors = require "spec.support.model_vectors"

local conv_config = lacuna.nn.functional.conv_config

local configs = {
  ["ImplicitGEMM, unsorted"] = { dataflow = "ImplicitGEMM", ifsort = false },
  ["ImplicitGEMM, sorted"] = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 },
  ["ImplicitGEMM, 3 splits"] = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 3 },
  ["GatherScatter"] = { dataflow = "GatherScatter", epsilon = 0.5, mm_thresh = 2000 },
  ["FetchOnDemand"] = { dataflow = "FetchOnDemand" },
}

local function build(vectors, name)
  local config = vectors:config()
  if name == "spvnas" then
    config = { net_config = require("cjson").decode(vectors.file:attr("/", "net_config")) }
  end
  return lacuna.models[name](config):load(vectors.path)
end

-- What a network returns, as an output of the file.
local function check(vectors, net, x)
  local y = net(x)
  if vectors.file:exists("/outputs/bev") then return vectors:check_bev(y) end
  if lacuna.type(y) == "table" then y = y[#y] end
  local on_rows = lacuna.type(y) == "Tensor" and lacuna.type(x) == "SparseTensor"
  if on_rows then y = x:replace_feature(y) end
  vectors:check(vectors.file:attr("/", "final"), y)
end

describe("under each dataflow", function()
  after_each(function() conv_config.clear_global() end)

  for _, name in ipairs {
    "minkunet", "spvcnn", "spvnas", "sparseresunet42", "sparseresnet21d", "second", "centerpoint",
    "bevfusion",
  } do
    -- Under a sanitizer one network does: the others take minutes.
    local tag = name == "minkunet" and "" or " #unsanitized"
    it("models/" .. name .. ".lua gives the reference's output" .. tag, function()
      local vectors = model_vectors.open(name)
      if not vectors then return pending("the folder of test data is not there") end
      local net, x = build(vectors, name), vectors:input()
      for _, config in pairs(configs) do
        conv_config.set_global(config)
        check(vectors, net, x)
      end
    end)
  end
end)
