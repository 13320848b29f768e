-- pickle.lua: a machine that reads Python's pickle format, protocols 0 to 5, and builds data.
--
-- A pickle is a program for a stack machine that, in Python, may call anything. This one calls
-- nothing: a name means one of the small builders of pickle_globals.lua and its neighbours, and
-- any other name or opcode is an error that says which. What comes out is a tree of ordered maps,
-- lists, strings, numbers, booleans and tensors (pickle_tree.lua).
--
-- Bounds, all checked before anything grows: strings are part of the file (pickle_input.lua); the
-- stack, the memo and the containers have absolute limits; what a builder derives from data that
-- the memo can repeat (copies, encodings) is paid for out of a budget in proportion to the pickle.

local globals = require "lacuna.convert.pickle_globals"
local input = require "lacuna.convert.pickle_input"
local ordered = require "lacuna.nn.ordered"
local metadata = require "lacuna.convert.metadata"
local text = require "lacuna.convert.pickle_text"
local tree = require "lacuna.convert.pickle_tree"
local opcodes = require "lacuna.convert.pickle_opcodes"
require "lacuna.convert.pickle_torch"
local builders = require("lacuna.convert.pickle_numpy").build

local pickle = {}

local MAX_CONTAINERS = 1000000
local MAX_STACK = 1000000
local MAX_MEMO = 2000000
local MAX_DERIVED = 8388608

local NONE = {} -- Python's None while the machine runs

local Machine = {}
Machine.__index = Machine

-- ---- errors and budgets -------------------------------------------------------------------------

--- Raises, with the place of the opcode in work in front.
function Machine:fail(format, ...)
  return self.input:fail(format, ...)
end

--- "data.pkl at byte 12".
function Machine:place()
  return self.input:place()
end

--- Pays for `n` derived bytes or items.
function Machine:spend(n)
  self.budget = self.budget - n
  if self.budget < 0 then
    self:fail("arrays and copies of more than %.0f bytes and items", self.largest)
  end
end

-- ---- values -------------------------------------------------------------------------------------

--- What a value is, in a word for messages: "dict", "list", "tensor", "None", ...
function Machine:kind_of(v)
  if rawequal(v, NONE) then return "None" end
  local kind = type(v)
  if kind == "table" then return self.kinds[v] end
  return kind == "cdata" and "number" or kind == "nil" and "missing value" or kind
end

--- Registers the table `t` as a value of this kind and returns it.
function Machine:make(kind, t)
  self.containers = self.containers + 1
  if self.containers > MAX_CONTAINERS then
    self:fail("more than %d containers", MAX_CONTAINERS)
  end
  self.kinds[t] = kind
  return t
end

--- From now on `t` is a value of this kind.
function Machine:become(t, kind)
  self.kinds[t] = kind
end

--- An empty ordered map. It weighs as much as four lists.
function Machine:make_dict(kind)
  self.containers = self.containers + 3
  return self:make(kind, ordered.map())
end

--- A tensor of { storage=, offset=, shape=, strides=, dtype= }, made by the one who runs us.
function Machine:make_tensor(spec)
  if not self.options.tensor then self:fail("a tensor where none is expected") end
  return self:make("tensor", self.options.tensor(self, spec))
end

-- A key as a string or number: True is 1 in Python too, a tuple is its text.
local function key_of(m, key)
  local kind = m:kind_of(key)
  if kind == "string" then return key end
  if kind == "boolean" then return key and 1 or 0 end
  if kind == "None" then return "None" end
  if kind == "global" then return key.name end
  if kind == "number" then
    if type(key) == "cdata" then return (tostring(key):gsub("U?LL$", "")) end
    if key ~= key then m:fail("a dict key is not a number (NaN)") end
    return key
  end
  if kind == "tuple" and #key <= 8 then
    local parts = {}
    for i = 1, #key do
      local part = m:kind_of(key[i]) ~= "tuple" and key_of(m, key[i])
      if not part or #tostring(part) > 100 then
        m:fail("a tuple as dict key holds a %s, expected short texts and numbers",
          m:kind_of(key[i]))
      end
      parts[i] = tostring(part)
    end
    return "(" .. table.concat(parts, ", ") .. ")"
  end
  return m:fail("a dict key is a %s, expected a string or number", kind)
end

--- dict[key] = value as in Python.
function Machine:set(dict, key, value)
  dict[key_of(self, key)] = value
end

-- ---- the stack ----------------------------------------------------------------------------------

function Machine:push(v)
  local n = self.top + 1
  if n > MAX_STACK then self:fail("a stack of more than %d values", MAX_STACK) end
  self.stack[n], self.top = v, n
end

