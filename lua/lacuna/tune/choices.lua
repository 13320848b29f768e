-- choices.lua: what the tuner chooses between, and the table of the context that holds its choices.
--
-- The first three compute one chain of multiply-adds an element, the same to the bit in float32
-- (DESIGN: equal kernels). The others add partial sums in another order.

local ffi = require "ffi"
local native = require "lacuna.native"
local sparse = require "lacuna.sparse"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local choices = {}

--- In the order in which they are tried: {name, config, equal, and the fields in C}.
choices.list = {
  { name = "FetchOnDemand", equal = true, config = { dataflow = "FetchOnDemand" },
    code = { 3, 0, 0 } },
  { name = "ImplicitGEMM", equal = true, config = { dataflow = "ImplicitGEMM", ifsort = false },
    code = { 1, 0, 0 } },
  { name = "ImplicitGEMM/sorted", equal = true,
    config = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = 1 }, code = { 1, 1, 1 } },
  { name = "GatherScatter", equal = false, config = { dataflow = "GatherScatter" },
    code = { 2, 0, 0 } },
}
for splits = 2, 4 do
  table.insert(choices.list, #choices.list, {
    name = "ImplicitGEMM/split" .. splits, equal = false,
    config = { dataflow = "ImplicitGEMM", ifsort = true, split_mask_num = splits },
    code = { 1, 1, splits },
  })
end

--- The choice of a name, or nil.
function choices.by_name(name)
  for _, choice in ipairs(choices.list) do
    if choice.name == name then return choice end
  end
end

--- The fields of a key, in the order of the cache file.
choices.fields = { "device", "dtype", "taps", "cin", "cout", "rows", "density" }

local devices = { [0] = "cpu", [1] = "cuda" }
local struct = ffi.new("lac_tuning_key")
local chosen = ffi.new("lac_tuning_choice")

local function fill(key)
  struct.device = key.device == "cuda" and 1 or 0
  struct.dtype = T.dtype_code(key.dtype, "tune")
  for i = 3, #choices.fields do struct[choices.fields[i]] = key[choices.fields[i]] end
  return struct
end

--- The key of a convolution of `x` with these lac_conv3d_options, as a table; nil where there is no
--- map and nothing to choose.
function choices.key(x, options, cout)
  native.call(C.lac_tuning_key_make, ctx, sparse.handle(x, "tune"), options, cout, struct)
  if struct.taps == 0 then return nil end
  local key = { device = devices[struct.device], dtype = T.dtype_name(struct.dtype) }
  for i = 3, #choices.fields do key[choices.fields[i]] = struct[choices.fields[i]] end
  return key
end

--- A key as one string, equal for equal keys.
function choices.text(key)
  local words = {}
  for i, field in ipairs(choices.fields) do words[i] = tostring(key[field]) end
  return table.concat(words, " ")
end

local held = {} -- by text of the key: what the context holds too

--- Makes `auto` take `choice` for convolutions of this key.
function choices.set(key, choice)
  chosen.dataflow, chosen.sorted, chosen.splits = unpack(choice.code)
  native.call(C.lac_tuning_set, ctx, fill(key), chosen)
  held[choices.text(key)] = { key = key, choice = choice }
end

--- What `auto` takes for this key: a choice, or nil where the tuner has said nothing.
function choices.get(key)
  if C.lac_tuning_get(ctx, fill(key), chosen) == 0 then return nil end
  for _, choice in ipairs(choices.list) do
    local code = choice.code
    if chosen.dataflow == code[1] and chosen.sorted == code[2] and chosen.splits == code[3] then
      return choice
    end
  end
end

--- The number of choices that hold.
function choices.count()
  return C.lac_tuning_count(ctx)
end

--- Back to the choices of the library.
---@usage lacuna.tune.clear()
function choices.clear()
  C.lac_tuning_clear(ctx)
  held = {}
end

--- Clears, and returns what held, by text of the key: {key=, choice=}.
function choices.take()
  local before = held
  choices.clear()
  return before
end

return choices
