-- detect.lua: which engine wrote the kernels, from shapes, names and versions.
--
-- Every kernel rules out what cannot be: its output channels are those of its bias or of the norm
-- behind it, its shape is that of the model's layer, its size the one that was given. What is left
-- for all kernels together is the answer if it is one; the file is said to be ambiguous if it is
-- more. Evidence that would rule out everything is no evidence (a norm of something else).

local errors = require "lacuna.errors"
local layout = require "lacuna.convert.layout"
local names = require "lacuna.convert.names"
local shape = require "lacuna.shape"
local tree = require "lacuna.convert.tree"

local detect = {}

local all = { "spconv1", "spconv2.0", "spconv2", "dense" }
local LARGE = 7 -- edge of a kernel beyond which a shape is read so only for want of another reading

--- Modules by name: { fields = name -> shape, position }, and their order below each parent.
function detect.index(entries)
  local modules, children = {}, {}
  for _, entry in ipairs(entries) do
    local path, field = names.split(entry.name)
    local module = modules[path]
    if not module then
      module = { path = path, fields = {} }
      modules[path] = module
      local parent = names.split(path)
      children[parent] = children[parent] or {}
      table.insert(children[parent], module)
      module.position, module.parent = #children[parent], parent
    end
    module.fields[field] = entry.stored.shape
  end
  return { modules = modules, children = children }
end

-- Channels of a module that is a norm: one dimension, and either statistics or weight and bias.
local function norm_width(index, module)
  local inner = module.fields.weight and module or index.modules[module.path .. ".bn"]
  local fields = inner and inner.fields
  local weight = fields and (fields.weight or fields.running_mean)
  if weight and #weight == 1 and (fields.running_mean or fields.bias) then return weight[1] end
end

-- Output channels that a bias or the norm that follows speaks for, and which of them it is.
local function width_of(index, path)
  local module = index.modules[path]
  local bias = module.fields.bias
  if bias and #bias == 1 then return bias[1], "its bias" end
  local parent, last = names.split(path)
  local number = last:match("^conv(%d*)$")
  for _, kind in ipairs(number and { "bn", "norm" } or {}) do
    local norm = index.modules[(parent == "" and "" or parent .. ".") .. kind .. number]
    local width = norm and norm_width(index, norm)
    if width then return width, norm.path end
  end
  local after = index.children[parent][module.position + 1]
  local width = after and norm_width(index, after)
  if width then return width, after.path end
end

