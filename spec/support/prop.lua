-- prop.lua: properties of random cases. A case that fails is made smaller as long as it fails, and
-- printed as one line by which it can be had again.
--
--   prop.check("sorted twice is sorted", { list = prop.rows {} }, function(case) ... end)
--
-- Case number i is drawn from seed + i; LACUNA_PROP_SEED is the first seed, LACUNA_PROP_RUNS the
-- number of cases of every property.

local mutate = require "spec.fuzz.mutate"

local prop = {}

local MOST_TRIES = 400 -- at making a case smaller

--- A generator: draw(random) gives a value of plain data, shrink(value) a list of smaller ones, the
--- smallest first.
local function generator(draw, shrink)
  return { draw = draw, shrink = shrink or function() return {} end }
end
prop.generator = generator

local function toward(value, target)
  local list, step = {}, value - target
  while step ~= 0 do
    list[#list + 1] = value - step
    step = step > 0 and math.floor(step / 2) or math.ceil(step / 2)
  end
  return list
end

--- A whole number from `low` to `high`; shrinks toward 0 or what is next to it.
function prop.int(low, high)
  local target = math.max(low, math.min(high, 0))
  return generator(function(random) return low + random(high - low + 1) end,
    function(value) return toward(value, target) end)
end

--- A number to make numbers from; nothing is smaller.
function prop.seed()
  return generator(function(random) return 1 + random(1000000) end)
end

--- One of a list; what stands before it is smaller.
function prop.choice(list)
  return generator(function(random) return list[1 + random(#list)] end, function(value)
    local before = {}
    for _, item in ipairs(list) do
      if item == value then break end
      before[#before + 1] = item
    end
    return before
  end)
end

--- `count` numbers, each shrunk by itself: kernel sizes, shapes.
function prop.list(count, low, high)
  local one = prop.int(low, high)
  return generator(function(random)
    local list = {}
    for i = 1, count do list[i] = one.draw(random) end
    return list
  end, function(value)
    local smaller = {}
    for i = 1, #value do
      for _, v in ipairs(one.shrink(value[i])) do
        local list = { unpack(value) }
        list[i] = v
        smaller[#smaller + 1] = list
      end
    end
    return smaller
  end)
end

local function unique(rows)
  local kept, seen = {}, {}
  for _, row in ipairs(rows) do
    local key = table.concat(row, ",")
    if not seen[key] then
      seen[key] = true
      kept[#kept + 1] = row
    end
  end
  return kept
end

-- Where a row may lie, in three kinds of sets.
local PLACES = {
  uniform = function(random, low, size)
    return low + random(size), low + random(size), low + random(size)
  end,
  line = function(random, low, size)
    local t = random(size)
    return low + t, low + math.floor(t / 2), low + random(2)
  end,
  clustered = function(random, low, size, centre)
    local function near(at) return low + math.min(math.max(at + random(3) - 1, 0), size - 1) end
    return near(centre), near(centre), near(size - 1 - centre)
  end,
}
local KINDS = { "uniform", "line", "clustered" }

--- Distinct rows (b,x,y,z), in no order: up to `count`, x, y, z from `low` to `high`, b below
--- `batch`. Shrinks to half of the rows, to all but one, and to coordinates half as large.
function prop.rows(opts)
  local low, size = opts.low or 0, (opts.high or 7) - (opts.low or 0) + 1
  local least = opts.least or 0
  return generator(function(random)
    local place, centre = PLACES[KINDS[1 + random(3)]], random(size)
    local rows = {}
    for i = 1, math.max(random((opts.count or 40) + 1), 2 * least) do
      rows[i] = { random(opts.batch or 1), place(random, low, size, centre) }
    end
    rows = unique(rows)
    return #rows >= least and rows or { { 0, low, low, low } }
  end, function(rows)
    local smaller = {}
    local function without(from, to)
      local kept = {}
      for i, row in ipairs(rows) do
        if i < from or i > to then kept[#kept + 1] = row end
      end
      if #kept < #rows and #kept >= least then smaller[#smaller + 1] = kept end
    end
    local step = #rows
    while step >= 1 do
      for from = 1, #rows, step do without(from, from + step - 1) end
      step = math.floor(step / 2)
    end
    local function halve(from, to)
      local halved, changed = {}, false
      for i, row in ipairs(rows) do
        halved[i] = { unpack(row) }
        for a = 2, i >= from and i <= to and 4 or 1 do
          halved[i][a] = math.max(low, math.floor(row[a] / 2))
          changed = changed or halved[i][a] ~= row[a]
        end
      end
      halved = unique(halved)
      if changed and #halved >= least then smaller[#smaller + 1] = halved end
    end
    halve(1, #rows)
    for i = 1, #rows <= 8 and #rows or 0 do halve(i, i) end
    return smaller
  end)
end

--- A value of plain data as Lua.
function prop.show(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts, keys = {}, {}
  for i, item in ipairs(value) do parts[i] = prop.show(item) end
  for key in pairs(value) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do parts[#parts + 1] = key .. " = " .. prop.show(value[key]) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- The smallest case that is found to fail, and its message, starting from one that does.
function prop.shrink(generators, case, message, fails)
  local tries, again = 0, true
  while again do
    again = false
    for _, key in ipairs(sorted_keys(generators)) do
      for _, value in ipairs(generators[key].shrink(case[key])) do
        if tries == MOST_TRIES then return case, message end
        tries = tries + 1
        local smaller = {}
        for k, v in pairs(case) do smaller[k] = v end
        smaller[key] = value
        local why = fails(smaller)
        if why then
          case, message, again = smaller, why, true
          break
        end
      end
    end
  end
  return case, message
end

--- Draws `runs` cases (60) of { key = generator } and calls holds(case), which raises where the
--- property does not hold.
function prop.check(name, generators, holds, runs)
  local first = tonumber(os.getenv("LACUNA_PROP_SEED") or 1)
  local function fails(case)
    local ok, message = pcall(holds, case)
    if not ok then
      return (type(message) == "table" and tostring(message.message or message)
        or tostring(message)):gsub("%s+", " ")
    end
  end
  for seed = first, first + (tonumber(os.getenv("LACUNA_PROP_RUNS")) or runs or 60) - 1 do
    local random, case = mutate.random(seed * 7919), {}
    random(2) -- the first of neighbouring states are alike
    for _, key in ipairs(sorted_keys(generators)) do case[key] = generators[key].draw(random) end
    local message = fails(case)
    if message then
      case, message = prop.shrink(generators, case, message, fails)
      error(("%s: not for %s (again: LACUNA_PROP_SEED=%d LACUNA_PROP_RUNS=1): %s"):format(name,
        prop.show(case), seed, message), 0)
    end
  end
end

return prop
