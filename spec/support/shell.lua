-- shell.lua: runs the program as a user would, through a shell, and looks at what it leaves behind.

local shell = {}

local build = os.getenv("LACUNA_BUILD") or "build"

local function absolute(path)
  if path:sub(1, 1) == "/" then return path end
  local pipe = io.popen("pwd")
  local here = pipe:read("*l")
  pipe:close()
  return here .. "/" .. path
end

--- The folder of the build, and the program in it.
shell.build = absolute(build)
shell.program = shell.build .. "/lacuna"
shell.tree = absolute(".")

--- `text` as one word of a shell command.
function shell.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- The content of a file, or nil.
function shell.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

--- Writes a file.
function shell.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Runs a shell command. Returns {status=, out=, err=}.
function shell.run(command)
  local base = os.tmpname()
  local out, err, status = base .. ".out", base .. ".err", base .. ".status"
  os.execute(string.format("( %s\n) >%s 2>%s </dev/null; echo $? >%s", command, out, err, status))
  local result = {
    status = tonumber(shell.read(status)), out = shell.read(out), err = shell.read(err),
  }
  for _, path in ipairs { base, out, err, status } do os.remove(path) end
  return result
end

--- Runs the program with these arguments, each one word.
function shell.lacuna(...)
  local words = { shell.quote(shell.program) }
  for _, word in ipairs { ... } do words[#words + 1] = shell.quote(word) end
  return shell.run(table.concat(words, " "))
end

--- A new folder, and a function that removes it.
function shell.folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. shell.quote(path)) == 0)
  return path, function() os.execute("rm -rf " .. shell.quote(path)) end
end

--- The names in a folder, sorted, "" for an empty or missing one.
function shell.list(path)
  local names = shell.run("ls -A " .. shell.quote(path) .. " 2>/dev/null").out
  return (names:gsub("\n", " "):gsub(" $", ""))
end

--- float32 values as the bytes of a .bin file.
function shell.floats(values)
  local ffi = require "ffi"
  return ffi.string(ffi.new("float[?]", #values, values), 4 * #values)
end

return shell
