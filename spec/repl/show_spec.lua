-- show(x): pictures of points, voxels and views; help and who on piped input.

local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

describe("the REPL's commands #process", function()
  local folder, remove

  setup(function() folder, remove = shell.folder() end)
  teardown(function() remove() end)

  local function feed(text)
    return shell.run("printf '%s\\n' " .. shell.quote(text) .. " | " .. shell.program)
  end

  -- Width and height of a PNG.
  local function size(path)
    local bytes = assert(shell.read(path), path)
    assert.equal("\137PNG\r\n\26\n", bytes:sub(1, 8))
    local function number(at)
      local a, b, c, d = bytes:byte(at, at + 3)
      return ((a * 256 + b) * 256 + c) * 256 + d
    end
    return number(17), number(21)
  end

  local function show(value)
    local path = folder .. "/picture.png"
    os.remove(path)
    local r = feed("show(" .. value .. ", { path = '" .. path .. "' })")
    assert.same({ status = 0, out = path .. "\n", err = "" }, r)
    return { size(path) }
  end

  it("show draws points, voxels and views", function()
    local points = "lacuna.io.synthetic_scan({ beams = 8, azimuths = 64 })"
    assert.same({ 768, 768 }, show("(" .. points .. ")"))
    assert.same({ 768, 768 }, show("(lacuna.quantize((" .. points .. "), { voxel_size = 1 }))"))
    assert.same({ 750, 600 }, show "lacuna.rand({ 1, 8, 40, 50 })")
    assert.same({ 768, 384 }, show "lacuna.zeros({ 3, 32, 64 })")
    assert.same({ 768, 768 }, show "lacuna.rand({ 256, 256 })")
  end)

  it("show names what it cannot draw, and finds a place of its own", function()
    local r = feed "show(3)"
    assert.matches("^lacuna: stdin:1: show: the value is a number, expected points", r.err)
    r = feed "show(lacuna.rand({ 2, 20, 20 }))"
    assert.matches("^/.*%.png\n$", r.out)
    os.remove((r.out:gsub("\n", "")))
  end)

  it("show draws in terminals that can", function()
    if not terminal.available() then
      pending("this machine has no script(1), or no terminals to give")
      return
    end
    local command = string.format("env TERM=%%s XDG_STATE_HOME=%s TERM_PROGRAM=%%s %s", folder,
      shell.program)
    local line = "show(lacuna.rand({ 2, 20, 20 }), { path = '" .. folder .. "/p.png' })\n"
    for _, case in ipairs {
      { "xterm-kitty", "", "\27_Ga=T,f=100,m=[01];iVBORw0KGgo" },
      { "xterm", "iTerm.app", "\27%]1337;File=inline=1;preserveAspectRatio=1:iVBORw0KGgo" },
    } do
      local t = terminal.start(command:format(case[1], case[2]))
      t:expect "> $"
      t:send(line):expect(case[3])
      t:expect "p%.png\n.*> $"
      t:send "\4"
      assert.equal(0, t:wait())
    end
  end)

  it("who lists the globals of the session", function()
    assert.equal("no globals of yours yet\n", feed("who()").out)
    local r = feed "a = 1\nb = { 'x' }\nt = lacuna.ones({ 2 })\nwho()"
    assert.equal('a  1\nb  { "x" }\nt  Tensor [2], float32, cpu\n', r.out)
  end)

  it("memory tells what tensors take", function()
    local r = feed "t = lacuna.zeros({ 1024, 1024 }) memory()\nmemory()"
    assert.matches("^cpu +4%.%d MiB in use in %d+ blocks.*\nLua ", r.out)
  end)

  it("time and profile are those of the package", function()
    assert.equal("true\ttrue\n", feed("time == lacuna.time, profile == lacuna.profile").out)
  end)

  it("help says what values have", function()
    local r = feed "help(lacuna.ones({ 2 }))\nhelp(lacuna.io)\nhelp('lacuna.time')"
    assert.same({ 0, "" }, { r.status, r.err })
    assert.matches("Tensor\n", r.out)
    assert.matches("\n  narrow%(d, start, length%) +Rows start", r.out)
    assert.matches("lacuna%.io\n.-\n  read_labels%(path%) +Reads a SemanticKITTI", r.out)
    assert.matches("\nlacuna%.time%(fn, opts%)\n.-options: n\n  > lacuna%.time%(", r.out)
    r = feed "help(nil)"
    assert.matches("^lacuna: stdin:1: help: the value is nil", r.err)
  end)
end)
