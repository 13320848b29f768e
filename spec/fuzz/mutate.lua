-- mutate.lua: changes bytes as accidents and attackers do, the same way for the same number.

local mutate = {}

--- Park and Miller's generator: random(n) is a whole number from 0 to n - 1.
function mutate.random(seed)
  local state = seed % 2147483646 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return state % n
  end
end

-- What lengths, counts and offsets are when they go wrong.
local NUMBERS = {
  0, 1, 2, 7, 8, 9, 16, 64, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536,
  2147483647, 2147483648, 4294967294, 4294967295, 4294967296, 9007199254740992,
}

local function replace(s, at, length, by)
  return s:sub(1, at) .. by .. s:sub(at + length + 1)
end

local function number(random, value, bytes)
  local parts = {}
  for i = 1, bytes do
    parts[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  local text = table.concat(parts)
  return random(4) == 0 and text:reverse() or text
end

-- Each takes the bytes, a place in them, the generator and another file's bytes.
local CHANGES = {
  function(s, at, random) -- a bit
    local byte, mask = s:byte(at + 1) or 0, 2 ^ random(8)
    local set = math.floor(byte / mask) % 2 == 1
    return replace(s, at, 1, string.char(set and byte - mask or byte + mask))
  end,
  function(s, at, random) return replace(s, at, 1, string.char(random(256))) end,
  function(s, at, random) -- a number written over what is there
    local bytes = 2 ^ random(4)
    return replace(s, at, bytes, number(random, NUMBERS[1 + random(#NUMBERS)], bytes))
  end,
  function(s, at, random) -- digits of a text
    local from, to = s:find("%d+", at + 1)
    if not from then return s:sub(1, at) end
    return replace(s, from - 1, to - from + 1,
      ("%.0f"):format(NUMBERS[1 + random(#NUMBERS)] - random(3)))
  end,
  function(s, at, random) return replace(s, at, random(40), "") end,
  function(s, at, random) -- the same bytes again, up to many times
    local piece = s:sub(at + 1, at + 1 + random(24))
    return replace(s, at, 0, piece:rep(1 + random(random(8) == 0 and 300 or 4)))
  end,
  function(s, at, random) -- bytes from elsewhere in the file
    local from = random(#s + 1)
    return replace(s, at, random(24), s:sub(from + 1, from + random(24)))
  end,
  function(s, at, random, other)
    local from = random(#other + 1)
    return replace(s, at, random(24), other:sub(from + 1, from + random(64)))
  end,
  function(s, at) return s:sub(1, at) end,
}

--- A few changes to `bytes`, mostly in its first and last kilobytes, where the structure is; in
--- half of the cases of the kinds that keep its length, which offsets survive. `other` is what
--- pieces may be taken from; the last change, truncation, is the rarest.
function mutate.bytes(bytes, other, random)
  local kinds = random(2) == 0 and 3 or #CHANGES - 1
  for _ = 1, 1 + random(random(3) == 0 and 8 or 2) do
    local near = math.min(#bytes + 1, 2 ^ (6 + random(9)))
    local at = random(3) == 0 and #bytes + 1 - near + random(near) or random(near)
    local change = CHANGES[1 + random(kinds > 3 and random(4) == 0 and #CHANGES or kinds)]
    bytes = change(bytes, at, random, other)
  end
  return bytes
end

return mutate
