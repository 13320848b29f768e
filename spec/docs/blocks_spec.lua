-- Every code block of README.md and examples/README.md runs and prints what the page says.

local lacuna = require "lacuna"
local checkpoint = require "spec.support.checkpoint"
local page = require "spec.support.page"
local shell = require "spec.support.shell"

local README, TUTORIAL = "README.md", "examples/README.md"
local LANGUAGES = { lua = true, sh = true, c = true, cpp = true, repl = true }

-- Names that C fragments use without declaring them.
local PARAMETERS = "int64_t n, void *memory, lac_tensor *weight, void *result, uint64_t bytes"

-- What SpConv 2 would save for tiny.lua of the tutorial.
local function trained()
  local rand = lacuna.rand
  return checkpoint.pth {
    { "stem.0.weight", rand(16, 3, 3, 3, 4) },
    { "stem.1.weight", rand(16) }, { "stem.1.bias", rand(16) },
    { "stem.1.running_mean", rand(16) }, { "stem.1.running_var", rand(16) },
    { "head.weight", rand(3, 16) }, { "head.bias", rand(3) },
  }
end

describe("code blocks #process", function()
  local folder, remove

  before_each(function() folder, remove = shell.folder() end)
  after_each(function() remove() end)

  local function check_outputs(blocks, result, outputs)
    assert.equal(0, result.status, result.err)
    assert.equal(#blocks, #outputs, result.err)
    for i, block in ipairs(blocks) do
      if block.output then assert.equal(block.output, outputs[i], block.text) end
    end
  end

  it("are of languages that are checked here", function()
    for _, path in ipairs { README, TUTORIAL } do
      for _, block in ipairs(page.blocks(path)) do
        assert.is_true(LANGUAGES[block.language], path .. ": " .. block.language .. "\n"
          .. block.text)
      end
    end
  end)

  -- Networks of full size, here and in the next: minutes under a sanitizer, and the specs of layers
  -- run the same code.
  it("of README.md in Lua run and print what it shows #unsanitized", function()
    local blocks = page.of(README, "lua")
    check_outputs(blocks, page.run(blocks, folder))
  end)

  it("of examples/README.md run in order and print what it shows #unsanitized", function()
    shell.write(folder .. "/trained.pth", trained())
    local blocks = {}
    for _, block in ipairs(page.blocks(TUTORIAL)) do
      if block.language == "lua" or block.language == "sh" then blocks[#blocks + 1] = block end
    end
    check_outputs(blocks, page.run(blocks, folder))
    assert.equal("street.label street.ply street.png", shell.list(folder .. "/out"))
    assert.is_not_nil(shell.read(folder .. "/trained.h5"))
  end)

  for name, language in pairs { C = "c", ["C++"] = "cpp" } do
    it("in " .. name .. " compile, and programs print what the page shows", function()
      for _, path in ipairs { README, TUTORIAL } do
        for _, block in ipairs(page.of(path, language)) do
          local r = page.compile(block, folder, PARAMETERS)
          assert.equal(0, r.status, r.err)
          if block.output then assert.equal(block.output, r.out) end
        end
      end
    end)
  end

  it("that are typed at the prompt answer what the page shows", function()
    for _, path in ipairs { README, TUTORIAL } do
      for _, block in ipairs(page.of(path, "repl")) do
        local typed, shown = {}, {}
        for line in block.text:gmatch("(.-)\n") do
          local input = line:match("^> (.*)$")
          table.insert(input and typed or shown, input or line)
        end
        shell.write(folder .. "/typed", table.concat(typed, "\n") .. "\n")
        local r = shell.run(shell.quote(shell.program) .. " <" .. folder .. "/typed")
        assert.equal(0, r.status, r.err)
        assert.equal(table.concat(shown, "\n") .. "\n", r.out)
      end
    end
  end)

  it("and lines name commands and options that are there", function()
    for _, path in ipairs { README, TUTORIAL } do
      assert.is_nil(page.check_commands(shell.read(path)))
    end
  end)

  it("name targets that make has", function()
    for _, path in ipairs { README, TUTORIAL } do
      for target in shell.read(path):gmatch("%f[%w]make (%l[%l%-]*)%f[^%l%-][^%l]") do
        local r = shell.run(("make -n DEPS=0 CUDA=0 BUILD=%s %s"):format(shell.build, target))
        assert.equal(0, r.status, target .. ": " .. r.err)
      end
    end
  end)
end)
