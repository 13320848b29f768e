-- examples/c and examples/cpp: built by `make examples`, run here, and what their page promises.

local shell = require "spec.support.shell"

local folder = shell.build .. "/examples/"

local function run(name)
  local where, remove = shell.folder()
  local r = shell.run(string.format("cd %s && unset LACUNA_LIB_DIR LUA_PATH LUA_CPATH && %s", where,
    shell.quote(folder .. name)))
  r.left = shell.list(where)
  remove()
  return r
end

describe("examples for hosts #process", function()
  setup(function()
    assert(shell.read(folder .. "c/segment"), "not built: run make examples")
  end)

  it("are each under 150 lines", function()
    local files = shell.run("find examples -name '*.c' -o -name '*.cpp' -o -name '*.lua'").out
    for path in files:gmatch("%S+") do
      local _, lines = shell.read(path):gsub("\n", "")
      assert.is_true(lines < 150, path .. " has " .. lines .. " lines")
    end
  end)

  it("segment.c labels every point of a buffer", function()
    local r = run("c/segment")
    assert.equal(0, r.status, r.err)
    assert.matches("^20000 points in 16200 voxels\n", r.out)
    local sum = 0
    for count in r.out:gmatch("class %d+: (%d+) points") do sum = sum + tonumber(count) end
    assert.equal(20000, sum)
  end)

  it("host_state.c uses the context of the application", function()
    assert.same({ status = 0, out = "2 of 3 voxels are above 1 m\n", err = "", left = "" },
      run "c/host_state")
  end)

  it("convolve.c needs no Lua", function()
    local r = run "c/convolve"
    assert.equal(0, r.status, r.err)
    assert.matches("^3 voxels\n", r.out)
  end)

  it("two_threads.cpp gives the same bits in both", function()
    local r = run "cpp/two_threads"
    assert.same({ status = 0, err = "", left = "" },
      { status = r.status, err = r.err, left = r.left })
    assert.equal("317 tensors, read once\n36195 logits in each thread, equal to the bit\n", r.out)
  end)

  it("ros2_node.cpp labels good clouds and drops others", function()
    local r = run "cpp/ros2_node"
    assert.equal(0, r.status, r.err)
    assert.equal("labels: 400 points of 16 bytes in velodyne\n"
      .. "dropped a cloud: the cloud has no field intensity\n"
      .. "dropped a cloud: the cloud's data are shorter than its points\n", r.out)
  end)
end)
