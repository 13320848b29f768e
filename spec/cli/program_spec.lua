-- The program itself: scripts, -e, stdin, the REPL, exit statuses.

local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

describe("lacuna #process", function()
  local folder, remove

  setup(function() folder, remove = shell.folder() end)
  teardown(function() remove() end)

  local function script(text)
    local path = folder .. "/script.lua"
    shell.write(path, text)
    return path
  end

  it("runs a string", function()
    local r = shell.lacuna("-e", "print(1 + 1)")
    assert.same({ status = 0, out = "2\n", err = "" }, r)
    r = shell.lacuna("-e", "x = 3", "-e", "print(x)")
    assert.same({ status = 0, out = "3\n", err = "" }, r)
  end)

  it("loads nothing that a string does not use", function()
    local r = shell.lacuna("-e", "for name in pairs(package.loaded) do"
      .. " if name:find('^lacuna') and name ~= 'lacuna.shortcuts' then print(name) end end")
    assert.same({ status = 0, out = "", err = "" }, r)
    local maps = shell.lacuna("-e", "io.write(io.open('/proc/self/maps'):read('*a'))")
    assert.is_nil(maps.out:find("liblacuna", 1, true))
    assert.is_nil(maps.out:find("hdf5", 1, true))
  end)

  it("has lacuna, nn and F at hand in a string, and not in a script", function()
    local r = shell.lacuna("-e", "print(lacuna.version, nn == lacuna.nn, F == nn.functional)")
    assert.equal(0, r.status, r.err)
    assert.equal("0.1.0\ttrue\ttrue\n", r.out)
    r = shell.lacuna(script "print(lacuna, nn, F)")
    assert.equal("nil\tnil\tnil\n", r.out)
  end)

  it("runs a script with its arguments", function()
    local path = script "print(#arg, arg[1], arg[2], arg[0] ~= nil, ...)"
    local r = shell.lacuna(path, "one", "two words")
    assert.same({ status = 0, out = "2\tone\ttwo words\ttrue\tone\ttwo words\n", err = "" }, r)
  end)

  it("takes what follows -- as a script, whatever its name", function()
    shell.write(folder .. "/-e.lua", "print('a script', ...)")
    local r = shell.run("cd " .. folder .. " && " .. shell.quote(shell.program) .. " -- -e.lua -v")
    assert.same({ status = 0, out = "a script\t-v\n", err = "" }, r)
  end)

  it("says which files it lacks", function()
    local r = shell.run(string.format("cd %s && mkdir -p bare && cp %s bare && bare/lacuna -v",
      folder, shell.quote(shell.program)))
    assert.same({ status = 1, out = "",
      err = "lacuna: no Lua package in ../share/lacuna or .. of this program\n" }, r)
  end)

  it("runs a script from any directory", function()
    script "print(require('lacuna').version)"
    local r = shell.run("cd " .. folder .. " && " .. shell.quote(shell.program) .. " script.lua")
    assert.same({ status = 0, out = "0.1.0\n", err = "" }, r)
  end)

  it("runs standard input as a script", function()
    local r = shell.run("printf 'local a = 1\\nprint(a, ...)' | " .. shell.program .. " - x")
    assert.same({ status = 0, out = "1\tx\n", err = "" }, r)
  end)

  it("finds Debian's Lua modules, also when LUA_PATH is set", function()
    local code = " -e 'require \"cjson\" require \"argparse\" print(require(\"mine\"))'"
    shell.write(folder .. "/mine.lua", "return 'mine'")
    local r = shell.run("LUA_PATH=" .. folder .. "/?.lua " .. shell.program .. code)
    assert.same({ status = 0, out = "mine\n", err = "" }, r)
  end)

  it("prints an error as one line and exits with 1", function()
    local path = script "local function f() error('boom') end\nf()\n"
    local r = shell.lacuna(path)
    assert.equal(1, r.status)
    assert.equal("", r.out)
    assert.equal("lacuna: " .. path .. ":1: boom\n", r.err)
    r = shell.lacuna("-e", "error({})")
    assert.same({ 1, "lacuna: error value is a table, not a string\n" }, { r.status, r.err })
    r = shell.lacuna("-e", "error(setmetatable({}, {__tostring = function() return 'shown' end}))")
    assert.equal("lacuna: shown\n", r.err)
    r = shell.lacuna(script "x = = 1")
    assert.equal(1, r.status)
    assert.matches("^lacuna: .*script.lua:1: unexpected symbol near '='\n$", r.err)
  end)

  it("adds a traceback with LACUNA_TRACE=1", function()
    local path = script "local function f() error('boom') end\nf()\n"
    local r = shell.run("LACUNA_TRACE=1 " .. shell.program .. " " .. path)
    assert.equal(1, r.status)
    assert.matches("boom\nstack traceback:\n", r.err)
  end)

  it("says its version and its usage", function()
    for _, option in ipairs { "-v", "--version" } do
      assert.same({ status = 0, out = "lacuna 0.1.0\n", err = "" }, shell.lacuna(option))
    end
    for _, option in ipairs { "-h", "--help" } do
      local r = shell.lacuna(option)
      assert.equal(0, r.status)
      for _, word in ipairs { "segment", "encode", "inspect", "bench", "info", "%-e CODE" } do
        assert.matches(word, r.out)
      end
    end
    for _, command in ipairs { "segment", "encode", "inspect", "bench", "info" } do
      local r = shell.lacuna(command, "--help")
      assert.equal(0, r.status, r.err)
      assert.matches("^Usage: lacuna " .. command, r.out)
    end
  end)

  it("exits with 2 on wrong usage", function()
    local r = shell.lacuna("--frobnicate")
    assert.equal(2, r.status)
    assert.equal("lacuna: unknown option --frobnicate; try lacuna --help\n", r.err)
    r = shell.lacuna("-e")
    assert.equal(2, r.status)
    r = shell.lacuna("segmnt")
    assert.equal(2, r.status)
    assert.equal("lacuna: 'segmnt' is neither a command nor a file, did you mean 'segment'?\n",
      r.err)
    r = shell.lacuna("info", "--nonsense")
    assert.equal(2, r.status)
    assert.matches("unknown option '%-%-nonsense'", r.err)
    r = shell.lacuna("segment")
    assert.equal(2, r.status)
    r = shell.lacuna("bench", "--repeat", "many")
    assert.equal(2, r.status)
    assert.matches("'many' is not a whole number", r.err)
  end)

  it("exits with 1 when a script cannot be opened", function()
    local r = shell.lacuna("nosuch.lua")
    assert.same({ status = 1, out = "",
      err = "lacuna: cannot open nosuch.lua: No such file or directory\n" }, r)
  end)

  it("exits with 1 when standard output cannot be written", function()
    local r = shell.run(shell.program .. " -e 'print(1)' >/dev/full")
    assert.equal(1, r.status)
  end)

  it("stops at the first Ctrl-C, also inside an operation", function()
    -- The loop is compiled, so that only the operation itself can notice the signal.
    local path = script [[
      local lacuna = require "lacuna"
      local t = lacuna.ones({ 64, 64 })
      io.write("ready\n") io.flush()
      while true do t:matmul(t):data() end
    ]]
    local r = shell.run(string.format([[
      %s %s >%s/log 2>&1 & pid=$!
      for i in $(seq 100); do grep -q ready %s/log 2>/dev/null && break; sleep 0.05; done
      sleep 0.2; kill -INT $pid; wait $pid; status=$?
      cat %s/log; exit $status]], shell.program, path, folder, folder, folder))
    assert.equal(1, r.status, r.out)
    assert.matches("interrupted", r.out)
  end)
end)

