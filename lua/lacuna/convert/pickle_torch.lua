-- pickle_torch.lua: PyTorch's names in a pickle: storages, dtypes, and the functions that put a
-- tensor together from a storage, an offset, sizes and strides.

local globals = require "lacuna.convert.pickle_globals"
local text = require "lacuna.convert.pickle_text"

local define = globals.define

-- ---- storages and dtypes ------------------------------------------------------------------------

local STORAGES = {
  Float = "float32", Half = "float16", BFloat16 = "bfloat16", Double = "float64",
  Long = "int64", Int = "int32", Short = "int16", Char = "int8", Byte = "uint8", Bool = "bool",
}
for name, dtype in pairs(STORAGES) do
  local class = name .. "Storage"
  define("torch." .. class .. " torch.cuda." .. class, { storage = dtype })
end
define([[torch.UntypedStorage torch.storage.UntypedStorage torch.storage._UntypedStorage
  torch.cuda.UntypedStorage]], { storage = "untyped" })
for _, name in ipairs { "ComplexFloat", "ComplexDouble", "QInt8", "QUInt8", "QInt32" } do
  define("torch." .. name .. "Storage", {
    refuse = "holds what Lacuna has no dtype for, expected real numbers, integers or booleans",
  })
end
-- TypedStorage only ever wraps one of the above.
define("torch.TypedStorage torch.storage.TypedStorage torch.storage._TypedStorage", {
  refuse = "is a storage without a dtype, expected torch.FloatStorage and its like",
})

-- A dtype is its name, as data and as an argument.
for name in ([[float32 float float64 double float16 half bfloat16 uint8 int8 int16 short int32 int
  int64 long uint16 uint32 uint64 bool complex32 complex64 cfloat complex128 cdouble quint8 qint8
  qint32 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz strided sparse_coo
  contiguous_format channels_last channels_last_3d preserve_format]]):gmatch("%S+") do
  define("torch." .. name, { value = "torch." .. name })
end
define("torch.serialization._get_layout", { call = function(m, args)
  return type(args[1]) == "string" and args[1] or m:fail("a layout is a %s", m:kind_of(args[1]))
end })

define("torch.Size", { call = function(m, args)
  local kind = m:kind_of(args[1])
  if args[1] == nil then return m:make("list", {}) end
  if kind ~= "list" and kind ~= "tuple" then m:fail("torch.Size of a %s", kind) end
  return args[1]
end })

define("torch.device", { call = function(m, args)
  local name, index = args[1], args[2]
  if type(name) ~= "string" then m:fail("torch.device of a %s", m:kind_of(name)) end
  name = name:sub(1, 64)
  return type(index) == "number" and ("%s:%.0f"):format(name, index) or name
end })

-- ---- tensors ------------------------------------------------------------------------------------

-- At most 8 whole numbers, or an error that names the field and its place in it.
local function whole_numbers(m, v, what)
  local kind = m:kind_of(v)
  if kind ~= "tuple" and kind ~= "list" then
    m:fail("the %s of a tensor is a %s, expected a tuple of whole numbers", what, kind)
  end
  if #v > 8 then m:fail("the %s of a tensor has %d items, expected at most 8", what, #v) end
  local numbers = {}
  for i = 1, #v do
    local x = v[i]
    if type(x) ~= "number" or x < 0 or x ~= math.floor(x) or x > text.EXACT then
      m:fail("%s[%d] of a tensor is %s, expected a whole number from 0", what, i - 1,
        type(x) == "table" and "a " .. m:kind_of(x) or text.shown(x))
    end
    numbers[i] = x
  end
  return numbers
end

local function tensor(m, args, dtype)
  local storage, offset = args[1], args[2]
  if m:kind_of(storage) ~= "storage" then
    m:fail("the storage of a tensor is a %s, expected a storage", m:kind_of(storage))
  end
  local shape = whole_numbers(m, args[3], "size")
  local strides = whole_numbers(m, args[4], "stride")
  if #shape ~= #strides then
    m:fail("a tensor of %d sizes and %d strides, expected one each", #shape, #strides)
  end
  if type(offset) ~= "number" or offset < 0 or offset ~= math.floor(offset)
    or offset > text.EXACT then
    m:fail("the offset of a tensor is %s, expected a whole number from 0",
      type(offset) == "table" and "a " .. m:kind_of(offset) or text.shown(offset))
  end
  return m:make_tensor {
    storage = storage, offset = offset, shape = shape, strides = strides, dtype = dtype,
  }
end

define("torch._utils._rebuild_tensor torch._utils._rebuild_tensor_v2", { call = tensor })
define("torch._utils._rebuild_tensor_v3", { call = function(m, args)
  local dtype = args[7]
  if type(dtype) ~= "string" or not dtype:find("^torch%.") then
    m:fail("the dtype of a tensor is a %s, expected torch.float32 or its like", m:kind_of(dtype))
  end
  return tensor(m, args, dtype:sub(7))
end })

-- A parameter is its data.
local function parameter(m, args)
  if m:kind_of(args[1]) ~= "tensor" then
    m:fail("the data of a parameter is a %s, expected a tensor", m:kind_of(args[1]))
  end
  return args[1]
end

define([[torch._utils._rebuild_parameter torch._utils._rebuild_parameter_with_state
  torch.nn.parameter.Parameter torch.nn.parameter.Buffer torch.nn.Parameter torch.Tensor]],
  { call = parameter })

-- (function, class, arguments, attributes): a tensor of a subclass or with attributes of its own.
define("torch._tensor._rebuild_from_type_v2", { call = function(m, args)
  local fn, kind = args[1], m:kind_of(args[3])
  local name = m:kind_of(fn) == "global" and fn.name or ""
  if not name:find("^torch%._utils%._rebuild_[tp]") or kind ~= "tuple" then
    m:fail("torch._tensor._rebuild_from_type_v2 of a %s and a %s, expected a tensor's function and"
      .. " its arguments", m:kind_of(fn), kind)
  end
  return fn.call(m, args[3])
end })

for names, why in pairs {
  ["torch._utils._rebuild_qtensor"] = "makes a quantized tensor",
  [ [[torch._utils._rebuild_sparse_tensor torch._utils._rebuild_sparse_csr_tensor]] ] =
    "makes a sparse tensor",
  ["torch._utils._rebuild_nested_tensor"] = "makes a nested tensor",
  ["torch._utils._rebuild_meta_tensor_no_storage"] = "makes a tensor without data",
  [ [[torch._utils._rebuild_device_tensor_from_numpy
    torch._utils._rebuild_device_tensor_from_cpu_tensor]] ] = "makes a tensor of another device",
  ["torch._utils._rebuild_wrapper_subclass"] = "makes a tensor of a class of its own",
} do
  define(names, { refuse = why .. ", expected plain dense ones" })
end
