-- folder.lua: the output folder: a failure is found early, the folder is made late.

local ffi = require "ffi"
local common = require "lacuna.cli.common"

ffi.cdef [[
  int access(const char *path, int mode);
  int mkdir(const char *path, unsigned mode);
  char *strerror(int number);
]]

local folder = {}

local WRITABLE, EXISTS = 2, 0

local function reason()
  return ffi.string(ffi.C.strerror(ffi.errno()))
end

local function is_folder(path)
  return ffi.C.access(path .. "/.", EXISTS) == 0
end

local function parent(path)
  local up = path:gsub("/+$", ""):match("^(.*)/[^/]*$")
  if up == nil then return "." end
  return up == "" and "/" or up
end

--- Raises unless `path` is a folder that can be written to, or can be made in one.
function folder.check(path)
  local nearest = path
  while ffi.C.access(nearest, EXISTS) ~= 0 and nearest ~= parent(nearest) do
    nearest = parent(nearest)
  end
  if not is_folder(nearest) then
    common.fail("%s: %s is not a folder", path, nearest == path and "this" or nearest)
  end
  if ffi.C.access(nearest, WRITABLE) ~= 0 then
    common.fail("%s: cannot write to %s (%s)", path, nearest, reason())
  end
end

--- Makes `path` and the folders above it that are missing.
function folder.make(path)
  if is_folder(path) then return end
  local up = parent(path)
  if up ~= path then folder.make(up) end
  if ffi.C.mkdir(path, 511) ~= 0 and not is_folder(path) then
    common.fail("%s: cannot make this folder (%s)", path, reason())
  end
end

--- The NAME of each scan's results; two scans of one name would overwrite each other's results.
function folder.names(scans)
  local names, taken = {}, {}
  for i, path in ipairs(scans) do
    local name = path:match("([^/]*)$"):gsub("%.[^.]*$", "")
    if taken[name] then
      common.fail("%s: its results would overwrite those of %s: both are named %s", path,
        taken[name], name)
    end
    names[i], taken[name] = name, path
  end
  return names
end

return folder
