-- Helpers of the specs: require "spec.support.init".

local support = {}

local function exists(path)
  local f = io.open(path, "rb")
  if f then f:close() end
  return f ~= nil
end

--- The path of a file in the folder of test data beside the repository, or nil where that is not
--- there. LACUNA_SHARED names another place.
function support.shared(path)
  local full = (os.getenv("LACUNA_SHARED") or "../shared") .. "/" .. path
  return exists(full) and full or nil
end

--- `t`, which a file gave, where the specs run (support/device.lua); nil stays nil.
function support.here(t)
  return t and t:to(require("lacuna").get_default_device())
end

--- A name for a temporary file with this ending; support.clean() removes those that were handed
--- out.
local handed_out = {}
function support.tmp(ending)
  local base = os.tmpname()
  os.remove(base)
  handed_out[#handed_out + 1] = base .. (ending or "")
  return handed_out[#handed_out]
end

function support.clean()
  for i = 1, #handed_out do os.remove(handed_out[i]) end
  handed_out = {}
end

function support.write_file(path, text)
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
  return path
end

--- The message of the error that fn raises; fails if it raises none.
function support.message(fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok, "expected an error, there was none")
  return tostring(message)
end

--- fn raises a message of one line that contains each of the given texts.
function support.raises(fn, ...)
  local message = support.message(fn)
  assert(not message:find("\n"), "more than one line: " .. message)
  for i = 1, select("#", ...) do
    local text = select(i, ...)
    assert(message:find(text, 1, true), ("expected %q in %q"):format(text, message))
  end
  return message
end

--- The elements of a tensor as one flat list of numbers.
function support.flat(t)
  return t:to("float64"):reshape(-1):totable()
end

--- Largest |got - want| over the elements, and the largest |want|; shapes must be equal. A NaN
--- counts as infinite.
function support.difference(got, want)
  local a, b = got:size(), want:size()
  assert(table.concat(a, ",") == table.concat(b, ","),
    ("shapes differ: [%s] and [%s]"):format(table.concat(a, ", "), table.concat(b, ", ")))
  local x, y = support.flat(got), support.flat(want)
  local worst, largest = 0, 0
  for i = 1, #y do
    local d = math.abs(x[i] - y[i])
    if d ~= d then d = x[i] ~= x[i] and y[i] ~= y[i] and 0 or math.huge end
    worst, largest = math.max(worst, d), math.max(largest, math.abs(y[i]))
  end
  return worst, largest
end

--- |got - want| <= tolerance for all elements; `what` names the case in the message.
function support.close(got, want, tolerance, what)
  local worst = support.difference(got, want)
  assert(worst <= tolerance, ("%s: differs by %g, tolerance %g"):format(what or "tensor", worst,
    tolerance))
end

--- Equal shapes, dtypes and elements, to the bit for numbers.
function support.same(got, want, what)
  assert(got:dtype() == want:dtype(), ("%s: %s and %s"):format(what or "tensor", got:dtype(),
    want:dtype()))
  support.close(got, want, 0, what)
end

--- Random voxels: `count` distinct rows (b,x,y,z) with x, y, z from `low` to `high`, in no order.
--- The same seed gives the same rows.
function support.voxels(count, low, high, batch, seed)
  local state = seed or 1
  local function random(n) -- Park and Miller's generator
    state = state * 16807 % 2147483647
    return state % n
  end
  local rows, seen, tries = {}, {}, 0
  while #rows < count do
    tries = tries + 1
    assert(tries < 100 * count + 1000, "the box is too small for so many voxels")
    local row = { random(batch or 1) }
    for i = 2, 4 do row[i] = low + random(high - low + 1) end
    local key = table.concat(row, ",")
    if not seen[key] then
      seen[key] = true
      rows[#rows + 1] = row
    end
  end
  return rows
end

return support
