-- pickle_text.lua: numbers and strings in the forms that pickles write them.

local bit = require "bit"
local ffi = require "ffi"

local text = {}

local EXACT = 9007199254740992 -- 2^53

-- The sum of limbs * 1e7^i, as digits.
local function digits_of(limbs)
  local parts = { ("%d"):format(limbs[#limbs]) }
  for i = #limbs - 1, 1, -1 do parts[#parts + 1] = ("%07d"):format(limbs[i]) end
  return table.concat(parts)
end

-- |value| of little-endian bytes, as decimal digits. Only for short ones: it takes quadratic time.
local function decimal(bytes)
  local limbs = { 0 }
  for i = #bytes, 1, -1 do
    local carry = bytes[i]
    for j = 1, #limbs do
      local v = limbs[j] * 256 + carry
      limbs[j] = v % 1e7
      carry = math.floor(v / 1e7)
    end
    if carry > 0 then limbs[#limbs + 1] = carry end
  end
  return digits_of(limbs)
end

--- The whole number of a decimal text: a Lua number where that is exact, int64 cdata where that is
--- enough, else the digits as a string: beyond that a number names something (a seed, a magic
--- number) and nothing is computed with it. nil if it is no number.
function text.integer(digits)
  local sign, magnitude = digits:match("^([+-]?)0*(%d+)$")
  if not magnitude then return nil end
  if sign == "+" then sign = "" end
  if #magnitude < 16 or #magnitude == 16 and magnitude <= "9007199254740992" then
    local v = tonumber(magnitude)
    return sign == "-" and 0 - v or v
  end
  local largest = sign == "-" and "9223372036854775808" or "9223372036854775807"
  if #magnitude > 19 or #magnitude == 19 and magnitude > largest then return sign .. magnitude end
  local v = ffi.new("int64_t", 0)
  for i = 1, #magnitude do v = v * 10 - (magnitude:byte(i) - 48) end -- downwards: -2^63 exists
  return sign == "-" and v or -v
end

--- Little-endian two's complement bytes, as text.integer gives them.
function text.long(bytes)
  local n = #bytes
  if n == 0 then return 0 end
  local negative = bytes:byte(n) >= 128
  if n <= 6 then
    local v = 0
    for i = n, 1, -1 do v = v * 256 + bytes:byte(i) end
    return negative and v - 256 ^ n or v
  end
  local magnitude, carry = {}, 1
  for i = 1, n do
    local b = bytes:byte(i)
    if negative then
      b = 255 - b + carry
      carry = b > 255 and 1 or 0
      b = b % 256
    end
    magnitude[i] = b
  end
  return text.integer((negative and "-" or "") .. decimal(magnitude))
end

local NAMED = { inf = math.huge, ["-inf"] = -math.huge, nan = 0 / 0, ["-nan"] = 0 / 0 }

--- What Python's repr of a float says; nil if it is none.
function text.float(s)
  if NAMED[s] then return NAMED[s] end
  if not s:find("^[+-]?%d*%.?%d*[eE]?[+-]?%d*$") then return nil end
  return tonumber(s)
end

local box = ffi.new("union { uint8_t b[8]; double d; }")

--- The eight bytes of a big-endian double.
function text.double(bytes)
  for i = 0, 7 do box.b[i] = bytes:byte(8 - i) end
  return box.d
end

--- The UTF-8 bytes of a code point; nil beyond the last.
function text.utf8(code)
  local char = string.char
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xc0 + bit.rshift(code, 6), 0x80 + code % 64) end
  local tail = 0x80 + code % 64
  local middle = 0x80 + bit.rshift(code, 6) % 64
  if code < 0x10000 then return char(0xe0 + bit.rshift(code, 12), middle, tail) end
  if code > 0x10ffff then return nil end
  return char(0xf0 + bit.rshift(code, 18), 0x80 + bit.rshift(code, 12) % 64, middle, tail)
end

local ESCAPES = {
  a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v",
  ["\\"] = "\\", ["'"] = "'", ['"'] = '"',
}

--- The bytes behind Python 2's repr of a string, quotes included; nil if it is none.
function text.quoted(s)
  local quote = s:sub(1, 1)
  if #s < 2 or (quote ~= "'" and quote ~= '"') or s:sub(-1) ~= quote then return nil end
  local parts, at, last = {}, 2, #s - 1
  while at <= last do
    local slash = s:find("\\", at, true)
    if not slash or slash > last then slash = last + 1 end
    if slash > at then parts[#parts + 1] = s:sub(at, slash - 1) end
    at = slash
    if at <= last then
      local c = s:sub(at + 1, at + 1)
      local hex = s:match("^x(%x%x)", at + 1)
      local octal = s:match("^[0-3]?[0-7]?[0-7]", at + 1)
      if at == last then return nil end
      if hex then
        parts[#parts + 1], at = string.char(tonumber(hex, 16)), at + 4
      elseif octal and octal ~= "" then
        parts[#parts + 1], at = string.char(tonumber(octal, 8)), at + 1 + #octal
      elseif ESCAPES[c] then
        parts[#parts + 1], at = ESCAPES[c], at + 2
      else
        parts[#parts + 1], at = "\\" .. c, at + 2
      end
    end
  end
  return table.concat(parts)
end

--- The bytes of a text as UTF-8, from latin-1.
function text.from_latin1(s)
  return (s:gsub("[\128-\255]", function(c) return text.utf8(c:byte()) end))
end

--- The text of protocol 0's UNICODE: latin-1 with \uXXXX and \UXXXXXXXX; as UTF-8. nil beyond
--- Unicode.
function text.raw_unicode(s)
  local bad = false
  local function point(hex)
    local c = text.utf8(tonumber(hex, 16))
    bad = bad or not c
    return c
  end
  local four = "\\u(" .. ("%x"):rep(4) .. ")"
  local eight = "\\U(" .. ("%x"):rep(8) .. ")"
  s = text.from_latin1(s):gsub(eight, point):gsub(four, point)
  return not bad and s or nil
end

--- The bytes behind a UTF-8 text of code points below 256 (what _codecs.encode(s, "latin1")
--- gives); nil if there are others.
function text.to_latin1(s)
  if not s:find("[\128-\255]") then return s end
  local rest = s:gsub("[\194\195][\128-\191]", "")
  if rest:find("[\128-\255]") then return nil end
  return (s:gsub("([\194\195])([\128-\191])", function(a, b)
    return string.char((a:byte() - 192) * 64 + b:byte() - 128)
  end))
end

--- `s` for a message: one line of printable ASCII, not longer than a line.
function text.shown(s)
  s = tostring(s):sub(1, 100):gsub("[^\32-\126]", "?")
  return s
end

text.EXACT = EXACT

return text
