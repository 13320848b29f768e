-- Devices that are not there: one line that says why, and the CPU goes on.

local support = require "spec.support.init"
local shell = require "spec.support.shell"
local lacuna = require "lacuna"

describe("a device that is not there", function()
  it("is refused by everything that names it", function()
    local t = lacuna.ones(2)
    for _, fn in ipairs {
      function() t:to("cuda:99") end,
      function() lacuna.zeros({ 2 }, { device = "cuda:99" }) end,
      function() lacuna.SparseTensor(lacuna.ones { 1, 1 }, { { 0, 0, 0, 0 } }):to("cuda:99") end,
      function() lacuna.nn.Linear(2, 2):to("cuda:99") end,
      function() lacuna.memory("cuda:99") end,
    } do
      support.raises(fn, "device cuda", "is not available")
    end
    assert.same({ 1, 1 }, t:totable())
  end)

  it("is no device by its name", function()
    support.raises(function() lacuna.ones({ 2 }, { device = "gpu" }) end,
      "ones: no device 'gpu', expected 'cpu', 'cuda' or 'cuda:1'")
  end)

  it("has a reason #process", function()
    local r = shell.run("LACUNA_CUDA_LIB=/nowhere/lib.so " .. shell.program
      .. " -e 'print(lacuna.cuda.is_available(), lacuna.device_count()) lacuna.ones(2):cuda()'")
    assert.equal(1, r.status)
    assert.equal("false\t0\n", r.out)
    assert.matches("^lacuna: %(command line%):1: to: device cuda is not available: "
      .. "liblacuna_cuda.so: cannot open /nowhere/lib.so, which is needed for GPUs: [^\n]*\n$",
      r.err)
  end)
end)
