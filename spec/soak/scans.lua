-- scans.lua N [SECONDS [SEED [LARGEST]]]: N scans of random size (0 to LARGEST points, most small),
-- or as many as fit into SECONDS, through one network in one process. Prints times by voxels, those
-- of one scan that comes back and how resident memory went; fails where memory grows after the
-- first quarter or the scan that comes back gives other bits.

local lacuna = require "lacuna"
local ffi = require "ffi"

local N = tonumber(arg[1]) or 10000
local SECONDS = tonumber(arg[2]) or math.huge
local SEED = tonumber(arg[3]) or 1
local LARGEST = tonumber(arg[4]) or 300000
local VOXEL = 0.4
local BOUNDS = { 0, 10, 100, 1000, 10000, math.huge } -- voxels
local GROWTH, ALLOWANCE = 1.02, 4e6 -- of resident bytes, between the second quarter and the last

math.randomseed(SEED)
lacuna.manual_seed(SEED)
local clock = ffi.load(os.getenv "LACUNA_LIB_DIR" .. "/liblacuna.so").lac_clock
local cloud = lacuna.io.synthetic_scan { beams = 64, azimuths = 6000, seed = SEED }
local net = lacuna.models.minkunet { cr = 0.25, num_classes = 5 }
local all = cloud:size(1)

local function resident()
  local file = assert(io.open "/proc/self/statm")
  local pages = tonumber(file:read("*l"):match("^%d+ (%d+)"))
  file:close()
  return pages * 4096
end

local function run(first, count, shift)
  local points = cloud:narrow(1, first, count) + shift
  local x = lacuna.quantize(points, { voxel_size = VOXEL, origin = "min" })
  local y = net(x)
  y:data()
  return y, x:size(1)
end

local function digest(t)
  local words, sum = ffi.cast("uint32_t *", t:data()), 0
  for i = 0, t:numel() - 1 do sum = (sum * 31 + tonumber(words[i])) % 2 ^ 45 end
  return sum
end

local function bucket(voxels)
  for i, bound in ipairs(BOUNDS) do
    if voxels <= bound then return i end
  end
end

local largest = math.min(LARGEST, all)

-- One scan that comes back: the fastest of five times in milliseconds, and its digest.
local function probe()
  local best, bits = math.huge, nil
  for _ = 1, 5 do
    local t = clock()
    local y = run(1, 5000, 0)
    best, bits = math.min(best, (clock() - t) * 1e3), digest(y)
  end
  return best, bits
end

local _, expected = probe()
for _ = 1, 3 do run(1, largest, 0.1) end -- the most that the pool will need

-- What is kept of each scan lies outside of Lua's heap, so that memory tells of the library alone.
local voxels, ms, memory = ffi.new("double[?]", N + 1), ffi.new("double[?]", N + 1),
  ffi.new("double[?]", N + 1)
local n, wrong, probes = 0, 0, {}
local start = clock()
for i = 1, N do
  if clock() - start > SECONDS then break end
  -- Sizes are uniform in their logarithm; one in twenty is 0.
  local count = i % 20 == 0 and 0 or math.floor(math.exp(math.random() * math.log(largest)))
  local first = 1 + math.random(0, all - count)
  local t = clock()
  local _, size = run(first, count, math.random())
  n, voxels[i], ms[i], memory[i] = i, size, (clock() - t) * 1e3, resident()
  if i % math.max(1, math.floor(N / 100)) == 0 then
    local bits
    probes[#probes + 1], bits = probe()
    if bits ~= expected then
      wrong = wrong + 1
      print(string.format("FAILED soak scans: seed %d: scan %d: the first scan gives other bits",
        SEED, i))
    end
  end
end

local function percentile(list, p)
  if #list == 0 then return 0 / 0 end
  table.sort(list)
  return list[math.max(1, math.ceil(p * #list))]
end

print(string.format("%d scans in %.0f s, seed %d", n, clock() - start, SEED))
print("voxels          scans    p50 ms    p99 ms  first quarter p50  last quarter p50")
local low = 0
for i, bound in ipairs(BOUNDS) do
  local times, first, last = {}, {}, {}
  for j = 1, n do
    if bucket(voxels[j]) == i then
      times[#times + 1] = ms[j]
      if j <= n / 4 then first[#first + 1] = ms[j] end
      if j > 3 * n / 4 then last[#last + 1] = ms[j] end
    end
  end
  print(string.format("%6d - %-6s %6d %9.2f %9.2f %18.2f %17.2f", low,
    bound == math.huge and "" or bound, #times, percentile(times, 0.5), percentile(times, 0.99),
    percentile(first, 0.5), percentile(last, 0.5)))
  low = bound == math.huge and low or bound + 1
end

-- The median of a quarter of `count` values, 1 to 4.
local function quarter(values, count, number)
  local some = {}
  for i = math.floor((number - 1) * count / 4) + 1, math.floor(number * count / 4) do
    some[#some + 1] = values[i]
  end
  return percentile(some, 0.5)
end
print(string.format("the scan that comes back: %.2f ms in the first quarter, %.2f ms in the last",
  quarter(probes, #probes, 1), quarter(probes, #probes, 4)))

-- Least squares over what follows the first quarter.
local sum_x, sum_y, sum_xx, sum_xy, count = 0, 0, 0, 0, 0
for i = math.floor(n / 4) + 1, n do
  sum_x, sum_y, count = sum_x + i, sum_y + memory[i], count + 1
  sum_xx, sum_xy = sum_xx + i * i, sum_xy + i * memory[i]
end
local slope = (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x)
local second, last = quarter(memory, n, 2), quarter(memory, n, 4)
print(string.format("resident: %.1f MB in the second quarter, %.1f MB in the last, slope %.1f KB "
  .. "per 1000 scans", second / 1e6, last / 1e6, slope))
local failed = wrong
if last > second * GROWTH + ALLOWANCE then
  failed = failed + 1
  print(string.format("FAILED soak scans: seed %d: resident memory grew by %.1f MB", SEED,
    (last - second) / 1e6))
end
print(string.format("soak scans: %d passed, %d failed", n, failed))
os.exit(failed == 0 and 0 or 1)
