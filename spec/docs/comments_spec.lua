-- Every public function and class has a comment for the language server, which help() shows too:
-- a run of `---` lines above its definition, of which one at least is text.

local class = require "lacuna.nn.class"
local docs = require "lacuna.repl.docs"
local names = require "lacuna.repl.names"

local function comment_of(name, value)
  local doc = class.is_class(value) and docs.of_class(value) or docs.of_function(value, name)
  return docs.parse(doc.comment).text
end

describe("comments", function()
  local public = names.list(true)

  -- The names with a prefix, counted, and those of them without a comment.
  local function check(prefix, at_least)
    local count, gaps = 0, {}
    for _, entry in ipairs(public) do
      if entry.name:sub(1, #prefix) == prefix then
        count = count + 1
        if #comment_of(entry.name, entry.value) == 0 then gaps[#gaps + 1] = entry.name end
      end
    end
    assert.equal("", table.concat(gaps, " "))
    assert.is_true(count >= at_least, prefix .. " " .. count)
  end

  it("are on the functions of lacuna", function()
    check("lacuna.", 58)
  end)

  it("are on the classes and functions of nn", function()
    check("nn.", 40)
  end)

  it("are on the functions of nn.functional", function()
    check("F.", 40)
  end)

  it("are on the methods of tensors", function()
    check("t:", 65)
  end)

  it("are on the methods of sparse tensors, point tensors, coordinates and kernel maps", function()
    check("x:", 13)
    check("z:", 10)
    check("coords:", 6)
    check("map:", 4)
  end)

  it("are on the methods of modules, files and progress bars", function()
    check("net:", 30)
    check("file:", 10)
    check("bar:", 2)
  end)
end)
