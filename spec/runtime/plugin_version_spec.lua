-- Libraries of another build: one line that says so, for each of the two that are opened at first
-- use, and for the script library without the Lua files.

local shell = require "spec.support.shell"

describe("a library of another build #process", function()
  local folder, remove

  setup(function() folder, remove = shell.folder() end)
  teardown(function() remove() end)

  -- A library whose entry point gives a table of version 9999, or none at all.
  local function plugin(entry, answer)
    local path = folder .. "/other.so"
    shell.write(folder .. "/other.c", string.format(
      "static unsigned table[64] = { 9999 };\nvoid *%s(void);\nvoid *%s(void) { return %s; }\n",
      entry, entry, answer))
    local r = shell.run(string.format("cc -shared -fPIC -o %s %s/other.c", path, folder))
    assert.equal(0, r.status, r.err)
    return path
  end

  it("is refused in the place of liblacuna_io and of liblacuna_cuda", function()
    for _, case in ipairs {
      { "lac_io_plugin", "LACUNA_IO_LIB", "lacuna.io.synthetic_scan()", "liblacuna_io.so" },
      { "lac_cuda_plugin", "LACUNA_CUDA_LIB", "lacuna.ones(2):cuda()", "liblacuna_cuda.so" },
    } do
      local entry, variable, code, name = unpack(case)
      for _, answer in ipairs { "table", "0" } do
        local r = shell.run(string.format("%s=%s %s -e %s", variable, plugin(entry, answer),
          shell.program, shell.quote(code)))
        assert.equal(1, r.status)
        assert.equal(1, select(2, r.err:gsub("\n", "")), r.err)
        assert.truthy(r.err:find(name .. ": of another version than liblacuna: install both from "
          .. "one build", 1, true), r.err)
      end
    end
  end)

  it("has no package where liblacuna_script lies alone", function()
    local r = shell.run(string.format("cp %s/liblacuna.so %s/liblacuna_script.so %s && ln -sf "
      .. "liblacuna.so %s/liblacuna.so.0", shell.build, shell.build, folder, folder))
    assert.equal(0, r.status, r.err)
    r = shell.run("cd " .. folder .. " && luajit -e " .. shell.quote([[
      local ffi = require "ffi"
      ffi.cdef "int lac_context_create(const void *, void **);"
      ffi.cdef "int lac_script_create(void *, const void *, void **);"
      ffi.cdef "const char *lac_last_error(void);"
      local C, script = ffi.load "./liblacuna.so", ffi.load "./liblacuna_script.so"
      local ctx, s = ffi.new("void *[1]"), ffi.new("void *[1]")
      assert(C.lac_context_create(nil, ctx) == 0)
      print(script.lac_script_create(ctx[0], nil, s), s[0] == nil)
      print(ffi.string(C.lac_last_error()))]]))
    assert.same({ status = 0, err = "", out = "11\ttrue\n"
      .. "script: no Lua package in ../share/lacuna or .. of liblacuna_script.so\n" }, r)
  end)
end)