-- The lowest position that belongs to the innermost mark.
local function floor_of(m)
  return m.marks[#m.marks] or 0
end

function Machine:pop()
  local n = self.top
  if n <= floor_of(self) then self:fail("a value is missing on the stack") end
  local v = self.stack[n]
  self.stack[n], self.top = nil, n - 1
  return v
end

function Machine:peek()
  if self.top <= floor_of(self) then self:fail("a value is missing on the stack") end
  return self.stack[self.top]
end

function Machine:mark()
  if #self.marks >= MAX_STACK then self:fail("more than %d marks", MAX_STACK) end
  self.marks[#self.marks + 1] = self.top
end

--- Takes everything above the innermost mark, as a list.
function Machine:pop_mark()
  local count = #self.marks
  if count == 0 then self:fail("a mark is missing on the stack") end
  local from = self.marks[count]
  self.marks[count] = nil
  local items, stack = {}, self.stack
  for i = from + 1, self.top do
    items[i - from] = stack[i]
    stack[i] = nil
  end
  self.top = from
  return items
end

-- ---- the memo -----------------------------------------------------------------------------------

function Machine:put(index)
  if self.memo[index] == nil then
    self.memos = self.memos + 1
    if self.memos > MAX_MEMO then self:fail("more than %d memo entries", MAX_MEMO) end
  end
  self.memo[index] = self:peek()
end

function Machine:get(index)
  local v = self.memo[index]
  if v == nil then self:fail("memo entry %.0f is read before it is written", index) end
  self:push(v)
end

-- ---- names and objects --------------------------------------------------------------------------

--- Pushes what the name stands for.
function Machine:global(module, name)
  local entry, why = globals.find(module, name)
  if not entry then
    self:fail("global %s.%s %s", text.shown(module), text.shown(name), why)
  end
  if entry.value then return self:push(entry.value) end
  self.kinds[entry] = "global"
  return self:push(entry)
end

--- The result of a builder over its arguments.
function Machine:call(fn, args)
  if self:kind_of(args) ~= "tuple" then
    self:fail("arguments are a %s, expected a tuple", self:kind_of(args))
  end
  if self:kind_of(fn) ~= "global" or not fn.call then
    self:fail("a %s is called, expected an allowed function",
      self:kind_of(fn) == "global" and fn.name or self:kind_of(fn))
  end
  local result = fn.call(self, args)
  if result == nil then self:fail("%s without the arguments it needs", fn.name) end
  return result
end

--- Appends to a list (a set is one here).
function Machine:add_items(list, items)
  local kind = self:kind_of(list)
  if kind ~= "list" then self:fail("items are added to a %s, expected a list", kind) end
  local n = #list
  for i = 1, #items do list[n + i] = items[i] end
end

--- Sets items k1, v1, k2, v2, ... of a dict.
function Machine:set_items(dict, items)
  local kind = self:kind_of(dict)
  if kind ~= "dict" and kind ~= "object" then
    self:fail("keys are set in a %s, expected a dict", kind)
  end
  if #items % 2 == 1 then self:fail("a key without a value") end
  for i = 1, #items, 2 do self:set(dict, items[i], items[i + 1]) end
end

-- The attributes of an object of ours are its items; of those of a dict only `_metadata` counts.
local function set_attributes(m, object, kind, state)
  if m:kind_of(state) == "None" then return end
  if m:kind_of(state) ~= "dict" then
    if kind == "object" then
      object.state = state
      return
    end
    m:fail("the attributes of a %s are a %s, expected a dict", kind, m:kind_of(state))
  end
  if kind == "object" then
    for name, value in state do
      m:spend(1)
      object[name] = value
    end
  elseif state._metadata ~= nil and m:kind_of(state._metadata) == "dict" then
    metadata.set(object, state._metadata)
  end
end

--- BUILD: gives an object its state.
function Machine:build(object, state)
  local kind = self:kind_of(object)
  if builders[kind] then return builders[kind](self, object, state) end
  if kind == "tensor" then return end -- hooks and the like
  if kind ~= "dict" and kind ~= "object" then
    self:fail("a state for a %s, expected an object", kind)
  end
  if self:kind_of(state) == "tuple" and #state == 2 and kind == "dict" then -- with slots
    set_attributes(self, object, kind, state[1])
    return set_attributes(self, object, kind, state[2])
  end
  return set_attributes(self, object, kind, state)
end

--- A persistent id: what is outside the pickle.
function Machine:persistent(id)
  if not self.options.persistent then self:fail("a persistent id, expected plain data") end
  local storage = self.options.persistent(self, id)
  self.kinds[storage] = "storage"
  self:push(storage)
end

-- ---- running ------------------------------------------------------------------------------------

local function new_machine(f, offset, size, options)
  local budget = 1048576 + 2 * math.min(size, MAX_DERIVED)
  return setmetatable({
    input = input.new(f, offset, size, options.label or "pickle", options.base),
    options = options, none = NONE,
    stack = {}, top = 0, marks = {}, memo = {}, memos = 0,
    -- table -> what it is; this also keeps all of them until the end, so that the count of
    -- containers bounds the memory
    kinds = {}, containers = 0,
    budget = budget, largest = budget,
  }, Machine)
end

--- Reads the pickle in the `size` bytes of `f` from `offset`. Options: `label` and `base` (messages
--- call byte n "LABEL at byte BASE+n"), `persistent(machine, id) -> storage`,
--- `tensor(machine, spec) -> tensor`. Returns the tree, and the offset behind the pickle.
function pickle.read(f, offset, size, options)
  local m = new_machine(f, offset, size, options or {})
  local source = m.input
  repeat
    source.opcode = source.at
    local code = source:u8()
    local run = opcodes.run[code]
    if not run then
      m:fail("opcode %s is not allowed: a checkpoint holds data only", opcodes.name(code))
    end
  until run(m, source) == opcodes.STOP
  return tree.finish(m, m:pop()), offset + source.at
end

return pickle
