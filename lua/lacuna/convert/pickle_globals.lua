-- pickle_globals.lua: the names that a pickle may mention, and the data that each builds.
--
-- A name stands for a small function of ours over data that was read already; nothing is looked up
-- outside these tables. An entry is { name=, call = function(machine, args), ... }, or { value=v }
-- for a name that is data itself, or { refuse = why }.

local text = require "lacuna.convert.pickle_text"

local globals = {}

local entries = {}

local function define(names, entry)
  for name in names:gmatch("%S+") do
    local copy = { name = name }
    for key, value in pairs(entry) do copy[key] = value end
    entries[name] = copy
  end
end

globals.define = define

-- ---- Python's own -------------------------------------------------------------------------------

-- dict(), dict(mapping), dict(list of pairs): OrderedDict of Python 2 comes as the last.
local function dict(m, args)
  local d, from = m:make_dict("dict"), args[1]
  local kind = m:kind_of(from)
  if from == nil or kind == "None" then return d end
  if kind == "dict" then
    for key, value in from do
      m:spend(1)
      d[key] = value
    end
  elseif kind == "list" or kind == "tuple" then
    m:spend(#from)
    for i = 1, #from do
      local pair = from[i]
      local is = m:kind_of(pair)
      if (is ~= "list" and is ~= "tuple") or #pair ~= 2 then
        m:fail("item %d of a dict is not a pair", i)
      end
      m:set(d, pair[1], pair[2])
    end
  else
    m:fail("a dict made of a %s, expected a dict or pairs", kind)
  end
  return d
end

local function list(m, args)
  local from = args[1]
  local kind = m:kind_of(from)
  if from == nil then return m:make("list", {}) end
  if kind ~= "list" and kind ~= "tuple" then m:fail("a list made of a %s", kind) end
  m:spend(#from)
  local copy = {}
  for i = 1, #from do copy[i] = from[i] end
  return m:make("list", copy)
end

-- The arguments themselves: complex(re, im), slice(a, b, c), range(a, b, c).
local function as_list(m, args)
  local copy = {}
  for i = 1, #args do copy[i] = args[i] end
  return m:make("list", copy)
end

local LATIN = { latin1 = true, ["latin-1"] = true, ["iso-8859-1"] = true }
local PLAIN = { ascii = true, utf8 = true, ["utf-8"] = true }

local function encode(m, args)
  local s, codec = args[1], args[2] or "utf-8"
  if type(s) ~= "string" or type(codec) ~= "string" then
    m:fail("a text to encode is a %s, expected a string", m:kind_of(s))
  end
  m:spend(#s)
  if PLAIN[codec] then return s end
  if not LATIN[codec] then m:fail("codec %s, expected latin1", text.shown(codec)) end
  return text.to_latin1(s) or m:fail("a latin1 text holds other letters")
end

local function bytearray(m, args)
  if args[1] == nil then return "" end
  return encode(m, { args[1], args[2] or "utf-8" })
end

define("collections.OrderedDict builtins.dict", { call = dict })
define("collections.Counter", { call = dict })
define("collections.defaultdict", { call = function(m, args) return dict(m, { args[2] }) end })
define("builtins.list builtins.tuple builtins.set builtins.frozenset collections.deque",
  { call = list })
define("builtins.complex builtins.slice builtins.range builtins.xrange", { call = as_list })
define("builtins.bytearray", { call = bytearray })
define("_codecs.encode", { call = encode })
define("builtins.bytes", { call = function(m, args) -- empty ones before protocol 3
  return #args == 0 and "" or m:fail("bytes made of a %s, expected none", m:kind_of(args[1]))
end })
define("builtins.int builtins.float builtins.str builtins.bool builtins.object", {})
define("builtins.unicode builtins.long", {})

-- Protocols 0 and 1 make every object through this: (class, base, state of the base).
define("copyreg._reconstructor", { call = function(m, args)
  local class = args[1]
  if m:kind_of(class) ~= "global" or not class.call then
    m:fail("copyreg._reconstructor of a %s, expected an allowed class", m:kind_of(class))
  end
  local base = m:kind_of(args[2]) == "global" and args[2].name
  return class.call(m, { base ~= "builtins.object" and args[3] or nil })
end })

-- Objects whose attributes are their data.
local function object(m) return m:make_dict("object") end

define("argparse.Namespace types.SimpleNamespace", { call = object })
define("mmengine.logging.history_buffer.HistoryBuffer mmengine.config.config.Config",
  { call = object })
define("mmcv.utils.config.Config", { call = object })
define([[easydict.EasyDict addict.Dict addict.addict.Dict mmcv.utils.config.ConfigDict
  mmengine.config.config.ConfigDict]], { call = dict })

define([[pathlib.Path pathlib.PosixPath pathlib.WindowsPath pathlib.PurePath
  pathlib.PurePosixPath pathlib.PureWindowsPath pathlib._local.PosixPath
  pathlib._local.WindowsPath pathlib._local.PurePosixPath pathlib._local.PureWindowsPath]],
  { call = function(m, args)
    local total = 0
    for i = 1, #args do
      if type(args[i]) ~= "string" then m:fail("a part of a path is a %s", m:kind_of(args[i])) end
      total = total + #args[i]
    end
    m:spend(total)
    return (table.concat(args, "/"):gsub("^//+", "/"))
  end })

-- ---- time ---------------------------------------------------------------------------------------

-- The packed bytes of the datetime classes; Python 2 wrote them as text.
local function packed(m, value, length)
  local s = type(value) == "string" and value or ""
  if #s ~= length then s = text.to_latin1(s:sub(1, 64)) or "" end
  if #s ~= length then m:fail("a packed time of %d bytes, expected %d", #s, length) end
  return s
end

local function clock(s, at)
  local h, min, sec, a, b, c = s:byte(at, at + 5)
  local micro = a * 65536 + b * 256 + c
  return ("%02d:%02d:%02d"):format(h % 128, min, sec)
    .. (micro > 0 and (".%06d"):format(micro) or "")
end

local function day(s)
  local a, b, month, d = s:byte(1, 4)
  return ("%04d-%02d-%02d"):format(a * 256 + b, month % 128, d)
end

define("datetime.datetime", { call = function(m, args)
  local s = packed(m, args[1], 10)
  local zone = type(args[2]) == "string" and args[2]:sub(1, 40) or ""
  return day(s) .. " " .. clock(s, 5) .. zone
end })
define("datetime.date", { call = function(m, args) return day(packed(m, args[1], 4)) end })
define("datetime.time", { call = function(m, args) return clock(packed(m, args[1], 6), 1) end })
define("datetime.timedelta", { call = function(m, args)
  local days, seconds, micro = args[1] or 0, args[2] or 0, args[3] or 0
  for _, v in ipairs { days, seconds, micro } do
    if type(v) ~= "number" then m:fail("a time difference of a %s", m:kind_of(v)) end
  end
  return ("%.17g s"):format(days * 86400 + seconds + micro / 1e6)
end })
define("datetime.timezone", { call = function(m, args)
  if type(args[1]) ~= "string" then m:fail("a time zone of a %s", m:kind_of(args[1])) end
  return " UTC+" .. args[1]:sub(1, 30)
end })

-- ---- what is refused by name --------------------------------------------------------------------

local MODULE = "is a pickled module: a file of its tensors alone is expected, save its state_dict()"

local function refusal(module, name)
  if module:find("^torch%.nn%.modules%.") or module == "torch.nn.parallel.data_parallel"
    or module == "torch.nn.parallel.distributed" then
    return MODULE
  end
  if module == "torch.storage" and name == "_load_from_bytes" then
    return "is a checkpoint inside a pickle: save the tensors with torch.save"
  end
end

globals.MODULE = MODULE

-- ---- looking up ---------------------------------------------------------------------------------

local ALIASES = { __builtin__ = "builtins", copy_reg = "copyreg" } -- Python 2

-- Most classes that are refused are somebody's network, saved as a whole.
local CLASS_HINT = " (of a pickled module, save its state_dict())"

--- The entry of a global, or nil and why not.
function globals.find(module, name)
  local entry = entries[(ALIASES[module] or module) .. "." .. name]
  if entry and not entry.refuse then return entry end
  return nil, entry and entry.refuse or refusal(module, name)
    or "is not allowed: a checkpoint holds data only" .. (name:find("^%u") and CLASS_HINT or "")
end

return globals
