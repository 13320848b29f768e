-- Names of one network in several code bases, and of norms and kernels.

local lacuna = require "lacuna"
local names = require "lacuna.convert.names"

-- The names of a model's tensors, without those of conv biases, which some of the families lack.
local function names_of(net)
  local list, convs = {}, {}
  for name in net:state_dict() do
    if name:match("kernel$") then convs[(names.split(name))] = true end
  end
  for name in net:state_dict() do
    if not (name:match("%.bias$") and convs[(names.split(name))]) then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

local function mapped(list, map)
  local result = {}
  for i, name in ipairs(list) do result[i] = map(name) end
  table.sort(result)
  return result
end

-- Is there a map under which all names of `a` become those of `b`?
local function check(a, b)
  local from, to = names_of(a), names_of(b)
  for _, map in ipairs(names.maps) do
    local got = mapped(from, map[2])
    if table.concat(got, " ") == table.concat(to, " ") then return end
  end
  error("no map makes " .. from[1] .. " ... to " .. to[1], 2)
end

describe("the names of", function()
  it("SECOND fit both families", function()
    local mmdet, pcdet = lacuna.models.second(), lacuna.models.voxel_backbone8x()
    check(mmdet, pcdet)
    check(pcdet, mmdet)
  end)

  it("the residual encoder fit three families", function()
    local nets = {
      lacuna.models.centerpoint(), lacuna.models.voxel_res_backbone8x(),
      lacuna.models.bevfusion(),
    }
    for i = 1, 3 do
      for j = 1, 3 do
        if i ~= j then check(nets[i], nets[j]) end
      end
    end
  end)

  it("MinkowskiEngine's MinkUNet become MinkUNet's", function()
    local own = {}
    for name in lacuna.models.minkunet { cr = 0.125 }:state_dict() do own[name] = true end
    local map = names.maps[#names.maps][2]
    for _, name in ipairs {
      "conv0p1s1.kernel", "bn0.weight", "conv1p1s2.kernel", "bn1.running_var", "conv4p8s2.kernel",
      "block1.0.conv1.kernel", "block2.0.norm1.weight", "block2.0.downsample.0.kernel",
      "block2.0.downsample.1.bias", "block4.1.conv2.kernel", "block4.1.norm2.weight",
      "convtr4p16s2.kernel", "bntr4.weight", "block5.0.conv1.kernel",
      "block5.0.downsample.0.kernel",
      "convtr7p2s2.kernel", "bntr7.bias", "block8.1.norm2.running_mean", "final.kernel",
      "final.bias",
    } do
      assert.is_true(own[map(name)], name .. " became " .. map(name))
    end
  end)
end)

describe("a name", function()
  it("ends in kernel for a convolution", function()
    assert.equal("a.b.kernel", names.kernel "a.b.weight")
    assert.equal("kernel", names.kernel "weight")
    assert.equal("a.weights", names.kernel "a.weights")
    assert.equal("a.bias", names.kernel "a.bias")
  end)

  it("is split at its last dot", function()
    assert.are.same({ "a.b", "c" }, { names.split "a.b.c" })
    assert.are.same({ "", "c" }, { names.split "c" })
  end)
end)
