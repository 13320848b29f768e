-- Tensors, coordinates and modules on a GPU: moving, mixing, memory, lineage, errors.

local lacuna = require "lacuna"
local shell = require "spec.support.shell"
local support = require "spec.support.init"

local F, nn = lacuna.nn.functional, lacuna.nn

if not lacuna.cuda.is_available() then
  describe("a GPU", function() pending(lacuna.cuda.why_not()) end)
  return
end

local function cpu(...) return lacuna.rand({ ... }, { device = "cpu" }) end

local function voxels(count, channels)
  return lacuna.SparseTensor {
    feats = cpu(count, channels),
    coords = lacuna.tensor(support.voxels(count, 0, 12, 1), { dtype = "int32", device = "cpu" }),
  }
end

describe("a tensor on a GPU", function()
  it("goes there and comes back", function()
    local t = cpu(3, 5)
    local there = t:cuda()
    assert.equal("cuda", there:device())
    assert.is_true(there:to("cuda") == there)
    assert.is_true(there:to("cuda:0") == there)
    support.same(there:cpu(), t)
    support.same(t:t():cuda(), t:t())
    support.same(t:to("cuda", "float16"):to("float32", "cpu"), t:half():float())
    assert.equal(0, lacuna.zeros({ 0, 4 }, { device = "cuda" }):cpu():size(1))
  end)

  it("prints and becomes a table, and refuses its pointer", function()
    local t = lacuna.tensor({ { 1, 2 }, { 3, 4 } }, { device = "cuda" })
    assert.same({ { 1, 2 }, { 3, 4 } }, t:totable())
    assert.equal(4, t[{ 2, 2 }])
    assert.matches("Tensor %[2, 2%], float32, cuda$", tostring(t))
    support.raises(function() t:data() end, "data: the tensor is on cuda, expected cpu")
  end)

  it("takes part in no operation with one on the CPU", function()
    local a, b = cpu(3, 3), cpu(3, 3):cuda()
    for _, fn in ipairs {
      function() return a + b end,
      function() return b:matmul(a) end,
      function() return lacuna.cat({ a, b }, 1) end,
      function() return b:index_select(1, lacuna.arange(0, 2, 1, { device = "cpu" })) end,
      function() return lacuna.where(a:gt(0), a, b) end,
      function() return F.linear(b, a) end,
      function() return F.conv3d(voxels(5, 3):cuda(), cpu(27, 3, 3), { kernel_size = 3 }) end,
      function() return lacuna.SparseTensor(b, voxels(3, 1).coords) end,
    } do
      support.raises(fn, "on c", "expected c")
    end
    support.same(a:copy_(b), b, "copy_ goes between devices")
  end)

  it("has memory of its own, which is counted and given back", function()
    collectgarbage() collectgarbage()
    local before = lacuna.memory("cuda")
    local t = lacuna.zeros({ 1000, 100 }, { device = "cuda" })
    assert.is_true(lacuna.memory("cuda").live >= before.live + 400000)
    t:free()
    assert.equal(before.live, lacuna.memory("cuda").live)
    assert.equal(before.blocks, lacuna.memory("cuda").blocks)
  end)
end)

