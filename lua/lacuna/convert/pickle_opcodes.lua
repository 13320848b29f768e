-- pickle_opcodes.lua: what each opcode does to the machine of pickle.lua. An opcode that is not in
-- `run` is refused there by its name.

local text = require "lacuna.convert.pickle_text"

local opcodes = {}

local run = {}
opcodes.run = run

--- What the last opcode returns.
opcodes.STOP = {}

local LINE = 4096        -- bytes of a number or name written as text
local TEXT = 16777216    -- bytes of a string written as text
local LONG = 64          -- bytes of a whole number: turning it into digits takes quadratic time

local function op(char, fn)
  run[char:byte()] = fn
end

-- ---- numbers and constants ----------------------------------------------------------------------

op("N", function(m) m:push(m.none) end)
op("\136", function(m) m:push(true) end)
op("\137", function(m) m:push(false) end)
op("J", function(m, s) m:push(s:i32()) end)
op("K", function(m, s) m:push(s:u8()) end)
op("M", function(m, s) m:push(s:u16()) end)
op("G", function(m, s) m:push(text.double(s:take(8))) end)

local function push_integer(m, digits)
  local v = text.integer(digits)
  if v == nil then m:fail("%s, expected a whole number", text.shown(digits)) end
  m:push(v)
end

op("I", function(m, s)
  local line = s:line(2 * LONG)
  if line == "00" or line == "01" then return m:push(line == "01") end
  return push_integer(m, line)
end)
op("L", function(m, s) push_integer(m, (s:line(2 * LONG):gsub("L$", ""))) end)
op("F", function(m, s)
  local line = s:line(2 * LONG)
  local v = text.float(line)
  if not v then m:fail("%s, expected a number", text.shown(line)) end
  m:push(v)
end)

local function long(m, s, length)
  if length > LONG then
    m:fail("a whole number of %.0f bytes, expected at most %d", length, LONG)
  end
  m:push(text.long(s:take(length)))
end
op("\138", function(m, s) long(m, s, s:u8()) end)
op("\139", function(m, s) long(m, s, s:u32()) end)

-- ---- strings ------------------------------------------------------------------------------------

local function short(m, s) m:push(s:take(s:u8())) end
local function medium(m, s) m:push(s:take(s:u32())) end
local function wide(m, s) m:push(s:take(s:u64())) end

op("U", short)    -- SHORT_BINSTRING
op("T", medium)   -- BINSTRING
op("\140", short) -- SHORT_BINUNICODE
op("X", medium)   -- BINUNICODE
op("\141", wide)  -- BINUNICODE8
op("C", short)    -- SHORT_BINBYTES
op("B", medium)   -- BINBYTES
op("\142", wide)  -- BINBYTES8
op("\150", wide)  -- BYTEARRAY8
op("S", function(m, s)
  m:push(text.quoted(s:line(TEXT)) or m:fail("a string without its quotes"))
end)
op("V", function(m, s)
  m:push(text.raw_unicode(s:line(TEXT)) or m:fail("text with a letter beyond Unicode"))
end)

-- ---- containers ---------------------------------------------------------------------------------

local function tuple(count)
  return function(m)
    local items = {}
    for i = count, 1, -1 do items[i] = m:pop() end
    m:push(m:make("tuple", items))
  end
end

op(")", tuple(0))
op("\133", tuple(1))
op("\134", tuple(2))
op("\135", tuple(3))
op("t", function(m) m:push(m:make("tuple", m:pop_mark())) end)

op("]", function(m) m:push(m:make("list", {})) end)
op("l", function(m) m:push(m:make("list", m:pop_mark())) end)
op("a", function(m)
  local item = m:pop()
  m:add_items(m:peek(), { item })
end)
op("e", function(m)
  local items = m:pop_mark()
  m:add_items(m:peek(), items)
end)

