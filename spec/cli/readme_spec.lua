-- README.md shows real output: its first Lua block prints what the block after it says.

local shell = require "spec.support.shell"

describe("README.md #process", function()
  local text = shell.read("README.md")

  it("shows what its first example prints", function()
    local code, output = text:match("```lua\n(.-)```\n\nprints\n\n```\n(.-)```")
    assert.is_not_nil(code)
    local r = shell.lacuna("-e", code)
    assert.equal(0, r.status, r.err)
    assert.equal(output, r.out)
  end)

  it("stays under 250 lines", function()
    assert.is_true(select(2, text:gsub("\n", "")) < 250)
  end)

  it("names files and commands that are there", function()
    for path in text:gmatch("`([%w_/]+/[%w_]+%.%w+)`") do
      assert.is_not_nil(shell.read(path), path)
    end
    for command in text:gmatch("`lacuna (%l+) [^`]*`") do
      assert.is_not_nil(shell.read("lua/lacuna/cli/" .. command .. ".lua"), command)
    end
  end)
end)