describe("coordinates on a GPU", function()
  it("keep their lineage: transposed convolutions walk back", function()
    local x = voxels(120, 4)
    local down = nn.Conv3d(4, 6, 2, { stride = 2 }):to("cpu")
    local up = nn.Conv3d(6, 3, 2, { stride = 2, transposed = true }):to("cpu")
    local coarse = down(x)
    local want = up(coarse)
    local got = up:clone():cuda()(coarse:cuda())
    assert.equal("cuda", got.coords:device())
    support.same(got.coords:tensor(), want.coords:tensor(), "rows")
    support.close(got.feats, want.feats, 1e-6, "features")
    assert.is_true(coarse.coords:cuda():cpu() ~= coarse.coords)
  end)

  it("find duplicates and out of range rows", function()
    local function set(rows) return lacuna.tensor(rows, { dtype = "int32", device = "cuda" }) end
    local twice = lacuna.SparseTensor(cpu(3, 2):cuda(),
      set { { 0, 1, 2, 3 }, { 0, 4, 4, 4 }, { 0, 1, 2, 3 } })
    support.raises(function() F.max_pool3d(twice, 3):size() end,
      "rows 0 and 2 are both (0, 1, 2, 3)")
    local out = lacuna.SparseTensor(cpu(1, 2):cuda(), set { { 0, 9, 9, 9 } }, 1, { 1, 4, 4, 4 })
    support.raises(function() F.max_pool3d(out, 2):size() end, "leave the spatial_range")
  end)

  it("do without rows", function()
    local empty = lacuna.SparseTensor(lacuna.zeros({ 0, 4 }, { device = "cuda" }),
      lacuna.zeros({ 0, 4 }, { dtype = "int32", device = "cuda" }))
    local net = nn.Sequential(nn.Conv3d(4, 8, 3), nn.BatchNorm(8), nn.ReLU(),
      nn.Conv3d(8, 8, 2, { stride = 2 })):cuda()
    assert.same({ 0, 8 }, net:eval()(empty).feats:size())
  end)
end)

describe("a module on a GPU", function()
  it("computes there, in float32 and in halves", function()
    local net = nn.Sequential(nn.Conv3d(4, 16, 3), nn.BatchNorm(16), nn.ReLU(),
      nn.Conv3d(16, 8, 3, { bias = true })):eval():to("cpu")
    local x = voxels(200, 4)
    local want = net(x).feats
    local there = net:clone():cuda()
    assert.equal("cuda", there[1].kernel:device())
    support.close(there(x:cuda()).feats, want, 1e-5, "float32")
    for dtype, bound in pairs { float16 = 2e-3, bfloat16 = 2e-2 } do
      local half = net:clone():cuda():to(dtype)
      local got = half(x:to("cuda", dtype)).feats
      assert.equal(dtype, got:dtype())
      support.close(got, want, bound, dtype)
    end
    support.raises(function() there(x) end, "on cuda", "expected cpu")
    lacuna.with_modes({ allow_tf32 = true }, function()
      local rounded = there(x:cuda()).feats
      support.close(rounded, want, 5e-3, "TF32")
      assert.is_true(support.difference(rounded, there(x:cuda()).feats) == 0)
    end)
  end)

  it("with a half on each device is an error", function()
    local net = nn.Sequential(nn.Conv3d(2, 4, 3), nn.Conv3d(4, 4, 3)):to("cpu")
    net[1]:cuda()
    support.raises(function() return net(voxels(9, 2):cuda()).feats:sum():item() end, "on cpu",
      "expected cuda")
  end)
end)

describe("a GPU that fails", function()
  local function run(environment, code)
    return shell.run(environment .. " " .. shell.program .. " -e " .. shell.quote(code))
  end

  it("names the kernel under LACUNA_SYNC=1", function()
    if os.getenv "LACUNA_EMULATED" ~= "1" then
      pending "faults are planted by the emulator"
      return
    end
    local r = run("LACUNA_SYNC=1 SIMT_FAIL_LAUNCH=1",
      "print(lacuna.ones({3}, {device='cuda'}) + 1)")
    assert.equal(1, r.status)
    assert.matches("^lacuna: [^\n]*cuda:0: kernel [%w_:<>, ]+: [^\n]*\n$", r.err)
  end)

  it("says when its memory is full, and goes on", function()
    if os.getenv "LACUNA_EMULATED" ~= "1" then
      pending "the emulator's memory can be made small"
      return
    end
    local r = run("SIMT_MEMORY=6000000", [[
      local ok, message = pcall(lacuna.zeros, { 2000000 }, { device = "cuda" })
      print(ok, (message:gsub("^.-: ", "")))
      for i = 1, 50 do local t = lacuna.zeros({ 500000 }, { device = "cuda" }) + 1 end
      print(lacuna.ones({ 100 }, { device = "cuda" }):sum():item())]])
    assert.equal("", r.err)
    assert.matches("^false\t[^\n]*out of memory[^\n]*\n100\n$", r.out)
  end)
end)