op("\143", function(m) m:push(m:make("list", {})) end) -- EMPTY_SET
op("\144", function(m)                                 -- ADDITEMS
  local items = m:pop_mark()
  m:add_items(m:peek(), items)
end)
op("\145", function(m) m:push(m:make("list", m:pop_mark())) end) -- FROZENSET

op("}", function(m) m:push(m:make_dict("dict")) end)
op("d", function(m)
  local items = m:pop_mark()
  local dict = m:make_dict("dict")
  m:set_items(dict, items)
  m:push(dict)
end)
op("s", function(m)
  local value = m:pop()
  local key = m:pop()
  m:set_items(m:peek(), { key, value })
end)
op("u", function(m)
  local items = m:pop_mark()
  m:set_items(m:peek(), items)
end)

-- ---- stack and memo -----------------------------------------------------------------------------

op("(", function(m) m:mark() end)
op("0", function(m)
  local marks = m.marks
  if #marks > 0 and m.top == marks[#marks] then
    m:pop_mark()
  else
    m:pop()
  end
end)
op("1", function(m) m:pop_mark() end)
op("2", function(m) m:push(m:peek()) end)

local function index(m, line)
  local v = text.integer(line)
  if type(v) ~= "number" or v < 0 then
    m:fail("memo entry %s, expected a whole number from 0", text.shown(line))
  end
  return v
end
op("p", function(m, s) m:put(index(m, s:line(LONG))) end)
op("q", function(m, s) m:put(s:u8()) end)
op("r", function(m, s) m:put(s:u32()) end)
op("\148", function(m) m:put(m.memos) end) -- MEMOIZE: the next number
op("g", function(m, s) m:get(index(m, s:line(LONG))) end)
op("h", function(m, s) m:get(s:u8()) end)
op("j", function(m, s) m:get(s:u32()) end)

-- ---- names and objects --------------------------------------------------------------------------

op("c", function(m, s)
  local module = s:line(LINE)
  return m:global(module, s:line(LINE))
end)
op("\147", function(m) -- STACK_GLOBAL
  local name = m:pop()
  local module = m:pop()
  if type(name) ~= "string" or type(module) ~= "string" then
    m:fail("a global is named by a %s and a %s, expected strings", m:kind_of(module),
      m:kind_of(name))
  end
  return m:global(module, name)
end)
op("R", function(m) -- REDUCE
  local args = m:pop()
  m:push(m:call(m:pop(), args))
end)
op("\129", function(m) -- NEWOBJ
  local args = m:pop()
  m:push(m:call(m:pop(), args))
end)
op("\146", function(m) -- NEWOBJ_EX
  local named = m:pop()
  local args = m:pop()
  if m:kind_of(named) ~= "dict" or next(named) ~= nil then
    m:fail("named arguments for an object, expected none")
  end
  m:push(m:call(m:pop(), args))
end)
op("b", function(m) -- BUILD
  local state = m:pop()
  m:build(m:peek(), state)
end)
op("Q", function(m) m:persistent(m:pop()) end)

-- ---- framing ------------------------------------------------------------------------------------

op("\128", function(m, s)
  local version = s:u8()
  if version > 5 then m:fail("pickle protocol %d, expected at most 5", version) end
end)
op("\149", function(m, s)
  local length = s:u64()
  if length > s.size - s.at then
    m:fail("a frame of %.0f bytes, only %.0f are left", length, s.size - s.at)
  end
end)
op(".", function() return opcodes.STOP end)

-- ---- names for messages -------------------------------------------------------------------------

local REFUSED = {
  P = "PERSID", i = "INST", o = "OBJ", ["\130"] = "EXT1", ["\131"] = "EXT2", ["\132"] = "EXT4",
  ["\151"] = "NEXT_BUFFER", ["\152"] = "READONLY_BUFFER",
}

--- The name of an opcode that is refused.
function opcodes.name(code)
  return REFUSED[string.char(code)] or ("0x%02x"):format(code)
end

return opcodes
