-- Every example runs, in the source tree and, for C, against the build.

local shell = require "spec.support.shell"

describe("examples/lua #process", function()
  local folder, remove

  setup(function() folder, remove = shell.folder() end)
  teardown(function() remove() end)

  it("segment.lua takes points to classes", function()
    local r = shell.lacuna("examples/lua/segment.lua")
    assert.equal(0, r.status, r.err)
    assert.matches("SparseTensor [%d,]+ voxels x 4, stride 1, batch 1, float32, cpu", r.out)
    assert.matches("classes of the first five points", r.out)
  end)

  it("model.lua defines, prints, runs, saves and loads a model", function()
    local r = shell.lacuna("examples/lua/model.lua")
    assert.equal(0, r.status, r.err)
    assert.matches("^Tiny {\n", r.out)
    assert.matches("%(down%): Conv3d%(16 %-> 32, 2x2x2, stride 2%)", r.out)
    assert.matches("the loaded model gives the same logits:\ttrue\n$", r.out)
  end)

  it("modes.lua shows the flags", function()
    local r = shell.lacuna("examples/lua/modes.lua")
    assert.equal(0, r.status, r.err)
    assert.equal("spconv\t3 rows\nminkowski\t2 rows\nnet.modes\t2 rows\nglobal\t2 rows\n", r.out)
  end)

  it("make_scan.lua writes a scan and its labels", function()
    local scan, labels = folder .. "/s.bin", folder .. "/s.label"
    local r = shell.lacuna("examples/lua/make_scan.lua", scan, labels)
    assert.equal(0, r.status, r.err)
    local points = tonumber(r.out:match("^(%d+) points\n$"))
    assert.equal(points * 16, #shell.read(scan))
    assert.equal(points * 4, #shell.read(labels))
    assert.equal(1, shell.lacuna("examples/lua/make_scan.lua").status)
  end)

  it("mmdet_block.lua builds from configs and swaps the activation of a block", function()
    local r = shell.lacuna("examples/lua/mmdet_block.lua")
    assert.equal(0, r.status, r.err)
    assert.matches("^Conv3d%(4 %-> 16, 3x3x3, stride 2, padding 1%)", r.out)
    assert.matches("\nSparseBasicBlock {\n.*%(relu%): SiLU\n", r.out)
    assert.matches("\nthe same result:\ttrue\nSparseTensor [%d,]+ voxels x 16, stride 2", r.out)
  end)

  it("features.lua tells shapes apart without training", function()
    local r = shell.lacuna("examples/lua/features.lua")
    assert.equal(0, r.status, r.err)
    assert.matches("^SparseTensor 400 voxels x 4, stride 1, batch 1, float32, cpu\n", r.out)
    local to_wall, to_floor, to_pole =
      r.out:match("\nwall +0%.00 +([%d.]+) +([%d.]+) +([%d.]+)\n")
    assert.is_true(tonumber(to_wall) < 1)
    assert.is_true(tonumber(to_floor) > 5 and tonumber(to_pole) > 5)
  end)

  -- A network of full size, five times: minutes under a sanitizer.
  it("profile.lua shows where the time goes #unsanitized", function()
    local r = shell.lacuna("examples/lua/profile.lua")
    assert.equal(0, r.status, r.err)
    assert.matches("\npoints to logits:\tmedian [%d.]+ ms, .* 3 runs\n", r.out)
    assert.matches("\n50 layers take %d+ %% of the run", r.out)
    assert.matches("\nConv3d +49 layers +[%d.]+ ms, of which maps", r.out)
    assert.matches("\nmemory: [%d.]+ MB in use, [%d.]+ MB at most\n$", r.out)
  end)

  it("are all named here, and short", function()
    assert.equal("convert.lua features.lua make_scan.lua mmdet_block.lua model.lua modes.lua "
      .. "profile.lua reno.lua segment.lua", shell.list("examples/lua"))
    for name in shell.list("examples/lua"):gmatch("%S+") do
      local _, lines = shell.read("examples/lua/" .. name):gsub("\n", "")
      assert.is_true(lines < 150, name)
    end
  end)
end)

describe("examples/c #process", function()
  it("convolve.c gives what its comments say", function()
    local folder, remove = shell.folder()
    local r = shell.run(string.format("cc -std=c11 -Wall -Wextra -Werror -Iruntime/include "
      .. "examples/c/convolve.c -o %s/convolve -L%s -llacuna -Wl,-rpath,%s && %s/convolve", folder,
      shell.build, shell.build, folder))
    remove()
    assert.equal(0, r.status, r.err)
    assert.equal("3 voxels\npoint 0 is in voxel 0: 3\npoint 1 is in voxel 1: 3\n"
      .. "point 2 is in voxel 1: 3\npoint 3 is in voxel 2: 4\n", r.out)
  end)
end)
