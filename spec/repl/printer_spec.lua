-- How the REPL shows values.

local lacuna = require "lacuna"
local printer = require "lacuna.repl.printer"

describe("the REPL's printer", function()
  it("prints strings and numbers as they are, and quotes strings in tables", function()
    assert.equal("a\nb", printer.text "a\nb")
    assert.equal("1.5", printer.text(1.5))
    assert.equal("nil", printer.text(nil))
    assert.equal('{ "a\\nb", "q\\"\\\\", "\\001" }', printer.text { "a\nb", 'q"\\', "\1" })
  end)

  it("prints items first, then keys in order", function()
    assert.equal('{ 1, 2, a = true, ["b c"] = 3, z = {}, [false] = 5, [10] = 4 }',
      printer.text { 1, 2, z = {}, a = true, ["b c"] = 3, [10] = 4, [false] = 5 })
  end)

  it("breaks lines that are too long, and leaves out what is too much or too deep", function()
    local many = {}
    for i = 1, 1000 do many[i] = i end
    local text = printer.text(many)
    assert.matches("20,\n  %.%.%. 980 more\n}$", text)
    assert.equal("{ { { { {...} } } } }", printer.text { { { { { 1 } } } } })
    assert.matches('^{ "x+"%.%.%. 1000 bytes }$', printer.text { ("x"):rep(1000) })
    local words = {}
    for i = 1, 4 do words[i] = ("w"):rep(30) end
    assert.matches('^{\n  "w+",\n  "w+",\n  "w+",\n  "w+"\n}$', printer.text(words))
  end)

  it("ends cycles, and shows a table twice where it is there twice", function()
    local t, twice = {}, { 1 }
    t.self = t
    assert.equal("{ self = {...} }", printer.text(t))
    assert.equal("{ { 1 }, { 1 } }", printer.text { twice, twice })
  end)

  it("prints tensors whole, and in one line inside of tables", function()
    local t = lacuna.ones({ 2, 2 })
    assert.equal(tostring(t), printer.text(t))
    assert.equal("{ Tensor [2, 2], float32, cpu }", printer.text { t })
    local x = lacuna.SparseTensor(lacuna.ones({ 1, 4 }), { { 0, 1, 2, 3 } })
    assert.equal("{ x = SparseTensor 1 voxels x 4, stride 1, batch 1, float32, cpu }",
      printer.text { x = x })
    local map = lacuna.nn.functional.build_kernel_map(x, { kernel_size = 3 })
    assert.matches("^KernelMap 27 taps, 1 pairs, 1 %-> 1 rows$", printer.text(map))
  end)

  it("prints functions with their arguments and place", function()
    assert.matches("^function lacuna%.io%.read_points%(path, opts%)  lacuna/io%.lua:%d+$",
      printer.text(lacuna.io.read_points))
    assert.matches("^function: builtin", printer.text(print))
  end)

  it("prints a package by its names", function()
    assert.matches("^{ AvgPool3d, BasicBlock, ", printer.text(lacuna.nn))
  end)
end)
