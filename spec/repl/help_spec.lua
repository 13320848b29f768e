-- What help() prints: the name that users call a thing by, its arguments and options, an example.

local lacuna = require "lacuna"
local program = require "spec.support.program"
local nn, F = lacuna.nn, lacuna.nn.functional

describe("help", function()
  local help

  setup(function()
    program.enter()
    help = require "lacuna.repl.help"
    rawset(_G, "lacuna", lacuna)
  end)

  teardown(function()
    program.leave()
    rawset(_G, "lacuna", nil)
  end)

  local function text(...)
    local args, n = { ... }, select("#", ...)
    return program.printed(function() help(unpack(args, 1, n)) end)
  end

  local function heading(value) return text(value):match("^[^\n]*") end

  it("shows arguments, options and an example of a function", function()
    local lines = text(lacuna.io.read_points)
    assert.matches("^lacuna%.io%.read_points%(path, opts%)\nReads %.bin", lines)
    assert.matches("\n  path +string\n", lines)
    assert.matches("\n  options: columns, dtype\n  > points = lacuna%.io%.read_points%([^\n]*%)\n",
      lines)
    assert.matches("lacuna/io%.lua:%d+$", lines)
  end)

  it("names functions as users do", function()
    assert.equal("F.conv3d(x, weight, opts)", heading(F.conv3d))
    assert.equal("lacuna.quantize(cloud, opts)", heading(lacuna.quantize))
    assert.equal("lacuna.time(fn, opts)", heading "lacuna.time")
    assert.equal("lacuna.scope(fn, ...)", heading(lacuna.scope))
    assert.equal("lacuna.rand(...)", heading(lacuna.rand))
    assert.equal("F.get_kernel_offsets(kernel_size, stride, dilation)",
      heading(nn.utils.get_kernel_offsets))
  end)

  it("names methods with a variable of their kind, which is no argument", function()
    local t = lacuna.rand(2, 4)
    local x = lacuna.SparseTensor(t, { { 0, 1, 2, 3 }, { 0, 1, 2, 4 } })
    assert.equal("t:narrow(d, start, length)", heading(t.narrow))
    assert.equal("t:abs()", heading(t.abs))
    assert.equal("t:max(d, keep)", heading(t.max))
    assert.equal("t:reshape(...)", heading(t.reshape))
    assert.equal("x:dense()", heading(x.dense))
    assert.equal("x:replace_feature(feats)", heading(x.replace_feature))
    assert.equal("coords:to(name)", heading(x.coords.to))
    assert.equal("map:pairs(tap)", heading(F.build_kernel_map(x, { kernel_size = 3 }).pairs))
    assert.equal("net:save(path, opts)", heading(nn.ReLU().save))
    assert.matches("\nAbsolute values%.\n  %-> Tensor\n  > t:abs%(%)\n", text(t.abs))
  end)

  it("names classes, their example after their options", function()
    local lines = text(nn.MaxPool3d)
    assert.matches("^nn%.MaxPool3d\nnn%.MaxPool3d%(kernel_size, {stride=", lines)
    assert.matches("\n  options: config, dilation, padding, stride\n  > [^\n]*nn%.MaxPool3d%(",
      lines)
    assert.equal(lines, text(nn.MaxPool3d(2)))
    assert.equal("nn.SubMConv3d", heading(nn.SubMConv3d))
  end)

  it("gives a class of one's own its own name", function()
    local Own = nn.class("Own")
    function Own:__init(width) self.width = width end
    assert.equal("Own(width)", heading(Own))
    function Own.forward(self, x) return self.width, x end
    assert.equal("Own.forward(self, x)", heading(Own.forward))
  end)

  it("shows the example in the head of a model's file", function()
    local lines = text(lacuna.models.minkunet)
    assert.matches("^lacuna%.models%.minkunet%(config%)\nminkunet%.lua: MinkUNet", lines)
    assert.matches("\n  options: cr, in_channels, num_classes\n"
      .. "  > net = lacuna%.models%.minkunet{ [^\n]* }\n  > logits = net%(x%)\n", lines)
    assert.is_nil(lines:find("Usage", 1, true))
    assert.matches("^lacuna%.models%(\"models/second%.lua\"%)%(config%)\n",
      text(lacuna.models "models/second.lua"))
  end)

  it("lists what a table or tensor has, methods without the tensor", function()
    assert.matches("\n  narrow%(d, start, length%) +Rows start", text(lacuna.rand(2)))
    assert.matches("\n  abs%(%) +Absolute values\n", text(lacuna.rand(2)))
    assert.matches("\n  read_points%(path, opts%) +Reads", text(lacuna.io))
  end)
end)
