-- state_dict.lua: parameters and buffers by name, out of a module and into it.

local T = require "lacuna.tensor"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local ordered = require "lacuna.nn.ordered"
local shape = require "lacuna.shape"
local traverse = require "lacuna.nn.traverse"

local state_dict = {}

--- The module's tensors (not copies) by name: `for name, t in net:state_dict() do` goes in order.
---@usage for name, t in net:state_dict() do print(name, t:numel()) end
function Module:state_dict()
  local found = ordered.map()
  traverse.each_tensor(self, function(path, tensor)
    found[path] = tensor
  end, true)
  return found
end

-- Counters of training steps that older files lack; evaluation does without.
local function may_be_missing(name)
  return name:match("num_batches_tracked$") ~= nil
end

--- What differs between a module's names and shapes and those of a file or table.
--- `shape_of(name)` gives the other side's shape, or nil where it has no such tensor.
---@return table lists  missing, unexpected, wrong: each a list of texts
function state_dict.compare(own, names, shape_of)
  local lists = { missing = {}, unexpected = {}, wrong = {} }
  for name, tensor in own do
    local given = shape_of(name)
    if given == nil then
      if not may_be_missing(name) then lists.missing[#lists.missing + 1] = name end
    elseif not shape.equal(given, shape.of(tensor)) then
      lists.wrong[#lists.wrong + 1] = string.format("%s is %s, expected %s", name,
        shape.text(given), shape.text(shape.of(tensor)))
    end
  end
  for _, name in ipairs(names) do
    if own[name] == nil then lists.unexpected[#lists.unexpected + 1] = name end
  end
  return lists
end

--- All differences in one line.
function state_dict.describe(lists)
  local parts = {}
  local function add(title, list)
    if #list > 0 then
      parts[#parts + 1] = string.format("%d %s: %s", #list, title, table.concat(list, ", "))
    end
  end
  add("wrong shape", lists.wrong)
  add("missing", lists.missing)
  add("unexpected", lists.unexpected)
  return table.concat(parts, "; ")
end

function state_dict.differ(lists)
  return #lists.missing + #lists.unexpected + #lists.wrong > 0
end

--- Copies the tensors of `dict` (name -> Tensor) into the module, converted to its dtypes. With
--- strict (the default) any difference in names or shapes is an error that lists them all, and
--- nothing is copied; with strict = false what fits is copied, and the differences are returned.
---@param dict table<string, Tensor>
---@param opts { strict: boolean }|nil
---@return table self_or_lists
---@usage net:load_state_dict(net:clone():state_dict(), { strict = false })
function Module:load_state_dict(dict, opts)
  opts = errors.options("load_state_dict", opts, { strict = true })
  if type(dict) ~= "table" then
    errors.raisef("load_state_dict: a %s, expected a table of tensors by name", type(dict))
  end
  local names = ordered.names(dict)
  for _, name in ipairs(names) do
    if not T.is(dict[name]) then
      errors.raisef("load_state_dict: '%s' is a %s, expected a Tensor", tostring(name),
        type(dict[name]))
    end
  end
  local own = self:state_dict()
  local lists = state_dict.compare(own, names, function(name)
    local t = rawget(dict, name)
    return t and shape.of(t)
  end)
  if opts.strict ~= false and state_dict.differ(lists) then
    errors.raisef("load_state_dict: %s", state_dict.describe(lists))
  end
  for name, tensor in own do
    local given = rawget(dict, name)
    if given and shape.equal(shape.of(given), shape.of(tensor)) then tensor:copy_(given) end
  end
  if opts.strict == false then return lists end
  return self
end

return state_dict