local function keep(set, test)
  local kept = {}
  for _, name in ipairs(set) do
    if test(name) then kept[#kept + 1] = name end
  end
  return #kept > 0 and kept or set
end

local function contains(set, name)
  for _, other in ipairs(set) do
    if other == name then return true end
  end
  return false
end

local function same_size(a, b)
  return a[1] == b[1] and a[2] == b[2] and a[3] == b[3]
end

-- The layouts that one kernel may have, and what was said about it.
local function readings(entry, index, about)
  local s = entry.stored.shape
  local path = names.split(entry.name)
  local set, said = all, nil
  local function rule(test, reason)
    local kept = keep(set, test)
    if #kept < #set then set, said = kept, reason end
  end
  local size = about.size(entry)
  if size then
    rule(function(name) return same_size(layout.read(name, s), size) end,
      "its kernel size " .. layout.size_text(size))
  end
  local width, who = width_of(index, path)
  if width then
    rule(function(name)
      local _, _, cout = layout.read(name, s)
      return cout == width
    end, ("%d output channels in %s"):format(width, tree.shown(who)))
  end
  local want = about.target(entry)
  if want and #want >= 2 then
    rule(function(name)
      local k, cin, cout = layout.read(name, s)
      local taps = #want == 3 and want[1] or 1
      return layout.volume(k) == taps and cin == want[#want - 1] and cout == want[#want]
    end, "the model's shape " .. shape.text(want))
  end
  return set, said
end

local function intersect(a, b)
  local both = {}
  for _, name in ipairs(a) do
    if contains(b, name) then both[#both + 1] = name end
  end
  return both
end

-- Does `test` hold for the kernel sizes that all entries have in a layout?
local function all_sizes(name, entries, test)
  for _, entry in ipairs(entries) do
    if not test((layout.read(name, entry.stored.shape))) then return false end
  end
  return true
end

local function is_small(k)
  return math.max(k[1], k[2], k[3]) <= LARGE
end

-- The edges are one number, or that and 1.
local function is_regular(k)
  local largest = math.max(k[1], k[2], k[3])
  for i = 1, 3 do
    if k[i] ~= 1 and k[i] ~= largest then return false end
  end
  return true
end

-- What shapes alone make unlikely: large kernels, and PyTorch's own convolution where its kernels
-- would have different edges and those of a sparse one have not. Of two sparse layouts none is
-- chosen so: 3x3x2 is a kernel like any other.
local function likely(set, entries)
  set = keep(set, function(name) return all_sizes(name, entries, is_small) end)
  local sparse_fits = false
  for _, name in ipairs(set) do
    sparse_fits = sparse_fits or name ~= "dense" and all_sizes(name, entries, is_regular)
  end
  if not sparse_fits or all_sizes("dense", entries, is_regular) then return set end
  return keep(set, function(name) return name ~= "dense" end)
end

local function ambiguous(path, set, entry)
  errors.raisef("convert: %s: the layout is ambiguous: %s %s can be %s: say which with --from "
    .. "(in Lua: from =)", path, entry.label, shape.text(entry.stored.shape),
    table.concat(set, ", "):gsub(", ([^,]*)$", " or %1"))
end

local function contradiction(path, a, b)
  errors.raisef("convert: %s: the kernels contradict one another: %s %s is %s by %s, but %s %s is "
    .. "%s by %s: say which with --from (in Lua: from =)", path,
    a.entry.label, shape.text(a.entry.stored.shape), table.concat(a.set, " or "), a.said,
    b.entry.label, shape.text(b.entry.stored.shape), table.concat(b.set, " or "), b.said)
end

--- The layout of kernels with five axes.
---@param entries table[]    the kernels, each with name, key and stored
---@param index table        detect.index of all tensors
---@param about table        path; size(entry), target(entry), version(entry): what else is known
---@return string name, string reason
function detect.five(entries, index, about)
  local set, decisive = all, nil
  for _, entry in ipairs(entries) do
    local found, said = readings(entry, index, about)
    local both = intersect(set, found)
    if #both == 0 then
      contradiction(about.path, decisive, { entry = entry, set = found, said = said })
    end
    if #both < #set then
      set, decisive = both, { entry = entry, set = both, said = said }
    end
  end
  if #set == 1 then
    return set[1], ("%s %s fits nothing else by %s"):format(decisive.entry.label,
      shape.text(decisive.entry.stored.shape), decisive.said)
  end
  for _, entry in ipairs(entries) do
    -- mmdetection3d marks kernels that are in the order of SpConv 2 so.
    if about.version(entry) == 2 and contains(set, "spconv2") then
      local path = names.split(entry.label)
      return "spconv2", ("the file's metadata gives %s version 2"):format(path)
    end
  end
  set = likely(set, entries)
  if #set > 1 then ambiguous(about.path, set, decisive and decisive.entry or entries[1]) end
  return set[1], ("any other layout would have unlikely kernels, such as %s for %s"):format(
    layout.size_text((layout.read(set[1] == "dense" and "spconv2" or "dense",
      entries[1].stored.shape))), entries[1].label)
end

-- What speaks for MinkowskiEngine.
local function minkowski_sign(entries, index)
  for _, entry in ipairs(entries) do
    local path = names.split(entry.name)
    local bias = index.modules[path].fields.bias
    if bias and #bias == 2 and bias[1] == 1 then return entry.label .. "'s bias is [1, out]" end
    if path:match("conv%d+p%d+s%d+$") or path:match("convtr%d+p%d+s%d+$") then
      return entry.label .. " is a name of MinkowskiEngine's MinkUNet"
    end
  end
end

-- What speaks for TorchSparse: norms without a wrapper, a bias of one dimension.
local function torchsparse_sign(entries, index)
  for _, entry in ipairs(entries) do
    local bias = index.modules[(names.split(entry.name))].fields.bias
    if bias and #bias == 1 then return entry.label .. "'s bias is [out]" end
  end
end

-- A norm that has its tensors itself, as TorchSparse's; MinkowskiEngine's wrap another.
local function plain_norm(tensors)
  for _, entry in ipairs(tensors) do
    local path, field = names.split(entry.name)
    if field == "running_mean" then
      return "norms have their tensors themselves, as " .. tree.shown(path)
    end
  end
end

-- Is a kernel the same in the order of both engines (all ones, say)? Only its values can tell.
local function same_in_both(entry)
  local _, _, apply = layout.from_three("minkowski", entry.stored.shape, {})
  if not apply then return false end
  local as_stored, reordered = entry.stored:read(), apply(entry.stored:read())
  return as_stored:numel() == 0 or as_stored:eq(reordered):min():item() == 1
end

--- The layout of kernels [K, in, out].
---@param wrapped table<string, boolean>  of names.wrapped_norms
function detect.three(entries, index, wrapped, about)
  local norm = next(wrapped)
  if norm then return "minkowski", "norms are wrapped, as " .. tree.shown(norm) .. ".bn" end
  local sign = minkowski_sign(entries, index)
  if sign then return "minkowski", sign end
  if about.is_lacuna then return "torchsparse", "the file is HDF5, in Lacuna's layout" end
  sign = torchsparse_sign(entries, index) or plain_norm(about.entries)
  if sign then return "torchsparse", sign end
  local why = "no kernel has an even volume, so that MinkowskiEngine's would be the same"
  for _, entry in ipairs(entries) do
    local s = entry.stored.shape
    if #s == 3 and s[1] % 2 == 0 then
      if not same_in_both(entry) then
        ambiguous(about.path, { "torchsparse", "minkowski" }, entry)
      end
      why = "the kernels of even volume, such as " .. entry.label
        .. ", have values that are the same in MinkowskiEngine's order"
    end
  end
  return "torchsparse", why
end

return detect
