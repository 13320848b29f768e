-- pickle_input.lua: the bytes of one pickle: a window of a file, read in blocks, never beyond its
-- end. What a length in the pickle asks for is compared with what is left before it is read.

local input = {}

local BLOCK = 65536
local MAX_STRING = 67108864 -- bytes of one string; a checkpoint's tensors are not in its pickle

local Input = {}
Input.__index = Input

--- The `size` bytes of `f` from `offset` on. `label` and `base` are for messages: byte n of the
--- window is called "LABEL at byte BASE+n".
function input.new(f, offset, size, label, base)
  return setmetatable({
    f = f, first = offset, size = size, label = label, base = base or 0,
    at = 0,      -- the next byte
    opcode = 0,  -- where the opcode in work began
    block = "", block_at = 0,
  }, Input)
end

--- "data.pkl at byte 12", of the opcode in work.
function Input:place()
  return ("%s at byte %.0f"):format(self.label, self.base + self.opcode)
end

function Input:fail(format, ...)
  return self.f:fail("%s: " .. format, self:place(), ...)
end

-- Makes the next n bytes lie in the block; returns the position of the first in it.
local function need(self, n)
  local at = self.at
  if n > self.size - at then
    self:fail("truncated: %.0f bytes are wanted and %.0f are left", n, self.size - at)
  end
  if at + n > self.block_at + #self.block then
    self.block = self.f:read(self.first + at, math.min(self.size - at, math.max(n, BLOCK)))
    self.block_at = at
  end
  self.at = at + n
  return at - self.block_at + 1
end

function Input:u8()
  local i = need(self, 1)
  return self.block:byte(i)
end

function Input:u16()
  local i = need(self, 2)
  local a, b = self.block:byte(i, i + 1)
  return a + b * 256
end

function Input:u32()
  local i = need(self, 4)
  local a, b, c, d = self.block:byte(i, i + 3)
  return a + b * 256 + c * 65536 + d * 16777216
end

function Input:i32()
  local v = self:u32()
  return v < 2147483648 and v or v - 4294967296
end

--- Eight bytes as a number; what exceeds 2^53 can be no length.
function Input:u64()
  local low = self:u32()
  local high = self:u32()
  if high >= 2097152 then self:fail("a length of 2^53 or more, expected one inside the file") end
  return low + high * 4294967296
end

--- The next n bytes.
function Input:take(n)
  if n > MAX_STRING then
    self:fail("a string of %.0f bytes, expected at most %d", n, MAX_STRING)
  end
  local i = need(self, n)
  return self.block:sub(i, i + n - 1)
end

--- The bytes up to the next line feed, which is skipped; at most `limit` of them.
function Input:line(limit)
  local from = self.at - self.block_at + 1
  local stop = self.block:find("\n", from, true)
  if not stop then
    local some = math.min(self.size - self.at, limit + 1)
    if some > 0 then
      from = need(self, some)
      self.at = self.at - some
      stop = self.block:find("\n", from, true)
    end
  end
  if not stop or stop - from > limit then
    self:fail("a line without an end, expected a line feed within %d bytes", limit)
  end
  self.at = self.block_at + stop
  return self.block:sub(from, stop - 1)
end

return input
