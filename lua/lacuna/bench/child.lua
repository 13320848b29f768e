-- child.lua: measurements that need a process of their own: the whole `lacuna segment`, and other
-- kernels than this process has chosen.

local ffi = require "ffi"
local statistics = require "lacuna.bench.statistics"

local child = {}

ffi.cdef "long readlink(const char *path, char *text, size_t size);"

local function program()
  local text = ffi.new("char[4096]")
  local length = tonumber(ffi.C.readlink("/proc/self/exe", text, 4095))
  return length > 0 and ffi.string(text, length) or "lacuna"
end

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function read(words, environment)
  for i, word in ipairs(words) do words[i] = quote(word) end
  local pipe = io.popen(environment .. " " .. quote(program()) .. " " .. table.concat(words, " "))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function temporary_folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. quote(path)) == 0)
  return path
end

--- `lacuna segment` on `count` times the scan at `path`: seconds of the whole process over those of
--- its networks alone, as it prints them.
function child.segment_ratio(path, columns, count)
  local folder = temporary_folder()
  local words = { "segment", "--model", "minkunet", "-o", folder .. "/out", "--columns", columns }
  for i = 1, count do
    local name = string.format("%s/%02d.bin", folder, i)
    os.execute("ln -s \"$(realpath " .. quote(path) .. ")\" " .. quote(name))
    words[#words + 1] = name
  end
  local clock = require("lacuna.native").C.lac_clock
  local start = clock()
  local text = read(words, "")
  local seconds = clock() - start
  os.execute("rm -rf " .. quote(folder))
  local networks = 0
  for ms in text:gmatch("network ([%d.]+) ms") do networks = networks + tonumber(ms) / 1e3 end
  return networks > 0 and seconds / networks or nil
end

--- How fast MinkUNet runs with the kernels of `isa`, over the widest ones: median of the ratios of
--- runs in turn; nil where this machine has not both.
function child.isa_ratio(isa, words, rounds)
  local cjson, ratios = require "cjson", {}
  local function run(environment)
    local copy = { "bench", "--json", unpack(words) }
    local ok, found = pcall(cjson.decode, read(copy, environment))
    return ok and found.ms
  end
  for i = 1, rounds do
    local narrow, wide = run("LACUNA_ISA=" .. isa), run("")
    if not narrow or not wide then return nil end
    ratios[i] = wide / narrow
  end
  return statistics.median(ratios)
end

return child
