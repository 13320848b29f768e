-- program.lua: files of the REPL that need the program around them, run without it.

local program = {}

local host_files = {
  "lacuna.host", "lacuna.repl.colour", "lacuna.repl.help", "lacuna.repl.show",
}

--- Says that there is no terminal, as the program would.
function program.enter()
  package.loaded["lacuna.host"] = { tty = { stdin = false, stdout = false, stderr = false } }
end

--- Forgets it, and the files that have asked.
function program.leave()
  for _, name in ipairs(host_files) do package.loaded[name] = nil end
end

--- What fn() prints.
---@param fn function
---@return string
function program.printed(fn)
  local lines, real = {}, print
  rawset(_G, "print", function(...)
    local parts = { ... }
    for i = 1, select("#", ...) do parts[i] = tostring(parts[i]) end
    lines[#lines + 1] = table.concat(parts, "\t")
  end)
  local ok, message = pcall(fn)
  rawset(_G, "print", real)
  if not ok then error(message, 0) end
  return table.concat(lines, "\n")
end

return program
