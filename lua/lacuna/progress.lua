-- progress.lua: a progress bar on stderr, where that is a terminal.

local ffi = require "ffi"
local native = require "lacuna.native"
local errors = require "lacuna.errors"

ffi.cdef "int isatty(int fd);"

local WIDTH = 30
local INTERVAL = 0.1 -- seconds between two drawings

local Progress = {}
Progress.__index = Progress

local function draw(bar, now)
  local share = bar.total > 0 and math.min(bar.done / bar.total, 1) or 1
  local filled = math.floor(share * WIDTH)
  local seconds = now - bar.start
  local left = bar.done > 0 and seconds / bar.done * (bar.total - bar.done) or 0
  io.stderr:write(string.format("\r%s[%s%s] %d/%d  %.0f s, %.0f s left \27[K", bar.label,
    ("="):rep(filled), (" "):rep(WIDTH - filled), bar.done, bar.total, seconds, left))
  bar.drawn = now
end

--- One item more, or n.
---@param n integer|nil
---@usage for i = 1, 10 do bar:step() end
function Progress:step(n)
  self.done = self.done + (n or 1)
  if not self.shown then return self end
  local now = native.C.lac_clock()
  if now - self.drawn >= INTERVAL or self.done >= self.total then draw(self, now) end
  return self
end

--- Removes the bar.
---@usage bar:finish()
function Progress:finish()
  if self.shown then io.stderr:write("\r\27[K") end
  self.shown = false
end

--- lacuna.progress(total, {label=}): bar:step() after every item, bar:finish() at the end. It draws
--- nothing when stderr is not a terminal.
---@param total integer
---@param opts { label: string }|nil
---@usage bar = lacuna.progress(100, { label = "scans" })
---@usage for i = 1, 100 do bar:step() end bar:finish()
return function(total, opts)
  opts = errors.options("progress", opts, { label = true })
  if type(total) ~= "number" or total < 0 then
    errors.raisef("progress: %s, expected the number of items", tostring(total))
  end
  local term = os.getenv("TERM")
  return setmetatable({
    total = total, done = 0, label = opts.label and opts.label .. " " or "", drawn = 0,
    start = native.C.lac_clock(), shown = ffi.C.isatty(2) == 1 and term ~= "dumb",
  }, Progress)
end
