-- A session of the REPL on a terminal: editing, completion, history, errors, Ctrl-C.

local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

local TAB, ESCAPE, INTERRUPT, END = "\t", "\27", "\3", "\4"
local KILL_LINE = "\21" -- Ctrl-U

describe("a REPL session #process", function()
  local state, remove, t

  -- A program whose history lies in a folder of this spec; `environment`: more of it.
  local function start(environment)
    local command = "env TERM=xterm NO_COLOR=1 XDG_STATE_HOME=" .. state .. " "
    t = terminal.start(command .. (environment or "") .. " " .. shell.program)
    t:expect "> $"
  end

  local function finish()
    t:send(END)
    assert.equal(0, t:wait())
    t = nil
  end

  -- Runs a line; the prompt behind its answer is waited for.
  local function run(line, answer)
    t:send(line .. "\n"):expect(answer .. "\n> $")
  end

  -- What Tab makes of `text`, without the escape sequences that redraw the line.
  local function complete(text, expected)
    t:send(text .. TAB):expect(expected)
    t:send(KILL_LINE)
  end

  local function history()
    return shell.read(state .. "/lacuna/history")
  end

  before_each(function()
    state, remove = shell.folder()
    t = nil
  end)

  after_each(function()
    if t then t:send(INTERRUPT .. END) end
    remove()
  end)

  local function on_a_terminal(name, body)
    it(name, function()
      if not terminal.available() then
        pending("this machine has no script(1), or no terminals to give")
        return
      end
      body()
    end)
  end

  on_a_terminal("prints expressions; a semicolon silences; _ is the last value", function()
    start()
    run("1 + 1", "\n2")
    run("_ * 21", "\n42")
    run("x = 5; y = nil", "nil")
    run("x;", "x;")
    run("nil, 1, nil", "\nnil\t1\tnil")
    run("{ 3, b = { 'x' }, a = 1 }", '\n{ 3, a = 1, b = { "x" } }')
    finish()
  end)

  on_a_terminal("edits lines", function()
    start()
    -- Left twice, then a digit: 1 + 1 becomes 1 +3 1.
    t:send("1 + 1" .. ESCAPE .. "[D" .. ESCAPE .. "[D3 -\n"):expect "\n3\n> $"
    run("'gr\195\188n'", "\ngr\195\188n")
    finish()
  end)

  on_a_terminal("reads lines until a chunk is complete, and recalls them as one", function()
    start()
    t:send "for i = 1, 2 do\n":expect "\n>> $"
    t:send "print(i * 10)\n":expect "\n>> $"
    t:send "end\n":expect "\n10\n20\n> $"
    t:send(ESCAPE .. "[A"):expect "for i = 1, 2 do print%(i %* 10%) end"
    t:send "\n":expect "\n10\n20\n> $"
    finish()
    assert.equal("for i = 1, 2 do print(i * 10) end\n", history())
  end)

  on_a_terminal("completes names, fields, methods, options, modules and files", function()
    shell.write(state .. "/street.ply", "")
    start()
    complete("lacu", "lacu.*na")
    complete("lacuna.quan", "quan.*tize")
    complete("lacuna.io.read_", "read_labels +read_points")
    complete("nn.Conv3d(4, 32, 3, { strid", "strid.*e=")
    complete("lacuna.quantize(p, { voxel_size = 1, vo", "vo")
    complete("lacuna.models.minkunet{ num", "num.*_classes=")
    complete("require 'lacuna.nn.batch", "batch.*_norm'")
    complete("lacuna.io.read_points('" .. state .. "/str", "str.*eet%.ply'")
    run("t = lacuna.ones({ 2, 3 }); s = lacuna.SparseTensor(t, { {0,0,0,0}, {0,1,0,0} })", "s.*")
    complete("t:index_se", "index_se.*lect")
    complete("s:repl", "repl.*ace_feature")
    complete("s.coords:narr", "narr.*ow")
    run("net = nn.Sequential(nn.Linear(2, 2))", "net.*")
    complete("net:load_st", "load_st.*ate_dict")
    complete("s.spa", "s.spa.*tial_")
    finish()
  end)

  on_a_terminal("keeps the history for the next session", function()
    start()
    run("'first'", "\nfirst")
    run("'second'", "\nsecond")
    run("'second'", "\nsecond")
    run(" 'secret'", "\nsecret")
    finish()
    assert.equal("'first'\n'second'\n", history())
    start()
    t:send(ESCAPE .. "[A" .. ESCAPE .. "[A\n"):expect "\nfirst\n> $"
    t:send("\18sec\n"):expect "\nsecond\n> $" -- Ctrl-R
    finish()
    assert.equal("'first'\n'second'\n'first'\n'second'\n", history())
  end)

  on_a_terminal("goes without a history where there is no place for it", function()
    shell.write(state .. "/file", "")
    start("XDG_STATE_HOME=" .. state .. "/file")
    run("1", "\n1")
    t:send(ESCAPE .. "[A\n"):expect "\n1\n> $"
    finish()
  end)

  on_a_terminal("shows the line of an error and the callers outside of the package", function()
    start()
    run("function f(x)\nreturn nn.ReLU()(x) + 1\nend", "end")
    t:send "f(3)\n":expect "lacuna: input 1:2: .-relu: input is .-\n"
    t:expect "  2 | return nn.ReLU%(%)%(x%) %+ 1\n  at input 1:2.-\n  at input 2:1\n> $"
    run("1 + * 1", "lacuna: input 3:1: unexpected symbol near '1'\n  1 | 1 %+ %* 1")
    run("'still here'", "\nstill here")
    finish()
  end)

  on_a_terminal("colours errors, and nothing with NO_COLOR", function()
    start()
    run("error('plain', 0)", "\nlacuna: plain")
    finish()
    start("NO_COLOR=")
    t:send "error('red', 0)\n":expect "\n\27%[31mlacuna: red\27%[0m\n"
    finish()
  end)

  on_a_terminal("reads whole lines where a terminal cannot edit them", function()
    start "TERM=dumb"
    run("1 + 1", "\n2")
    t:send "for i = 1, 2 do\n":expect "\n>> $"
    t:send "print(i * 10) end\n":expect "\n10\n20\n> $"
    t:send "half a lin":expect "half a lin"
    t:send(INTERRUPT):expect "\n> $"
    run("'after'", "\nafter")
    finish()
    assert.equal("", shell.list(state))
  end)

  -- A shell gives the terminal the mode of its own when it takes a stopped program's place.
  on_a_terminal("edits lines again when it is stopped and continued", function()
    start()
    t:send "ffi = require 'ffi' ffi.cdef 'int getpid(void);'\n":expect "\n> $"
    t:send "'pid ' .. ffi.C.getpid()\n"
    local pid = t:expect "\npid %d+\n> $":match "%d+"
    -- (Without SIGSTOP, which stops script(1) too.)
    local r = shell.run("pid=" .. pid .. "; stty -F /proc/$pid/fd/0 sane && kill -CONT $pid")
    assert.equal(0, r.status, r.err)
    complete("lacuna.quan", "quan.*tize")
    finish()
  end)

  on_a_terminal("helps", function()
    start()
    run("help()", "help%(x%).-logits = net%(x%)")
    run("help(lacuna.io.read_points)", "io.read_points%(path, opts%)\n.-options: columns, dtype.-")
    run("help 'F.conv3d'", "\nF.conv3d%(x, weight, opts%)\n.-\n  > y = F.conv3d%(x, .-")
    run("help(nn.Conv3d)", "nn.Conv3d\n.-kernel_size +integer.-options: .-stride.-")
    run("help('nn.Conv4d')", "lacuna: .-there is no 'nn.Conv4d'.-")
    finish()
  end)

  on_a_terminal("stops a loop of Lua, also in a function from a file", function()
    shell.write(state .. "/endless.lua", "return function() print 'on' while true do end end")
    start()
    t:send "print 'on' while true do end\n":expect "\non\n"
    t:send(INTERRUPT):expect "interrupted\n> $"
    t:send("dofile('" .. state .. "/endless.lua')()\n"):expect "\non\n"
    t:send(INTERRUPT):expect "interrupted\n> $"
    t:send "half a lin":expect "half a lin"
    t:send(INTERRUPT):expect "\n> $"
    run("'after'", "\nafter")
    finish()
  end)

  on_a_terminal("stops inside of a convolution, of which nothing stays", function()
    start()
    t:send "x = lacuna.quantize(lacuna.io.synthetic_scan(), { voxel_size = 0.1 })\n":expect "> $"
    t:send "conv = nn.Conv3d(4, 96, 3)\n":expect "> $"
    t:send "wide = nn.Conv3d(96, 96, 3)\n":expect "> $"
    -- One result, computed when it is summed: many layers, so that Ctrl-C comes while it is.
    t:send "function deep() local y = conv(x) for i = 1, 200 do y = wide(y) end return y end\n"
    t:expect "> $"
    t:send "print 'on' deep().feats:sum():item()\n":expect "\non\n"
    t:send(INTERRUPT):expect "interrupted\n> $"
    t:send "a = wide(conv(x)).feats:sum():item()\n":expect "> $"
    t:send "fresh = lacuna.SparseTensor(x.feats, x.coords:tensor():clone())\n":expect "> $"
    t:send "a == wide(conv(fresh)).feats:sum():item()\n":expect "\ntrue\n"
    t:expect "> $"
    finish()
  end)
end)
