-- sass.lua OBJECT: the instructions that matter in every kernel of an object of nvcc, whose device
-- code is not compressed: a line "ok NAME on sm_90: 8 HMMA, 42 LDGSTS" each, "FAILED" where one of
-- the two is missing. For machines without cuobjdump.
--
-- The object holds an ELF image for each architecture. Since Volta an instruction is 16 bytes, and
-- its lowest 12 bits are the operation.

local ffi = require "ffi"
local bit = require "bit"

local HMMA, LDGSTS = 0x23c, 0xfae -- products on tensor cores; copies behind the thread's back
local CUDA_MACHINE = 190

local file = assert(io.open(arg[1], "rb"))
local data = file:read("*a")
file:close()
local bytes = ffi.cast("const uint8_t *", data)

local function number(at, kind)
  local value = ffi.new(kind .. "[1]")
  ffi.copy(value, bytes + at, ffi.sizeof(value))
  return tonumber(value[0])
end

local function text(at)
  return ffi.string(bytes + at)
end

-- name -> offset and size of the sections of the image at `base`.
local function sections(base)
  local table_at = base + number(base + 40, "uint64_t")
  local size, count = number(base + 58, "uint16_t"), number(base + 60, "uint16_t")
  local names = base + number(table_at + number(base + 62, "uint16_t") * size + 24, "uint64_t")
  local list = {}
  for i = 0, count - 1 do
    local at = table_at + i * size
    list[#list + 1] = {
      name = text(names + number(at, "uint32_t")), at = base + number(at + 24, "uint64_t"),
      size = number(at + 32, "uint64_t"),
    }
  end
  return list
end

local function count_operations(section)
  local products, copies = 0, 0
  for at = section.at, section.at + section.size - 16, 16 do
    local operation = bit.band(number(at, "uint16_t"), 0xfff)
    if operation == HMMA then products = products + 1 end
    if operation == LDGSTS then copies = copies + 1 end
  end
  return products, copies
end

local at = 1
while true do
  local found = data:find("\127ELF", at, true)
  if not found then break end
  local base = found - 1
  if number(base + 18, "uint16_t") == CUDA_MACHINE then
    local target = bit.band(bit.rshift(number(base + 48, "uint32_t"), 8), 0xff)
    for _, section in ipairs(sections(base)) do
      local kernel = section.name:match "^%.text%.(.+)"
      if kernel and section.size > 0 then
        local products, copies = count_operations(section)
        print(("%s %s on sm_%d: %d HMMA, %d LDGSTS"):format(
          products > 0 and copies > 0 and "ok" or "FAILED", kernel, target, products, copies))
      end
    end
  end
  at = found + 4
end
