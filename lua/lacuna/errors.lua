-- errors.lua: one line for a failure,
-- `file:line: module.path: op: what is, what was expected, a hint`.
--
-- file:line is the innermost frame outside this package that Lua still has. The module path is
-- found by walking the stack for running modules; nothing is recorded while things go well.

local errors = {}

local package_dir = debug.getinfo(1, "S").source:match("^(@.*/)errors%.lua$") or "@lua/lacuna/"

--- Set by nn/module.lua: the function through which modules are called, and one that names them.
errors.module_call = nil
errors.module_path = nil

local function is_ours(info)
  return info.what == "C" or info.source:sub(1, #package_dir) == package_dir
end

--- "file:line" of the innermost frame outside the package, or nil.
function errors.position()
  local level = 2
  while true do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if not is_ours(info) and info.currentline > 0 then
      return info.short_src .. ":" .. info.currentline
    end
    level = level + 1
  end
end

-- The modules that are running, outermost first, as {module, ...}.
local function running_modules()
  local found, level = {}, 2
  while true do
    local info = debug.getinfo(level, "f")
    if not info then break end
    if info.func == errors.module_call then
      local _, module = debug.getlocal(level, 1)
      table.insert(found, 1, module)
    end
    level = level + 1
  end
  return found
end

--- Raises `message` with position and module path in front. Errors that were raised here already
--- travel on unchanged.
function errors.raise(message)
  local parts = {}
  parts[#parts + 1] = errors.position()
  if errors.module_call and errors.module_path then
    local path = errors.module_path(running_modules())
    if path and path ~= "" then parts[#parts + 1] = path end
  end
  parts[#parts + 1] = message
  error(table.concat(parts, ": "), 0)
end

--- errors.raise with string.format.
function errors.raisef(format, ...)
  return errors.raise(string.format(format, ...))
end

--- Checks an options table against the allowed keys; an unknown key is an error that suggests the
--- nearest. Returns the table, or an empty one for nil.
function errors.options(op, opts, allowed)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    return errors.raisef("%s: options are a %s, expected a table", op, type(opts))
  end
  for key in pairs(opts) do
    if not allowed[key] then
      local names = {}
      for name in pairs(allowed) do names[#names + 1] = name end
      errors.raisef("%s: unknown option '%s'%s", op, tostring(key), errors.nearest(key, names))
    end
  end
  return opts
end

-- Edit distance of two short strings, with swapped neighbours counted as one edit.
local function distance(a, b)
  local before, previous = nil, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    local current = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local best = math.min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
      if before and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, before[j - 2] + 1)
      end
      current[j] = best
    end
    before, previous = previous, current
  end
  return previous[#b]
end

--- ", did you mean 'stride'?" for the nearest of `names`; else the names themselves.
function errors.nearest(key, names)
  if type(key) ~= "string" then return ", expected a table with names as keys" end
  table.sort(names)
  local best, best_distance
  for _, name in ipairs(names) do
    local d = distance(key:lower(), name:lower())
    if not best_distance or d < best_distance then best, best_distance = name, d end
  end
  if best and best_distance <= math.max(2, math.floor(#key / 3)) then
    return ", did you mean '" .. best .. "'?"
  end
  return ", expected one of: " .. table.concat(names, ", ")
end

return errors
