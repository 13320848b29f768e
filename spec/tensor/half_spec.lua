-- float16 and bfloat16 against exact arithmetic in doubles.

local ffi = require "ffi"
local create = require "lacuna.create"
local S = require "spec.tensor.support"

-- exponent bits, fraction bits
local formats = { float16 = { 5, 10 }, bfloat16 = { 8, 7 } }

local function decode(bits, exponent_bits, fraction_bits)
  local sign = bits >= 0x8000 and -1 or 1
  local rest = bits % 0x8000
  local exponent = math.floor(rest / 2 ^ fraction_bits)
  local fraction = rest % 2 ^ fraction_bits
  local bias = 2 ^ (exponent_bits - 1) - 1
  if exponent == 2 ^ exponent_bits - 1 then return fraction == 0 and sign * math.huge or 0 / 0 end
  if exponent == 0 then return sign * fraction * 2 ^ (1 - bias - fraction_bits) end
  return sign * (1 + fraction / 2 ^ fraction_bits) * 2 ^ (exponent - bias)
end

-- Nearest value of the format, ties to even.
local function round_to(v, exponent_bits, fraction_bits)
  if v ~= v or v == 0 or math.abs(v) == math.huge then return v end
  local bias = 2 ^ (exponent_bits - 1) - 1
  local _, e = math.frexp(v)
  local unit = 2 ^ (math.max(e - 1, 1 - bias) - fraction_bits)
  local q = v / unit
  local low = math.floor(q)
  local r = low
  if q - low > 0.5 or (q - low == 0.5 and low % 2 == 1) then r = low + 1 end
  local largest = (2 - 2 ^ -fraction_bits) * 2 ^ bias
  r = r * unit
  return math.abs(r) > largest and (r > 0 and math.huge or -math.huge) or r
end

describe("half precision", function()
  for dtype, format in pairs(formats) do
    it("converts all 65,536 values of " .. dtype .. " exactly, both ways", function()
      local bits = ffi.new("uint16_t[65536]")
      for i = 0, 65535 do bits[i] = i end
      local t = create.tensor(bits, { dtype = dtype, shape = { 65536 } })
      assert.equal(dtype, t:dtype())
      local wide = t:float()
      local narrow = wide:to(dtype)
      wide, narrow = wide:cpu(), narrow:cpu()
      local gpu = t:device() ~= "cpu"
      local values, back = wide:data(), narrow:data()
      local words = ffi.cast("uint32_t *", values) -- NaNs are looked at as bits
      local wrong = 0
      for i = 0, 65535 do
        local want = decode(i, format[1], format[2])
        if want ~= want then
          -- a NaN stays one, with its sign but for GPUs, which have one NaN
          local again = decode(back[i], format[1], format[2])
          local nan = words[i] % 2 ^ 31 > 0x7f800000 and again ~= again
          local signed = math.floor(back[i] / 0x8000) == math.floor(i / 0x8000) or gpu
          if not (nan and signed) then wrong = wrong + 1 end
        elseif values[i] ~= want or back[i] ~= i then
          wrong = wrong + 1
        end
      end
      assert.equal(0, wrong)
    end)

    it("rounds float32 to the nearest " .. dtype .. ", ties to even", function()
      local list = {}
      local function near(v) -- the value, its float32 neighbours and the halfway points
        local box = ffi.new("union { float f; int32_t i; }")
        box.f = v
        local i = box.i
        for d = -2, 2 do
          box.i = i + d
          if box.i % 2 ^ 31 < 0x7f800000 then list[#list + 1] = box.f end
        end
      end
      for i = 0, 0x7bff, 7 do
        local a = decode(i, format[1], format[2])
        local b = decode(i + 1, format[1], format[2])
        near(a)
        if b < math.huge then near((a + b) / 2) end
      end
      local largest = (2 - 2 ^ -format[2]) * 2 ^ (2 ^ (format[1] - 1) - 1)
      near(largest)
      if dtype == "float16" then near(65519.996) near(65520) near(1e30) end
      for _ = 1, 5000 do
        list[#list + 1] = tonumber(ffi.cast("float", S.random(-1e6, 1e6) * 10 ^ S.random(-12, 4)))
      end
      local t = create.tensor(list)
      local rounded = t:to(dtype):float():cpu()
      local got = rounded:data()
      local wrong = 0
      for i, v in ipairs(list) do
        if got[i - 1] ~= round_to(v, format[1], format[2]) then wrong = wrong + 1 end
      end
      assert.equal(#list, rounded:numel())
      assert.equal(0, wrong)
    end)

    it("computes " .. dtype .. " in float32 and rounds once", function()
      local a = create.randn({ 500 }, { dtype = dtype })
      local b = create.randn({ 500 }, { dtype = dtype })
      for _, op in ipairs { "add", "sub", "mul", "div" } do
        local got = a[op](a, b)
        assert.equal(dtype, got:dtype())
        local want = a:float()[op](a:float(), b:float()):to(dtype)
        assert.same(want:totable(), got:totable())
      end
      assert.same((a:float() * 0.1):to(dtype):totable(), (a * 0.1):totable())
      assert.same(a:float():exp():to(dtype):totable(), a:exp():totable())
      assert.same(a:float():gt(b:float()):totable(), a:gt(b):totable())
      local wide = a:view(5, 100):t()
      assert.same((wide:float() + 1):to(dtype):totable(), (wide + 1):totable())
    end)
  end
end)
