-- What is read from the sources of functions and classes.

local docs = require "lacuna.repl.docs"
local lacuna = require "lacuna"
local nn = lacuna.nn

describe("the REPL's documentation", function()
  it("finds the comment and the signature of a function", function()
    local doc = docs.of_function(lacuna.io.read_points)
    assert.same({ "io.read_points", "(path, opts)" }, { doc.name, doc.arguments })
    assert.matches("lua/lacuna/io%.lua$", doc.path)
    local parsed = docs.parse(doc.comment)
    assert.matches("^Reads %.bin", parsed.text[1])
    assert.same({ name = "path", kind = "string", text = "" }, parsed.params[1])
    assert.equal("{ columns: integer, dtype: string }", parsed.params[2].kind)
    assert.equal("Tensor", parsed.returns[1].kind)
    assert.is_nil(docs.of_function(print))
  end)

  it("takes comments apart, lines that go on included", function()
    local parsed = docs.parse { " Says.", "@param a fun(x: any): any|nil  one", " and two",
      "@return number  three" }
    assert.same({ "Says." }, parsed.text)
    assert.same({ { name = "a", kind = "fun(x: any): any|nil", text = "one and two" } },
      parsed.params)
    assert.same({ { kind = "number", text = "three" } }, parsed.returns)
  end)

  it("keeps examples apart, one a line", function()
    local parsed = docs.parse { " Says.", "@usage y = f(x)", "@param a string  one",
      "@usage y:sum(2)  -- by row" }
    assert.same({ "y = f(x)", "y:sum(2)  -- by row" }, parsed.usage)
    assert.same({ "Says." }, parsed.text)
    assert.equal("one", parsed.params[1].text)
    assert.same({}, docs.parse({ " Says." }).usage)
  end)

  it("finds the comment of what another function made, by its name", function()
    local abs = lacuna.rand(2).abs
    assert.same({}, docs.of_function(abs).comment)
    local doc = docs.of_function(abs, "t:abs")
    assert.equal(" Absolute values.", doc.comment[1])
    assert.matches("^%s*methods%.abs = ", docs.line(doc.path, doc.line))
    assert.matches("^ nn%.MaxPool3d%(", docs.of_class(nn.MaxPool3d).comment[1])
  end)

  it("takes the head of a model's file apart", function()
    local text, usage = docs.of_model("models/minkunet.lua")
    assert.matches("^minkunet%.lua: ", text[1])
    assert.not_equal("", text[#text])
    assert.same({ "net = lacuna.models.minkunet{ num_classes = 19, cr = 0.5 }", "logits = net(x)" },
      usage)
  end)

  it("finds the comment of a class", function()
    assert.matches("^ nn%.Conv3d%(in_channels", docs.of_class(nn.Conv3d).comment[1])
    assert.matches("^ nn%.SiLU", docs.of_class(nn.SiLU).comment[1])
    local Own = nn.class("Own")
    assert.same({}, docs.of_class(Own).comment)
  end)

  it("knows the options of functions, classes and models", function()
    assert.same({ "columns", "dtype" }, docs.option_keys(lacuna.io.read_points))
    assert.same({ "n" }, docs.option_keys(lacuna.time))
    assert.same({ "cr", "in_channels", "num_classes" }, docs.option_keys(lacuna.models.minkunet))
    local set = {}
    for _, key in ipairs(docs.option_keys(nn.Conv3d)) do set[key] = true end
    assert.is_true(set.stride and set.padding and set.kernel_size)
    assert.same({}, docs.option_keys(print))
    assert.same({}, docs.option_keys(3))
  end)
end)
