-- cache.lua: choices in a text file, one a line:
--
--   exact  cpu/avx512/AMD_EPYC  0.1.0  cpu float32 27 6 6 16 2  FetchOnDemand  FetchOnDemand=12.5
--
-- `exact` or `rounding` (tuned with allow_rounding), machine, library version, key, choice, and the
-- medians in milliseconds. Fields are separated by tabs. A line of another machine or version is
-- kept and not used; a damaged one is dropped at the next write. Both are counted and said.

local ffi = require "ffi"
local choices = require "lacuna.tune.choices"
local errors = require "lacuna.errors"
local native = require "lacuna.native"

ffi.cdef "int getpid(void);"

local cache = {}

local HEADER = "# lacuna tuning: kind, machine, version, key (" .. table.concat(choices.fields, " ")
  .. "), choice, ms\n"

local machine_name

--- Processor and kernels as one word: times of one machine say little about another.
function cache.machine()
  if machine_name then return machine_name end
  local model = "unknown"
  local file = io.open("/proc/cpuinfo", "r")
  for line in file and file:lines() or function() end do
    local found = line:match("^model name%s*:%s*(.-)%s*$")
    if found then
      model = found
      break
    end
  end
  if file then file:close() end
  machine_name = "cpu/" .. ffi.string(native.C.lac_context_isa(native.ctx)) .. "/"
    .. model:gsub("[^%w.@-]+", "_")
  return machine_name
end

--- $XDG_CACHE_HOME/lacuna/tuning.txt, or below ~/.cache.
function cache.default_path()
  local base = os.getenv("XDG_CACHE_HOME")
  if not base or base == "" then base = (os.getenv("HOME") or ".") .. "/.cache" end
  return base .. "/lacuna/tuning.txt"
end

local function split(text, pattern)
  local words = {}
  for word in text:gmatch(pattern) do words[#words + 1] = word end
  return words
end

local dtypes = { float32 = true, float16 = true, bfloat16 = true }

local function parse_key(text)
  local words = split(text, "%S+")
  if #words ~= #choices.fields or words[1] ~= "cpu" or not dtypes[words[2]] then return nil end
  local key = { device = words[1], dtype = words[2] }
  for i = 3, #words do
    local number = words[i]:match("^%d+$") and tonumber(words[i])
    if not number or number >= 2 ^ 31 then return nil end
    key[choices.fields[i]] = number
  end
  return key.taps >= 1 and key.density <= 16 and key or nil
end

-- An entry from a line, or nil where it is damaged.
local function parse(line)
  local fields = split(line, "[^\t]+")
  local kind, machine, version = fields[1], fields[2], fields[3]
  if #fields ~= 6 or (kind ~= "exact" and kind ~= "rounding") then return nil end
  local key, choice, ms = parse_key(fields[4]), choices.by_name(fields[5]), {}
  if not key or not choice or (kind == "exact" and key.dtype == "float32" and not choice.equal) then
    return nil
  end
  for _, pair in ipairs(split(fields[6], "%S+")) do
    local name, number = pair:match("^([%w/]+)=([%d.]+)$")
    if not name or not tonumber(number) then return nil end
    ms[name] = tonumber(number)
  end
  return { kind = kind, machine = machine, version = version, key = key, choice = choice, ms = ms }
end

local function format(entry)
  local times = {}
  for _, choice in ipairs(choices.list) do
    local ms = entry.ms[choice.name]
    if ms then times[#times + 1] = string.format("%s=%.4f", choice.name, ms) end
  end
  return table.concat({ entry.kind, entry.machine, entry.version, choices.text(entry.key),
    entry.choice.name, table.concat(times, " ") }, "\t")
end

local function identity(entry)
  return table.concat({ entry.kind, entry.machine, entry.version, choices.text(entry.key) }, "\t")
end

local function version()
  return ffi.string(native.C.lac_version())
end

function cache.exists(path)
  local file = type(path) == "string" and io.open(path, "rb")
  if file then file:close() end
  return file and true or false
end

--- Reads a cache file. Returns all its sound entries, and notes, lines for people, about the
--- others; an entry that is of use here has `here = true`. nil and a message where there is no
--- such file.
function cache.read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text, reason = file:read("*a")
  file:close()
  if not text then return nil, path .. ": " .. tostring(reason) end
  local entries, notes, damaged, foreign, first = {}, {}, 0, 0, nil
  local number = 0
  for line in (text .. "\n"):gmatch("(.-)\r?\n") do
    number = number + 1
    if line ~= "" and line:sub(1, 1) ~= "#" then
      local entry = parse(line)
      if entry then
        entry.here = entry.machine == cache.machine() and entry.version == version()
        if not entry.here then foreign = foreign + 1 end
        entries[#entries + 1] = entry
      else
        damaged = damaged + 1
        first = first or number
      end
    end
  end
  if damaged > 0 then
    notes[1] = string.format("%s: %d damaged line%s ignored, the first is line %d", path, damaged,
      damaged == 1 and "" or "s", first)
  end
  if foreign > 0 then
    notes[#notes + 1] = string.format("%s: %d line%s of another machine or version ignored", path,
      foreign, foreign == 1 and "" or "s")
  end
  return entries, notes
end

--- The entries that are of use here, by text of their key: exact ones, and with allow_rounding
--- those that were tuned with it, which then go first. Also how many were left out without it.
function cache.usable(entries, allow_rounding)
  local known, left_out = {}, 0
  for _, kind in ipairs { "rounding", "exact" } do
    for _, entry in ipairs(entries) do
      if entry.here and entry.kind == kind then
        local name = choices.text(entry.key)
        if kind == "rounding" and not allow_rounding then
          left_out = left_out + 1
        else
          known[name] = known[name] or entry
        end
      end
    end
  end
  return known, left_out
end

--- What is measured here, as an entry of the file.
function cache.entry(key, choice, ms, allow_rounding)
  return {
    kind = allow_rounding and "rounding" or "exact", machine = cache.machine(), version = version(),
    key = key, choice = choice, ms = ms, here = true,
  }
end

--- Writes `entries` over those of the same kind, machine, version and key in the file, and keeps
--- its others. The file appears whole or stays as it was.
function cache.write(path, entries)
  local all = cache.read(path) or {}
  local at = {}
  for i, entry in ipairs(all) do at[identity(entry)] = i end
  for _, entry in ipairs(entries) do
    local i = at[identity(entry)] or #all + 1
    all[i], at[identity(entry)] = entry, i
  end
  local lines = {}
  for i, entry in ipairs(all) do lines[i] = format(entry) .. "\n" end
  table.sort(lines)
  local folder = path:match("^(.*)/[^/]*$")
  if folder and folder ~= "" then require("lacuna.cli.folder").make(folder) end
  local temporary = string.format("%s.%d.tmp", path, ffi.C.getpid())
  local file, message = io.open(temporary, "wb")
  if not file then errors.raisef("tune: %s", message) end
  local ok, reason = file:write(HEADER, table.concat(lines))
  if ok then ok, reason = file:flush() end
  file:close()
  if ok then ok, reason = os.rename(temporary, path) end
  if not ok then
    os.remove(temporary)
    errors.raisef("tune: %s: %s", path, tostring(reason))
  end
end

return cache
