-- Every public function and class has a comment for the language server, which help() shows too.
--
-- A comment is a run of `---` lines above the definition: `function T.name`, `T.name = ...` or, for
-- a class, `class.new("Name", ...)` or its __init.

local lacuna = require "lacuna"
local class = require "lacuna.nn.class"
local sparse = require "lacuna.sparse"
local points = require "lacuna.points"
local shell = require "spec.support.shell"
local T = require "lacuna.tensor"

local files = {}

local function lines_of(path)
  if not files[path] then
    local list = {}
    for line in io.lines(path) do list[#list + 1] = line end
    files[path] = list
  end
  return files[path]
end

local function has_comment(lines, number)
  local above = lines[number - 1]
  return above ~= nil and above:match("^%s*%-%-%-") ~= nil
end

-- Is a function or class of this name defined, below a comment, in the file?
local function is_documented_by_name(lines, name)
  local pattern = name:gsub("%p", "%%%0")
  for i, line in ipairs(lines) do
    local defines = line:match("^%s*[%w_]+%." .. pattern .. "%s*=")
      or line:match("class%.new%(\"" .. pattern .. "\"")
      or line:match("^local " .. pattern .. " = ")
      or line:match("^function " .. pattern .. ":__init%(")
      or line:match("^%s*[%w_]+%." .. pattern .. ",? .*=")
    if defines and has_comment(lines, i) then return true end
  end
  return false
end

local function where(fn)
  local info = debug.getinfo(fn, "S")
  return info.source:sub(2), info.linedefined
end

local function function_is_documented(name, fn)
  local path, number = where(fn)
  local lines = lines_of(path)
  return has_comment(lines, number) or is_documented_by_name(lines, name)
end

local function class_is_documented(name, c)
  local path = where(c.__init)
  if is_documented_by_name(lines_of(path), name) then return true end
  return c.forward ~= nil and is_documented_by_name(lines_of(where(c.forward)), name)
end

-- What of `object` has no comment. What loads its parts when they are named goes through
-- load_parts first.
local function gaps(object, prefix)
  local list = {}
  for name, value in pairs(object) do
    if type(name) == "string" and not name:match("^_") then
      local documented = true
      if class.is_class(value) then
        documented = class_is_documented(name, value)
      elseif type(value) == "function" then
        documented = function_is_documented(name, value)
      end
      if not documented then list[#list + 1] = prefix .. name end
    end
  end
  table.sort(list)
  return table.concat(list, " ")
end

-- The names in the `parts` table of a file that loads its parts on demand.
local function load_parts(object, path)
  local text = table.concat(lines_of(path), "\n")
  local seen = 0
  for name in text:gmatch("[%s{]([%a][%w_]*) = {") do
    if pcall(function() return object[name] end) then seen = seen + 1 end
  end
  for name in text:gmatch("\"([%a][%w_]*)\"") do
    if pcall(function() return object[name] end) then seen = seen + 1 end
  end
  assert.is_true(seen > 10, path)
end

describe("comments", function()
  it("are on the functions of lacuna", function()
    load_parts(lacuna, "lua/lacuna/init.lua")
    assert.equal("", gaps(lacuna, "lacuna."))
    for _, name in ipairs { "io", "hdf5", "convert", "registry", "cuda", "tune", "models" } do
      assert.equal("table", type(lacuna[name]), name)
      assert.equal("", gaps(lacuna[name], "lacuna." .. name .. "."))
    end
  end)

  it("are on the classes and functions of nn", function()
    load_parts(lacuna.nn, "lua/lacuna/nn/init.lua")
    assert.equal("", gaps(lacuna.nn, "nn."))
    assert.equal("", gaps(lacuna.nn.utils, "nn.utils."))
  end)

  it("are on the functions of nn.functional", function()
    assert.equal("", gaps(lacuna.nn.functional, "F."))
    assert.equal("", gaps(lacuna.nn.functional.conv_config, "F.conv_config."))
  end)

  it("are on the methods of tensors", function()
    assert.equal("", gaps(T.methods, "Tensor:"))
  end)

  it("are on the methods of sparse tensors and point tensors", function()
    assert.equal("", gaps(sparse.SparseTensor, "SparseTensor:"))
    assert.equal("", gaps(points.PointTensor, "PointTensor:"))
  end)

  it("are on the methods of modules", function()
    local names = {}
    for path in shell.run("ls lua/lacuna/nn/*.lua").out:gmatch("[^\n]+") do
      for name in table.concat(lines_of(path), "\n"):gmatch("\nfunction Module:([%a][%w_]*)%(") do
        names[name] = lacuna.nn.Module[name]
      end
    end
    assert.is_function(names.state_dict)
    assert.equal("", gaps(names, "Module:"))
  end)
end)
