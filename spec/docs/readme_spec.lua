-- README.md and the tutorial: their length, and the files that they name. blocks_spec.lua runs what
-- they show.

local shell = require "spec.support.shell"

describe("README.md #process", function()
  it("stays under 250 lines", function()
    assert.is_true(select(2, shell.read("README.md"):gsub("\n", "")) < 250)
  end)

  it("begins with an example and its output", function()
    assert.matches("```lua\nlocal lacuna = .-\n```\n\nprints\n\n```\n", shell.read("README.md"))
  end)

  it("names files and commands that are there", function()
    local text = shell.read("README.md")
    for path in text:gmatch("`([%w_]+/[%w_]+%.%w+)`") do
      assert.is_not_nil(shell.read(path), path)
    end
    for command in text:gmatch("`lacuna (%l+) [^`]*`") do
      assert.is_not_nil(shell.read("lua/lacuna/cli/" .. command .. ".lua"), command)
    end
  end)
end)

describe("examples/README.md #process", function()
  local text = shell.read("examples/README.md")

  it("has a row for every Lua example", function()
    for name in shell.list("examples/lua"):gmatch("%S+") do
      assert.is_not_nil(text:find("| `lua/" .. name .. "` |", 1, true), name)
    end
  end)

  it("has a row for every example in C and C++", function()
    for path in shell.run("cd examples && ls c/*.c cpp/*.cpp").out:gmatch("%S+") do
      assert.is_not_nil(text:find("| `" .. path .. "` |", 1, true), path)
    end
  end)

  it("names examples that are there", function()
    for path in text:gmatch("`(%l+/[%w_]+%.%l+)`") do
      local here = path:match("^out/") or path:match("^cuda/") or shell.read("examples/" .. path)
      assert.is_truthy(here, path)
    end
  end)
end)
