-- The files of the folder of test data: each must give what its expected HDF5 holds, to the bit.

local cjson = require "cjson"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local files = {
  "kernels_spconv1.pth", "kernels_spconv2.pth", "minkunet_torchsparse.pth", "second_spconv1.pth",
  "second_spconv2.pth", "sparseresnet21d.safetensors", "sparseresnet21d_legacy.pth",
  "unet_minkowski.pth", "voxelbackbone8x_openpcdet.pth",
}

local function text_or_nil(text)
  return text ~= "" and text or nil
end

-- Compares the datasets below `at` with the tensors of their names; returns how many there were.
local function compare(want, at, dict)
  local count = 0
  local function walk(path, name)
    for _, member in ipairs(want:list(path)) do
      local inner, key = path .. "/" .. member, name == "" and member or name .. "." .. member
      if want:kind(inner) == "group" then
        walk(inner, key)
      else
        count = count + 1
        assert.is_not_nil(dict[key], key)
        support.same(dict[key], want:read(inner), key)
      end
    end
  end
  walk(at, "")
  return count
end

local function size(dict)
  local count = 0
  for _ in dict do count = count + 1 end
  return count
end

describe("importing", function()
  for _, name in ipairs(files) do
    local path = support.shared("vectors/import/" .. name)
    it(name .. (path and "" or " (the data is not there)"), function()
      if not path then return pending("../shared is not there") end
      local want = lacuna.hdf5.open(path .. ".h5")
      local sizes = want:attr("/", "kernel_sizes")
      sizes = sizes and cjson.decode(sizes)
      local prefix = text_or_nil(want:attr("/", "prefix"))
      local axes, layout = want:attr("/", "axes"), want:attr("/", "layout")

      local given = lacuna.convert.load(path, {
        from = layout, prefix = prefix, kernel_sizes = sizes, axes = axes,
      })
      assert.equal(size(given), compare(want, "/state_dict", given))

      -- Nothing but what the file cannot tell.
      local found, report = lacuna.convert.load(path, {
        prefix = prefix, kernel_sizes = sizes and { odd_even = sizes.odd_even },
      })
      assert.equal(layout, report.layout)
      assert.equal(want:attr("/", "wrapper"), report.wrapper)
      assert.equal(size(found), compare(want, "/state_dict", found))

      if want:exists("/state_dict_reversed_axes") then
        local reversed = lacuna.convert.load(path, { prefix = prefix, axes = "xyz" })
        assert.is_true(compare(want, "/state_dict_reversed_axes", reversed) > 0)
      end
      want:close()
    end)
  end
end)
