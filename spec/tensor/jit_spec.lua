-- What runs for every layer of a net must stay in compiled code: no trace of these loops is lost.

local create = require "lacuna.create"
require "jit.opt"
local util, vmdef = require "jit.util", require "jit.vmdef"

-- Reasons for which traces were abandoned while fn ran.
local function aborts(fn)
  local reasons = {}
  local function watch(what, _, func, pc, code, reason)
    if what == "abort" then
      local text = tostring(code)
      if type(code) == "number" then text = vmdef.traceerr[code]:format(tostring(reason)) end
      local info = util.funcinfo(func, pc)
      reasons[#reasons + 1] = (info.loc or "?") .. " " .. text
    end
  end
  jit.flush()
  jit.attach(watch, "trace")
  fn()
  jit.attach(watch)
  return reasons
end

local function lasting(reasons) -- a loop that leaves or a trace that is retried is no failure
  local list = {}
  for _, r in ipairs(reasons) do
    if r:match("NYI") or r:match("blacklisted") then list[#list + 1] = r end
  end
  return list
end

describe("hot paths under the JIT", function()
  local enabled = jit.status()
  local t = create.ones(8, 8)
  -- Without globals: busted looks them up in code of its own, which LuaJIT may give up on.
  local function expect(found, expected) if found ~= expected then error "another size" end end
  local loops = {
    size = function() for _ = 1, 300 do expect(t:size(1), 8) end end,
    dim = function() for _ = 1, 300 do expect(t:dim(), 2) end end,
    add = function() for _ = 1, 300 do local r = t + t; r:free() end end,
    scale = function() for _ = 1, 300 do local r = t * 2; r:free() end end,
    exp = function() for _ = 1, 300 do local r = t:exp(); r:free() end end,
    narrow = function() for _ = 1, 300 do local r = t:narrow(1, 2, 3); r:free() end end,
    sum = function() for _ = 1, 300 do local r = t:sum(1); r:free() end end,
  }
  it("are watched by a check that sees what cannot be compiled", function()
    if not enabled then return pending("the JIT is off") end
    local seen = lasting(aborts(function()
      -- Often enough for any start of the loop's counter, which it shares with others.
      local calls = 0
      for _ = 1, 70000 do
        local count = function() calls = calls + 1 end -- making a function is not compiled
        count()
      end
      assert(calls == 70000)
    end))
    assert.is_true(#seen > 0)
  end)

  for name, loop in pairs(loops) do
    it("compile " .. name, function()
      if not enabled then return pending("the JIT is off") end
      assert.same({}, lasting(aborts(loop)))
    end)
  end
end)
