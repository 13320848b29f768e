-- together.lua: several files of one run, written all or none: when one fails, those before it get
-- back what they had. Each must be written whole or not at all by itself, so that a kill leaves
-- every one old or new.

local ffi = require "ffi"

local together = {}

ffi.cdef [[
int link(const char *from, const char *to);
int getpid(void);
]]

-- A second name for the old file, or nil where there is none (or where names cannot be shared).
local function keep(path)
  local kept = string.format("%s.%d.old.tmp", path, ffi.C.getpid())
  os.remove(kept) -- of a process with this number that was killed
  return ffi.C.link(path, kept) == 0 and kept or nil
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- Runs the steps, each {path, function(path) that writes it}, in order.
function together.write(steps)
  local written, ok, message = {}, true, nil
  for _, step in ipairs(steps) do
    local path = step[1]
    local entry = { path = path, existed = exists(path) }
    entry.kept = entry.existed and keep(path)
    ok, message = pcall(step[2], path)
    if not ok then
      if entry.kept then os.remove(entry.kept) end
      break
    end
    written[#written + 1] = entry
  end
  for _, entry in ipairs(written) do
    if ok then
      if entry.kept then os.remove(entry.kept) end
    elseif entry.kept then
      os.rename(entry.kept, entry.path)
    elseif not entry.existed then
      os.remove(entry.path)
    end
  end
  if not ok then error(message, 0) end
end

return together
