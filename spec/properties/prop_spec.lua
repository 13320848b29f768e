-- The properties' own machinery: what fails is found, made small and can be had again.

local prop = require "spec.support.prop"

local function failure(...)
  local ok, message = pcall(prop.check, ...)
  assert(not ok, "expected a failure, there was none")
  return message
end

describe("prop.check", function()
  it("is content where the property holds, for as many cases as asked", function()
    local count = 0
    prop.check("holds", { n = prop.int(-3, 3) }, function(case)
      count = count + 1
      assert(case.n >= -3 and case.n <= 3)
    end, 50)
    assert.equal(tonumber(os.getenv("LACUNA_PROP_RUNS")) or 50, count)
  end)

  it("shrinks numbers to the least that fails", function()
    local message = failure("small", { a = prop.int(0, 1000), b = prop.int(0, 1000) },
      function(case) assert(case.a < 37, "too large") end, 100)
    assert.matches("small: not for { a = 37, b = 0 }", message, 1, true)
    assert.matches("too large", message, 1, true)
    assert.is_nil(message:find("\n"))
  end)

  it("shrinks sets of rows by halves and then one by one", function()
    local message = failure("far", { rows = prop.rows { count = 60, high = 15 } }, function(case)
      local far = 0
      for _, row in ipairs(case.rows) do far = far + (row[2] >= 4 and 1 or 0) end
      assert(far < 2)
    end, 50)
    local list = assert(message:match("rows = ({ { .- } })"), message)
    local _, count = list:gsub("{ %d+, %d+, %d+, %d+ }", "")
    assert.equal(2, count, message)
    for x in list:gmatch("{ %d+, (%d+)") do assert.is_true(tonumber(x) < 8, message) end
  end)

  it("shrinks lists and choices", function()
    local message = failure("list", { k = prop.list(3, 1, 9), way = prop.choice { "a", "b", "c" } },
      function(case) assert(case.k[2] < 4 or case.way == "a") end, 100)
    assert.matches('{ k = { 1, 4, 1 }, way = "b" }', message, 1, true)
  end)

  it("names the seed that draws the same case again", function()
    local drawn = {}
    local message = failure("odd", { n = prop.int(1, 1000000) }, function(case)
      drawn[#drawn + 1] = case.n
      assert(case.n % 2 == 0)
    end, 50)
    local seed = tonumber(message:match("LACUNA_PROP_SEED=(%d+)"))
    local first = tonumber(os.getenv("LACUNA_PROP_SEED") or 1)
    assert.equal("odd: not for { n = 1 }", message:match("^(.-) %("))
    local getenv = os.getenv
    os.getenv = function(name) -- luacheck: ignore
      return ({ LACUNA_PROP_SEED = tostring(seed), LACUNA_PROP_RUNS = "1" })[name]
    end
    local again
    pcall(prop.check, "odd", { n = prop.int(1, 1000000) }, function(case)
      again = again or case.n
      error("stop")
    end)
    os.getenv = getenv -- luacheck: ignore
    assert.equal(drawn[seed - first + 1], again)
  end)

  it("draws sets of distinct rows of all kinds within their box", function()
    local any = prop.rows { count = 50, low = -4, high = 6, batch = 3, least = 1 }
    prop.check("rows", { rows = any },
      function(case)
        local seen = {}
        assert(#case.rows >= 1)
        for _, row in ipairs(case.rows) do
          local key = table.concat(row, ",")
          assert(not seen[key] and row[1] >= 0 and row[1] < 3)
          for a = 2, 4 do assert(row[a] >= -4 and row[a] <= 6) end
          seen[key] = true
        end
      end, 200)
  end)
end)