describe("the REPL #process", function()
  local function feed(text)
    return shell.run("printf '%s' " .. shell.quote(text) .. " | " .. shell.program)
  end

  it("prints expressions, without a prompt when piped", function()
    assert.same({ status = 0, out = "2\nnil\t1\tnil\n", err = "" }, feed "1 + 1\nnil, 1, nil\n")
    assert.same({ status = 0, out = "7\n7\n", err = "" }, feed "x = 7\n=x\n_\n")
  end)

  it("prints nothing after a semicolon, and for calls without results", function()
    local r = feed "1 + 1;\n(function() end)()\n\n-- nothing\n"
    assert.same({ status = 0, out = "", err = "" }, r)
  end)

  it("reads on until a chunk is complete", function()
    assert.same({ status = 0, out = "1\n2\n", err = "" }, feed "for i = 1, 2 do\nprint(i)\nend\n")
    assert.same({ status = 0, out = "ab\n", err = "" }, feed '"a" ..\n"b"\n')
    assert.same({ status = 0, out = "a\nb\n", err = "" }, feed "s = [[a\nb]]\ns\n")
  end)

  it("goes on after errors, which end piped input with 1", function()
    local r = feed "error('boom', 0)\n1 + * 1\n'still here'\n"
    assert.equal(1, r.status)
    assert.equal("still here\n", r.out)
    assert.equal("lacuna: boom\nlacuna: stdin:1: unexpected symbol near '1'\n", r.err)
  end)

  it("says what is unfinished at the end of the input", function()
    local r = feed "for"
    assert.equal(1, r.status)
    assert.equal("lacuna: stdin:1: '<name>' expected near '<eof>'\n", r.err)
  end)

  it("has a prompt on a terminal, where Ctrl-C ends a chunk and not the session", function()
    if not terminal.available() then
      pending("this machine has no script(1), or no terminals to give")
      return
    end
    local state, forget = shell.folder() -- the history goes there
    finally(forget)
    local t = terminal.start("env XDG_STATE_HOME=" .. state .. " " .. shell.program)
    t:expect "> $"
    t:send "1 + 1\n":expect "\n2\n> $"
    t:send "for i = 1, 2 do\n":expect "\n>> $"
    t:send "\3":expect "\n> $" -- Ctrl-C
    t:send '"after"\n':expect "\nafter\n> $"
    t:send "\4" -- Ctrl-D
    assert.equal(0, t:wait())
  end)

  it("has the package at hand", function()
    local r = feed "lacuna.ones({2}):sum():item()\nnn.ReLU()\n"
    assert.equal(0, r.status, r.err)
    assert.matches("^2\nReLU", r.out)
  end)
end)
