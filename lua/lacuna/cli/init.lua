-- cli: the commands of the program, one a file, found by name.

local errors = require "lacuna.errors"

local cli = {}

-- In the order in which --help lists them.
local commands = {
  { "segment", "label every point of scans with a segmentation model" },
  { "encode", "turn scans into bird's-eye views of features with a detection encoder" },
  { "convert", "write weights of other engines as a weights file" },
  { "inspect", "list what a file of weights holds: HDF5, PyTorch, safetensors" },
  { "bench", "time a model on a scan beside the machine's matrix product" },
  { "tune", "find the fastest dataflow for each convolution of a model" },
  { "info", "what this build and this machine have" },
}

local NOT_A_COMMAND = -1 -- main.c then runs the word as a script

local function is_plain_file(path)
  local file = io.open(path, "rb")
  if not file then return false end
  local readable = file:read(0) ~= nil or file:seek("end") == 0 -- a folder opens, but has no bytes
  file:close()
  return readable
end

--- Runs the command `name`; its arguments follow. Returns the exit status.
function cli.main(name, ...)
  local names = {}
  for i, command in ipairs(commands) do
    if command[1] == name then return require("lacuna.cli." .. name).main({ ... }) or 0 end
    names[i] = command[1]
  end
  if is_plain_file(name) then return NOT_A_COMMAND end
  io.stderr:write(string.format("lacuna: '%s' is neither a command nor a file%s\n", name,
    errors.nearest(name, names)))
  return 2
end

--- Prints what `lacuna --help` says.
function cli.help()
  print [[
Lacuna: sparse convolution for point clouds, scripted in Lua.

  lacuna                       read, evaluate, print (`lacuna`, `nn` and `F` are at hand)
  lacuna SCRIPT [ARGS]         run a Lua file; its arguments are in `arg` and in `...`
  lacuna -e CODE               run a string; may be repeated
  lacuna - [ARGS]              run standard input as a script
  lacuna -v, --version         the version
  lacuna COMMAND --help        what a command takes

Commands:]]
  for _, command in ipairs(commands) do print(string.format("  %-10s %s", unpack(command))) end
  print [[

Exit status: 0 done, 1 failed, 2 wrong usage. LACUNA_TRACE=1 adds a traceback to errors.]]
  return 0
end

return cli
