-- Every exported function has its memory refused in a walk of spec/c, or is known to take none.

local shell = require "spec.support.shell"

-- Reading or changing fields, counts and flags; what gives back; static or thread-local texts.
local takes_none = [[
  lac_last_error lac_fail lac_status_text lac_version lac_abi lac_clock
  lac_context_retain lac_context_release lac_context_interrupt lac_context_clear_interrupt
  lac_context_set_threads lac_context_threads lac_context_default_device lac_context_seed
  lac_context_set_flag lac_context_flag lac_context_counters lac_context_isa lac_log_poll
  lac_memory_stats lac_memory_stats_on lac_memory_reset_peak lac_memory_empty_cache
  lac_memory_collector lac_memory_collected
  lac_device_count lac_device_describe lac_synchronize
  lac_dtype_size lac_dtype_name
  lac_tensor_retain lac_tensor_release lac_tensor_describe lac_tensor_numel
  lac_tensor_is_contiguous lac_tensor_allow_packed lac_tensor_version lac_tensor_modified
  lac_tensor_is_read_only lac_tensor_is_pending
  lac_coords_retain lac_coords_release lac_coords_count lac_coords_device lac_coords_tensor
  lac_sparse_retain lac_sparse_release lac_sparse_describe lac_sparse_feats lac_sparse_coords
  lac_sparse_parts
  lac_kernel_map_retain lac_kernel_map_release lac_kernel_map_describe
  lac_tuning_get lac_tuning_count lac_tuning_clear
  lac_hdf5_release lac_text_free lac_file_release lac_file_size
  lac_weights_retain lac_weights_release lac_weights_count lac_weights_name lac_weights_arch
  lac_weights_get
  lac_value_release lac_script_retain lac_script_release lac_script_state
  lac_model_retain lac_model_release
]]

-- On the CPU: the tensor or set itself; rows are compared where they are.
local none_on_cpu = "lac_tensor_to lac_coords_to lac_coords_equal"

-- Steps of cases with other names: lac_hdf5_write's and lac_hdf5_describe's. A file's bytes go to
-- the caller's memory; a collection frees.
local in_other_cases = [[
  lac_hdf5_close lac_hdf5_make_group lac_hdf5_kind lac_hdf5_count lac_hdf5_name
  lac_hdf5_attr_count lac_hdf5_attr_name lac_file_read lac_script_collect
]]

local function words(...)
  local set = {}
  for _, text in ipairs { ... } do
    for name in text:gmatch("%S+") do set[name] = true end
  end
  return set
end

describe("allocation walks", function()
  local cases = {}
  for _, file in ipairs { "alloc_walk_dense", "alloc_walk_sparse", "alloc_walk_files",
      "script_alloc_walk" } do
    local text = shell.read("spec/c/" .. file .. "_test.c")
    for name in text:gmatch('ROW%((lac_[%w_]+)%)') do cases[name] = true end
    for name in text:gmatch('{"(lac_[%w_]+)[^"]*", [%w_]+, [%w_]+}') do cases[name] = true end
  end
  local known = words(takes_none, none_on_cpu, in_other_cases)

  local declared, count = {}, 0
  for _, header in ipairs { "lacuna", "lacuna_script", "lacuna_dlpack" } do
    local text = shell.read("runtime/include/lacuna/" .. header .. ".h"):gsub("/%*.-%*/", "")
    for name in text:gmatch("[%s%*](lac_[%w_]+)%(") do declared[name], count = true, count + 1 end
  end

  it("reach every function that takes memory", function()
    assert.is_true(count > 170)
    for name in pairs(declared) do
      assert.is_true(cases[name] or known[name] or false, name .. " is in no walk and in no list")
      assert.is_false(cases[name] and known[name] or false, name .. " is walked, and listed too")
    end
  end)

  it("name functions that exist", function()
    for name in pairs(cases) do assert.is_true(declared[name] or false, name) end
    for name in pairs(known) do assert.is_true(declared[name] or false, name) end
  end)
end)
