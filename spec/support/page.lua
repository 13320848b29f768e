-- page.lua: the code blocks of a page of documentation, and the page as one program that runs them.

local shell = require "spec.support.shell"

local page = {}

--- The fenced blocks of a page, in order: { language, text, output }. `output` is the block behind
--- the word "prints" that follows, nil without one.
function page.blocks(path)
  local blocks, block, prints = {}, nil, false
  for line in (shell.read(path) .. "\n"):gmatch("(.-)\n") do
    local fence = line:match("^```(.*)$")
    if fence and not block then
      block = { language = fence, lines = {} }
    elseif fence then
      block.text = table.concat(block.lines, "\n") .. "\n"
      if prints then
        blocks[#blocks].output = block.text
      else
        blocks[#blocks + 1] = block
      end
      block, prints = nil, false
    elseif block then
      block.lines[#block.lines + 1] = line
    elseif line ~= "" then
      prints = line == "prints"
    end
  end
  return blocks
end

--- The blocks of one language.
function page.of(path, language)
  local list = {}
  for _, block in ipairs(page.blocks(path)) do
    if block.language == language then list[#list + 1] = block end
  end
  return list
end

local function mark(i) return "@@ end of block " .. i end

-- A block that begins with `-- NAME.lua` is that file.
local function file_name(block) return block.text:match("^%-%- ([%w_]+%.lua)\n") end

--- Runs the Lua and shell blocks, in order, as one program in `folder`. Returns its result, and the
--- output of each block.
function page.run(blocks, folder)
  local parts = { "io.stdout:setvbuf 'no'" }
  for i, block in ipairs(blocks) do
    local name = file_name(block)
    if name then
      shell.write(folder .. "/" .. name, block.text)
    elseif block.language == "lua" then
      parts[#parts + 1] = block.text
    elseif block.language == "sh" then
      local script = ("%s/block%d.sh"):format(folder, i)
      shell.write(script, "set -e\n" .. block.text)
      parts[#parts + 1] = ("assert(os.execute 'sh %s' == 0, %q)"):format(script, block.text)
    end
    parts[#parts + 1] = ("print %q"):format(mark(i))
  end
  shell.write(folder .. "/page.lua", table.concat(parts, "\n"))
  local result = shell.run(("cd %s && mkdir -p bin && ln -sf %s bin/lacuna && ln -sfn %s examples "
    .. "&& PATH=$PWD/bin:$PATH lacuna -e 'dofile \"page.lua\"'"):format(folder,
    shell.quote(shell.program), shell.quote(shell.tree .. "/examples")))
  local outputs, at = {}, 1
  for i = 1, #blocks do
    local first, last = result.out:find(mark(i) .. "\n", at, true)
    if not first then break end
    outputs[i] = result.out:sub(at, first - 1)
    at = last + 1
  end
  return result, outputs
end

local compilers = { c = "cc -std=c11", cpp = "c++ -std=c++11" }

--- Compiles a C or C++ block in `folder`: a whole program, or statements of a function, to which
--- the names in `parameters` are given. Returns the result, and for a program what it prints.
function page.compile(block, folder, parameters)
  local text, whole = block.text, block.text:find("int main", 1, true)
  if not whole then
    local includes = {}
    text = text:gsub("#include[^\n]*\n", function(line)
      includes[#includes + 1] = line
      return ""
    end)
    text = ("%s\nvoid block(%s);\nvoid block(%s) {\n%s}\n"):format(table.concat(includes),
      parameters, parameters, text)
  end
  local file = "block." .. block.language
  shell.write(folder .. "/" .. file, text)
  local rest = "-fsyntax-only"
  if whole then
    rest = ("-o block -L%s -llacuna_script -llacuna -Wl,-rpath,%s && ./block")
      :format(shell.build, shell.build)
  end
  return shell.run(("cd %s && %s -Wall -Wno-unused-result -Werror -I%s/runtime/include %s %s")
    :format(folder, compilers[block.language], shell.tree, file, rest))
end

--- Whether each `lacuna COMMAND` in a text has the options that it is shown with: what is wrong, or
--- nil.
function page.check_commands(text)
  local help = {}
  for line in text:gsub("\\\n", " "):gmatch("lacuna (%l+ [^\n`]*)") do
    local command = line:match("^%l+")
    help[command] = help[command] or shell.lacuna(command, "--help")
    if help[command].status ~= 0 then return "there is no lacuna " .. command end
    for option in line:gmatch("%f[%S](%-%-?[%a][%w%-]*)") do
      if not help[command].out:find(option:gsub("%-", "%%-") .. "%f[^%w%-]") then
        return ("lacuna %s has no %s"):format(command, option)
      end
    end
  end
  return nil
end

return page
