-- Every operation of runtime/core/ops.def gives on a GPU what it gives on the CPU: integers and
-- copies to the bit, float32 within 1e-5 of the largest value.

local lacuna = require "lacuna"
local support = require "spec.support.init"

local F = lacuna.nn.functional

if not lacuna.cuda.is_available() then
  describe("operations on a GPU", function() pending(lacuna.cuda.why_not()) end)
  return
end

-- Inputs are made on the CPU, so that both devices get the same.
local function random(...) return lacuna.rand({ ... }, { device = "cpu" }) - 0.5 end

local function integers(n, limit, dtype)
  local list = {}
  for i = 1, n do list[i] = i * 7919 % limit end
  return lacuna.tensor(list, { dtype = dtype or "int64", device = "cpu" })
end

local function voxels(count, channels)
  return lacuna.SparseTensor {
    feats = random(count, channels), batch_size = 2, spatial_range = { 2, 10, 10, 10 },
    coords = lacuna.tensor(support.voxels(count, 0, 9, 2), { dtype = "int32", device = "cpu" }),
  }
end

local function conv(options, taps, cin, cout)
  local x, w = voxels(301, cin), random(taps, cin, cout)
  return function(on) return F.conv3d(x:to(on), w:to(on), options) end
end

local matrix, other = random(67, 13), random(67, 13)
local cloud = voxels(257, 11)
local batch = lacuna.SparseTensor(random(257, 12), cloud.coords)
local counts = integers(67 * 13, 5):reshape(67, 13)
local points, index, weights = random(90, 7), integers(90, 40), random(90, 8)

