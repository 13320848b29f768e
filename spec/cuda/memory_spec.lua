-- A GPU's memory that is refused at each request in turn, on the emulator: an error of one line,
-- the same bits afterwards, and nothing that stays in use.

local ffi = require "ffi"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local nn, F = lacuna.nn, lacuna.nn.functional

if not lacuna.cuda.is_available() then
  describe("refused memory of a GPU", function() pending(lacuna.cuda.why_not()) end)
  return
end

ffi.cdef "uint64_t simt_refuse_memory(uint64_t first, uint64_t count);"

local function live()
  collectgarbage()
  collectgarbage()
  lacuna.synchronize()
  return lacuna.memory("cuda").live
end

-- Refuses `count` requests of `work` from the first on, then from the second on, and so forth until
-- it makes no more. Returns how many it makes, and how often it failed.
local function walk(refuse, count, work)
  local expected = work()
  local before, n, failures = live(), 0, 0
  repeat
    n = n + 1
    lacuna.empty_cache()
    refuse(n, count)
    local ok, result = pcall(work)
    local seen = refuse(0, 0)
    if ok then
      assert.same(expected, result, "with refused request " .. n)
    else
      failures = failures + 1
      assert.matches("out of memory", result)
      assert.is_nil(result:find "\n")
    end
    result = nil -- luacheck: ignore
    assert.equal(before, live(), "in use after request " .. n)
    assert.same(expected, work(), "again after request " .. n)
    assert.is_true(n < 2000)
  until seen < n
  return n, failures
end

describe("refused memory of a GPU", function()
  local refuse, coords, points

  setup(function()
    if os.getenv "LACUNA_EMULATED" ~= "1" then return end
    local emulator = ffi.load(os.getenv "LACUNA_CUDA_LIB")
    refuse = function(first, count) return tonumber(emulator.simt_refuse_memory(first, count)) end
    lacuna.manual_seed(4)
    coords = lacuna.tensor(support.voxels(40, 0, 6, 1), { dtype = "int32", device = "cpu" })
    points = lacuna.rand({ 200, 4 }, { device = "cpu" }):mul(4)
  end)

  local function on_gpu(name, make)
    it("loses nothing in " .. name, function()
      if not refuse then return pending "requests are refused by the emulator" end
      local work = make()
      local requests, failures = walk(refuse, 1e6, work)
      assert.is_true(requests > 10 and failures >= requests - 1)
      walk(refuse, 1, work) -- what is freed makes room
    end)
  end

  for _, dtype in ipairs { "float32", "float16" } do
    on_gpu("a network of " .. dtype, function()
      local net = nn.Sequential(nn.Conv3d(2, 8, 3), nn.BatchNorm(8), nn.ReLU(),
        nn.Conv3d(8, 16, 2, { stride = 2 }), nn.Conv3d(16, 8, 2, { stride = 2, transposed = true }))
      net:to("cuda"):to(dtype)
      local feats = lacuna.randn({ 40, 2 }, { device = "cpu" }):to(dtype)
      return function()
        return net(lacuna.SparseTensor(feats, coords):to "cuda").feats:cpu():totable()
      end
    end)
  end

  on_gpu("points, voxels and pooling", function()
    return function()
      local x, inverse = lacuna.quantize(points:to "cuda", { voxel_size = 0.5 })
      local y = nn.MaxPool3d(2, { stride = 2 })(x)
      return { y.feats:cpu():totable(), inverse:cpu():totable(),
        F.global_avg_pool(y):cpu():totable(), x.feats:sum(1):cpu():totable(),
        lacuna.unique(inverse):cpu():totable() }
    end
  end)
end)
