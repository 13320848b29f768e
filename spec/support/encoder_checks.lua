-- encoder_checks.lua: what must hold for every encoder from voxels to a bird's-eye view.

local assert = require "luassert"
local lacuna = require "lacuna"
local model_vectors = require "spec.support.model_vectors"
local support = require "spec.support.init"

local checks = {}

--- fn() gives the same tensor, to the bit, on one and on two threads; returns it.
function checks.threads(fn)
  local before, want = lacuna.get_num_threads(), nil
  for n = 1, 2 do
    lacuna.set_num_threads(n)
    local got = fn()
    if want then support.same(got, want, "2 threads") end
    want = got
  end
  lacuna.set_num_threads(before)
  return want
end

--- The shapes of the state_dict's tensors by name are those of `shapes`.
function checks.shapes(net, shapes)
  local dict = net:state_dict()
  for name, sizes in pairs(shapes) do
    assert(dict[name], "no tensor " .. name)
    assert.are.same(sizes, dict[name]:size(), name)
  end
end

--- A batch gives each sample what it gives alone, on any number of threads and fused or not.
--- `net` takes a grid of `cells`.
function checks.encoder(net, cells)
  local channels = net.config.in_channels
  local function sample(seed)
    local rows = support.voxels(300, 0, math.min(cells[1], cells[2], cells[3]) - 1, 1, seed)
    return lacuna.SparseTensor(lacuna.randn(#rows, channels), rows)
  end
  local a, b = sample(3), sample(4)
  local batch = lacuna.sparse_collate { a, b }
  local want = checks.threads(function() return net(batch) end)
  assert.equal(2, want:size(1))
  assert.is_true(want:abs():max():item() > 0)
  support.same(net(a), want:narrow(1, 1, 1), "the first sample alone")
  support.same(net(b), want:narrow(1, 2, 1), "the second sample alone")
  support.same(lacuna.with_modes({ eager = true }, net, batch), want, "eager")

  -- The grid is the network's, whatever range the voxels come with.
  local ranged = lacuna.SparseTensor(batch.feats, batch.coords, 1, { 2, 500, 500, 500 })
  support.same(net(ranged), want, "another range")

  local sizes = want:size()
  local empty = net(lacuna.SparseTensor(lacuna.zeros(0, channels), {}))
  assert.are.same({ 1, sizes[2], sizes[3], sizes[4] }, empty:size())
  assert.equal(0, empty:abs():max():item())

  support.raises(function() net(lacuna.zeros(3, channels)) end, "a Tensor, expected a SparseTensor")
  support.raises(function()
    net(lacuna.SparseTensor(lacuna.zeros(1, channels + 1), { { 0, 1, 1, 1 } }))
  end, "channels, expected " .. channels)
  support.raises(function()
    net(lacuna.SparseTensor(lacuna.zeros(1, channels), { { 0, cells[1], 0, 0 } }))
  end, "range")
end

--- All outputs are those of the test data, and so are the counts.
function checks.vectors(vectors, net, names)
  assert.equal(vectors.file:attr("/", "parameters"), net:num_parameters())
  local x = vectors:input()
  local stages = net:features(x)
  for _, name in ipairs(names) do vectors:check(name, stages[name]) end
  local count = 0
  for _ in pairs(stages) do count = count + 1 end
  assert.equal(#names, count)
  vectors:check_bev(checks.threads(function() return net(x) end))
  assert.equal(vectors.file:attr("/", "macs"), model_vectors.macs(function() return net(x) end))
  local final = vectors.file:attr("/", "final")
  vectors:check_half(final, net:half():features(x:half())[final])
end

return checks