-- ops.def's name -> functions of a device that run the operation there.
local cases = {
  conv3d = {
    conv({ kernel_size = 3, config = { dataflow = "FetchOnDemand" } }, 27, 5, 11),
    conv({ kernel_size = 1 }, 1, 16, 24),
  },
  conv3d_implicit = {
    conv({ kernel_size = 3 }, 27, 16, 32),
    conv({ kernel_size = 3, stride = 2, padding = 1 }, 27, 4, 9),
    conv({ kernel_size = 2, config = { ifsort = true, split_mask_num = 3 } }, 8, 8, 16),
  },
  conv3d_gather = { conv({ kernel_size = 3, config = { dataflow = "GatherScatter" } }, 27, 6, 7) },
  epilogue = {
    function(on) return F.relu(matrix:to(on)) end,
    function(on) return F.leaky_relu(matrix:to(on), 0.1) end,
    function(on) return F.silu(matrix:to(on)) end,
  },
  copy = {
    function(on) return matrix:to(on):t():contiguous() end,
    function(on) return (matrix * 1000):to(on):to("uint8") end,
    function(on) return matrix:to(on):to("bfloat16") end,
  },
  fill = { function(on) return lacuna.full({ 3, 5 }, 2.5, { device = on }) end },
  arange = {
    function(on) return lacuna.arange(3, 40, 2, { device = on }) end,
  },
  rand = {
    function(on)
      lacuna.manual_seed(5)
      return lacuna.rand({ 33, 9 }, { device = on })
    end,
    function(on)
      lacuna.manual_seed(6)
      return lacuna.randn({ 33, 9 }, { device = on })
    end,
  },
  unary = {
    function(on) return matrix:to(on):exp() end,
    function(on) return matrix:to(on):abs():sqrt() end,
    function(on) return (matrix * 10):to(on):round() end,
  },
  binary = {
    function(on) return matrix:to(on) / other:to(on) end,
    function(on) return matrix:to(on):t() * other:to(on):narrow(1, 3, 1):t() end,
    function(on) return counts:to(on) % 3 end,
  },
  clamp = { function(on) return matrix:to(on):clamp(-0.2, 0.1) end },
  where = {
    function(on) return lacuna.where(matrix:to(on):gt(0), matrix:to(on), other:to(on)) end,
  },
  reduce = {
    function(on) return matrix:to(on):sum(1) end,
    function(on) return matrix:to(on):mean(2) end,
    function(on) return matrix:to(on):argmax(2) end,
    function(on) return counts:to(on):sum() end,
  },
  softmax = { function(on) return matrix:to(on):softmax(2) end },
  matmul = {
    function(on) return counts:to(on):matmul(counts:to(on):t():contiguous()) end,
    function(on) return matrix:to(on):matmul(other:to(on):t():contiguous()) end,
  },
  index_select = { function(on) return points:to(on):index_select(1, index:to(on)) end },
  gather = { function(on) return matrix:to(on):gather(2, counts:to(on)) end },
  scatter_add = {
    function(on)
      return lacuna.zeros({ 67, 13 }, { device = on }):scatter_add(2, counts:to(on), matrix:to(on))
    end,
  },
  masked_select = { function(on) return matrix:to(on):masked_select(other:to(on):gt(0.1)) end },
  nonzero = { function(on) return counts:to(on):nonzero() end },
  sort = {
    function(on) return (matrix:to(on):sort(1)) end,
    function(on) return (select(2, counts:to(on):sort(2, true))) end,
    function(on) return (matrix:to(on):topk(3, 2)) end,
  },
  unique = { function(on) return (lacuna.unique(counts:narrow(2, 1, 2):contiguous():to(on))) end },
  pool3d = {
    function(on) return F.max_pool3d(cloud:to(on), 2) end,
    function(on) return F.avg_pool3d(cloud:to(on), 3, { stride = 2, padding = 1 }) end,
  },
  global_pool = {
    function(on) return F.global_max_pool(cloud:to(on)) end,
    function(on) return F.global_avg_pool(cloud:to(on)) end,
  },
  group_norm = {
    function(on) return F.group_norm(batch:to(on), 3, {}) end,
    function(on) return F.instance_norm(cloud:to(on), {}) end,
  },
  column_stats = { function(on) return F.batch_norm(cloud:to(on), { training = true }) end },
  norm_affine = {
    function(on)
      return F.batch_norm(cloud:to(on), {
        mean = random(11):to(on), var = random(11):abs():to(on), weight = random(11):to(on),
      })
    end,
  },
  norm_running = {
    function(on)
      local mean, var = lacuna.zeros({ 11 }, { device = on }), lacuna.ones({ 11 }, { device = on })
      F.batch_norm(cloud:to(on), { training = true, mean = mean, var = var, momentum = 0.3 })
      return mean + 2 * var
    end,
  },
  to_dense = { function(on) return cloud:to(on):dense() end },
  scatter_mean = {
    function(on)
      return F.spvoxelize(points:to(on), index:to(on), F.spcount(index:to(on):int(), 40))
    end,
  },
  devoxelize = {
    function(on)
      return F.spdevoxelize(points:to(on), integers(720, 90):reshape(90, 8):to(on), weights:to(on))
    end,
  },
}

local function tensor_of(value)
  return lacuna.type(value) == "SparseTensor" and value.feats or value
end

describe("operations on a GPU agree with the CPU:", function()
  for name, list in pairs(cases) do
    for i, run in ipairs(list) do
      it(name .. " " .. i, function()
        lacuna.manual_seed(1)
        local want = run "cpu"
        lacuna.manual_seed(1)
        local got = run "cuda"
        lacuna.manual_seed(1)
        local again = run "cuda"
        assert.equal("cuda", tensor_of(got):device())
        if lacuna.type(want) == "SparseTensor" then
          support.same(got.coords:tensor(), want.coords:tensor(), "rows")
          assert.same(want.spatial_range, got.spatial_range)
        end
        want, got, again = tensor_of(want), tensor_of(got), tensor_of(again)
        assert.equal(want:dtype(), got:dtype())
        local _, largest = support.difference(want, want)
        local whole = want:dtype():find "int" ~= nil
        support.close(got, want, whole and 0 or 1e-5 * math.max(largest, 1), name)
        support.same(again, got, "the same from run to run")
      end)
    end
  end

  it("all of the list", function()
    local missing = {}
    for line in io.lines "runtime/core/ops.def" do
      local name = line:match "^LAC_OP%((.-)%)"
      if name and not cases[name] then missing[#missing + 1] = name end
    end
    assert.same({}, missing)
  end)
end)
