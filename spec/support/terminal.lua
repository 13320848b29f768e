-- terminal.lua: drives a program on a pseudo-terminal, given by script(1).
--
-- Every step waits for what it expects to see, never for a time, so that a slow machine only makes
-- a spec slow.

local ffi = require "ffi"
local shell = require "spec.support.shell"

ffi.cdef "int usleep(unsigned microseconds);"

local terminal = {}
terminal.__index = terminal

local PATIENCE = 60 -- seconds until a step has failed
local SCRIPT = "SHELL=/bin/sh script"

--- Whether this machine has script(1) and terminals to give.
function terminal.available()
  return shell.run(SCRIPT .. " -qec true /dev/null").status == 0
end

--- Starts a program on a terminal. It takes the place of the shell that script(1) starts: Ctrl-C
--- goes to all that is on the terminal, and a waiting dash would end with 130 whatever it runs.
function terminal.start(command)
  local folder, remove = shell.folder()
  local self = setmetatable({ log = folder .. "/log", status = folder .. "/status", seen = 0,
    remove = remove }, terminal)
  self.pipe = io.popen(string.format("%s -qefc %s %s >/dev/null 2>&1; echo $? >%s", SCRIPT,
    shell.quote("exec " .. command), self.log, self.status), "w")
  return self
end

--- All that the program has shown, without carriage returns.
function terminal:output()
  return ((shell.read(self.log) or ""):gsub("\r", ""))
end

-- Polls until `look` gives something.
local function wait(look)
  local deadline = os.time() + PATIENCE
  while true do
    local found = look()
    if found or os.time() > deadline then return found end
    ffi.C.usleep(10000)
  end
end

--- Waits until `pattern` matches behind what earlier steps have matched; returns the match.
function terminal:expect(pattern)
  local first, last = nil, nil
  wait(function()
    first, last = self:output():find(pattern, self.seen + 1)
    return first
  end)
  if not first then
    error(string.format("no '%s' in what followed: %s", pattern,
      self:output():sub(self.seen + 1)), 2)
  end
  self.seen = last
  return self:output():sub(first, last)
end

--- Types `text`.
function terminal:send(text)
  self.pipe:write(text)
  self.pipe:flush()
  return self
end

--- Waits until the program has ended; returns its exit status.
function terminal:wait()
  local status = wait(function() return tonumber(shell.read(self.status) or "") end)
  self.pipe:close()
  self.remove()
  return status
end

return terminal
