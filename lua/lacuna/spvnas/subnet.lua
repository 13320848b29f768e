-- subnet.lua: cutting the tensors of one SPVNAS network out of those of the supernet.
--
-- A narrow layer is the first output and input channels of the supernet's. The exception is what
-- reads a concatenation: its input channels are the first of the upsampled features, and those
-- after all of the supernet's upsampled features, where the joined level begins.

local create = require "lacuna.create"
local errors = require "lacuna.errors"
local Module = require "lacuna.nn.module"
local ordered = require "lacuna.nn.ordered"
local shape = require "lacuna.shape"
local T = require "lacuna.tensor"
local weights = require "lacuna.nn.weights_file"

local subnet = {}

-- Wrappers that training scripts leave in front of names.
local function strip(name)
  for _ = 1, 8 do
    local rest = name:match("^model%.(.+)$") or name:match("^state_dict%.(.+)$")
      or name:match("^module%.(.+)$")
    if not rest then break end
    name = rest
  end
  return name
end

-- The supernet's layers hold the plain one in a field of their own.
local function plain(name)
  return (name:gsub("%.bn%.bn%.", ".bn."):gsub("%.conv%.linear%.", ".conv."))
end

-- Do these names belong to the supernet, rather than to a network that was cut out?
local function is_supernet(names)
  for _, name in ipairs(names) do
    if type(name) == "string" and name:find(".bn.bn.", 1, true) then return true end
  end
  return false
end

local function is_wrapped(names)
  for _, name in ipairs(names) do
    if type(name) == "string" and strip(name) ~= name then return true end
  end
  return false
end

-- 0, 1, ... n-1, and where the layer reads a concatenation the joined part further on.
local function channels(count, joined)
  local list = create.arange(0, joined and joined.own or count, 1, { dtype = "int64" })
  if not joined then return list end
  local skip = count - joined.own
  return create.cat { list,
    create.arange(joined.full, joined.full + skip, 1, { dtype = "int64" }) }
end

-- For a layer that reads a concatenation: the width of the upsampled features, own and in full.
local function concatenation(name, own, all)
  local stage = name:match("^(upsample%.%d)%.feature%.0%.net%.0%.")
    or name:match("^(upsample%.%d)%.feature%.0%.downsample%.")
  local key = stage and stage .. ".transition.net.conv.kernel"
  if not key or not all[key] then return nil end
  return { own = shape.of(own[key])[3], full = shape.of(all[key])[3] }
end

local function fits(wanted, there, joined)
  if #wanted ~= #there then return false end
  for i = 1, #wanted do
    if wanted[i] > there[i] then return false end
  end
  return not joined or joined.full + wanted[#wanted - 1] - joined.own <= there[#there - 1]
end

-- A tensor of the supernet in the sizes of the network's, or unchanged where it has not got them:
-- load_state_dict then lists it.
local function slice(name, tensor, own, all)
  local wanted, there = shape.of(own[name]), shape.of(tensor)
  local is_kernel = name:match("%.kernel$") ~= nil
  local joined = is_kernel and concatenation(name, own, all) or nil
  if shape.equal(wanted, there) or not fits(wanted, there, joined) then return tensor end
  for dim = 1, #wanted do
    local reads = is_kernel and dim == #wanted - 1
    if reads and joined then
      tensor = tensor:index_select(dim, channels(wanted[dim], joined))
    elseif wanted[dim] ~= there[dim] then
      tensor = tensor:narrow(dim, 1, wanted[dim])
    end
  end
  return tensor:contiguous()
end

-- A block that the network does without.
local function is_spare(name)
  return name:match("^%a+sample%.%d%.feature%.%d%.") ~= nil
end

--- The tensors of `dict` (name -> Tensor) under the names and, where they are the supernet's, in
--- the sizes of the network `net`.
---@param net table
---@param dict table<string, Tensor>
function subnet.cut(net, dict)
  if type(dict) ~= "table" then return dict end
  local names = ordered.names(dict)
  local from_supernet = is_supernet(names)
  if not from_supernet and not is_wrapped(names) then return dict end
  local own, all, found = net:state_dict(), ordered.map(), ordered.map()
  for _, name in ipairs(names) do
    local short = type(name) == "string" and plain(strip(name)) or name
    if all[short] ~= nil then
      errors.raisef("load_state_dict: '%s' is there twice, as '%s' too", tostring(short), name)
    end
    all[short] = dict[name]
  end
  for name, tensor in all do
    if not from_supernet or not T.is(tensor) then
      found[name] = tensor
    elseif own[name] then
      found[name] = slice(name, tensor, own, all)
    elseif not is_spare(name) then
      found[name] = tensor
    end
  end
  return found
end

--- net:load_state_dict(dict, opts), with the supernet's tensors cut.
function subnet.load_state_dict(net, dict, opts)
  return Module.load_state_dict(net, subnet.cut(net, dict), opts)
end

-- The tensors of a file that is the supernet's or has wrapped names; nil for one that Module.load
-- can take as it is.
local function read(net, path, prefix)
  local file = weights.open(path)
  local found = weights.select(file, net:state_dict(), prefix)
  local dict
  if is_supernet(found.names) or is_wrapped(found.names) then
    dict = ordered.map()
    for _, name in ipairs(found.names) do dict[name] = found.at[name]:read() end
  end
  file.close()
  return dict
end

--- net:load(path, opts), with the supernet's tensors cut.
function subnet.load(net, path, opts)
  local prefix = type(opts) == "table" and opts.prefix or nil
  local dict = type(path) == "string" and read(net, path, prefix)
  if not dict then return Module.load(net, path, opts) end
  opts = errors.options("load", opts, { strict = true, prefix = true, from = true })
  if opts.from ~= nil and opts.from ~= "auto" and opts.from ~= "torchsparse" then
    errors.raisef("load: %s: from is '%s', but these are a supernet's weights, expected "
      .. "torchsparse", path, tostring(opts.from))
  end
  local ok, result = pcall(Module.load_state_dict, net, subnet.cut(net, dict), {
    strict = opts.strict,
  })
  if ok then return result end
  return errors.raisef("load: %s does not fit %s: %s", path, weights.title(net),
    result:match("load_state_dict: (.*)$") or result)
end

return subnet
