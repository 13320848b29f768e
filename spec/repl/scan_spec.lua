-- Where a line that is being typed ends, and the chain of names that it ends with.

local scan = require "lacuna.repl.scan"

describe("the scan of a typed line", function()
  local function kind(text) return scan.context(text).kind end

  it("tells code from strings and comments", function()
    assert.equal("code", kind "x = 1")
    assert.equal("string", kind "x = 'one")
    assert.equal("string", kind 'x = "it\\"s')
    assert.equal("code", kind 'x = "it\\"s" .. ')
    assert.equal("comment", kind "x = 1 -- what 'is")
    assert.equal("code", kind "x = 1 -- what 'is\n")
    assert.equal("comment", kind "--[[ one\ntwo")
    assert.equal("code", kind "--[[ one\ntwo ]] x")
    assert.equal("comment", kind "s = [==[ one ]]")
    assert.equal("code", kind "s = [==[ one ]==] .. t[1]")
  end)

  it("says where a string starts and how it is quoted", function()
    local context = scan.context("f('a', \"bc")
    assert.same({ 9, '"' }, { context.start, context.quote })
  end)

  it("lists the brackets that are open", function()
    local function open(text)
      local chars = {}
      for i, bracket in ipairs(scan.context(text).open) do chars[i] = bracket.char end
      return table.concat(chars)
    end
    assert.equal("({", open "f(a, { stride = (1 + 2)[3], ")
    assert.equal("", open "f({ a = '{' })")
    assert.equal("", open "end ) }")
  end)

  it("takes the chain of names at the end, in which nothing is called", function()
    assert.same({ "net", "stages", 2, "forward" }, scan.chain "y = net.stages[2]:forward")
    assert.same({ "a", "key" }, scan.chain "f(a['key']")
    assert.same({ "x" }, scan.chain "1 + x ")
    assert.is_nil(scan.chain "f().x")
    assert.is_nil(scan.chain "")
    assert.is_nil(scan.chain "3 + ")
  end)

  it("finds the value of a chain, and nil where something is missing or raises", function()
    assert.equal(string.format, scan.value { "string", "format" })
    assert.is_nil(scan.value { "string", "nosuch", "x" })
    assert.is_nil(scan.value(nil))
  end)
end)
