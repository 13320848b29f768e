-- The load tests of `make soak`, small.

local shell = require "spec.support.shell"

describe("a small soak #process", function()
  it("passes", function()
    local program = shell.build .. "/soak/wide"
    if not shell.read(program) then return pending("no " .. program .. ": make test builds it") end
    local r = shell.run("BUILD=" .. shell.quote(shell.build)
      .. " bash spec/soak/run.sh 30 60 1 20000")
    assert.equal(0, r.status, r.out .. r.err)
    assert.matches("soak: 6 passed, 0 failed\n$", r.out)
  end)
end)
