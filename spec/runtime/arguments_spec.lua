-- Wrong arguments, one at a time, in every function of the headers: an error with a message, never
-- a crash.

local shell = require "spec.support.shell"

describe("wrong arguments #process", function()
  it("are errors in every function: NULL, enums, sizes of structs", function()
    local folder, remove = shell.folder()
    local r = shell.run("luajit -joff spec/support/bad_arguments.lua " .. shell.quote(folder))
    remove()
    local last = r.out:match "([^\n]*)\n?$"
    assert.equal(0, r.status, "crashed after: " .. last .. "\n" .. r.err)
    local bad = {}
    for line in r.out:gmatch "bad: ([^\n]*)" do bad[#bad + 1] = line end
    assert.same({}, bad)
    assert.is_true(tonumber(last:match "^calls: (%d+)$") > 600)
  end)
end)
