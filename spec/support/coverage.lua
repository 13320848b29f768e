-- coverage.lua OBJECTS - what the checks have run of runtime/, from gcov's text: lines a
-- folder and in all, the files that fall short, exported functions that nothing called. Fails where
-- one is left or the total is below LEAST. A line of a kernel built for several instruction sets
-- counts once it ran in one of them; what is built only for one that this CPU lacks does not count.

local LEAST, SHORT = 90, 90

local objects = assert(arg[1], "coverage.lua OBJECTS")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local lines, called = {}, {} -- [file][line] and [function]: how often it ran

-- The text of gcov for one object: "function NAME called N returned ..." and "COUNT: LINE:SOURCE".
local function add(text)
  local file
  for line in text:gmatch("[^\n]+") do
    local name, calls = line:match("^function (%S+) called (%d+)")
    if name then
      called[name] = (called[name] or 0) + tonumber(calls)
    else
      local count, number, source = line:match("^%s*([%d#=%-]+)%*?:%s*(%d+):(.*)$")
      if count and number == "0" then
        local path = source:match("^Source:(.*)$")
        if path then file = path:match("^(runtime/.*)$") or path:match("/(runtime/.*)$") or "" end
      elseif count and file and file ~= "" and count ~= "-" then
        lines[file] = lines[file] or {}
        local ran = tonumber(count) or 0
        lines[file][tonumber(number)] = math.max(lines[file][tonumber(number)] or 0, ran)
      end
    end
  end
end

-- The builds of the kernels that this CPU cannot run, by the flag that it would have.
local needs = { avx2 = "avx2", avx512 = "avx512f", avx512bf16 = "avx512_bf16" }
local flags = " " .. (read("/proc/cpuinfo"):match("flags%s*:([^\n]*)") or "") .. " "
local lacks = {}
for isa, flag in pairs(needs) do
  if not flags:find(" " .. flag .. " ", 1, true) then lacks[isa] = true end
end

for notes in output("find '" .. objects .. "' -name '*.gcno'"):gmatch("[^\n]+") do
  local isa = notes:match("/isa/(%w+)/")
  if (isa or notes:find("/runtime/")) and not lacks[isa or ""] then
    add(output("gcov -b -t '" .. notes .. "' 2>/dev/null"))
  end
end

local function share(hit, all) return all == 0 and 100 or 100 * hit / all end

local folders, files, hit, all = {}, {}, 0, 0
for file, counts in pairs(lines) do
  local h, a, missed = 0, 0, {}
  for number, ran in pairs(counts) do
    a = a + 1
    if ran > 0 then h = h + 1 else missed[#missed + 1] = number end
  end
  table.sort(missed)
  files[#files + 1] = { name = file, hit = h, all = a, missed = missed }
  local name = file:match("^(.*)/")
  local folder = folders[name] or { name = name, hit = 0, all = 0 }
  folders[name] = folder
  folder.hit, folder.all, hit, all = folder.hit + h, folder.all + a, hit + h, all + a
end

-- 5,6,7,9 -> "5-7 9"
local function ranges(numbers)
  local parts, i = {}, 1
  while i <= #numbers do
    local j = i
    while numbers[j + 1] == numbers[j] + 1 do j = j + 1 end
    parts[#parts + 1] = i == j and tostring(numbers[i]) or numbers[i] .. "-" .. numbers[j]
    i = j + 1
  end
  return table.concat(parts, " ")
end

table.sort(files, function(a, b) return a.name < b.name end)
for isa in pairs(lacks) do print("left out, as this CPU lacks it: kernels of " .. isa) end
print(string.format("files below %d %%, and their lines that did not run:", SHORT))
for _, file in ipairs(files) do
  if share(file.hit, file.all) < SHORT then
    print(string.format("  %5.1f %%  %s: %s", share(file.hit, file.all), file.name,
      ranges(file.missed)))
  end
end

local names = {}
for _, folder in pairs(folders) do names[#names + 1] = folder end
table.sort(names, function(a, b) return a.name < b.name end)
print()
for _, folder in ipairs(names) do
  print(string.format("%-28s %6d of %6d lines  %5.1f %%", folder.name, folder.hit, folder.all,
    share(folder.hit, folder.all)))
end
print(string.format("%-28s %6d of %6d lines  %5.1f %%", "runtime", hit, all, share(hit, all)))

local exported, never = 0, {}
for _, header in ipairs { "lacuna.h", "lacuna_script.h", "lacuna_dlpack.h" } do
  local text = read("runtime/include/lacuna/" .. header):gsub("/%*.-%*/", "")
  for name in text:gmatch("[%s%*](lac_[%w_]+)%(") do
    exported = exported + 1
    if (called[name] or 0) == 0 then never[#never + 1] = name end
  end
end
table.sort(never)
print(string.format("exported functions: %d, never called: %d%s", exported, #never,
  #never > 0 and " (" .. table.concat(never, " ") .. ")" or ""))

local function check(truth, message)
  if not truth then print("FAILED coverage: " .. message) end
  return truth
end
local well = check(exported > 150, "expected more than 150 exported functions in the headers")
well = check(#never == 0, "expected every exported function to be called") and well
well = check(share(hit, all) >= LEAST, string.format("%.1f %% of the lines, expected %d %%",
  share(hit, all), LEAST)) and well
os.exit(well and 0 or 1)
