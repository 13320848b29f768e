-- plan.lua: what is to become of every tensor of a file: its name, shape and conversion. Nothing
-- has been read when a plan is made.

local axes = require "lacuna.convert.axes"
local choose = require "lacuna.convert.choose"
local detect = require "lacuna.convert.detect"
local errors = require "lacuna.errors"
local layout = require "lacuna.convert.layout"
local names = require "lacuna.convert.names"
local shape = require "lacuna.shape"
local target = require "lacuna.convert.target"
local tree = require "lacuna.convert.tree"
local wrapper = require "lacuna.convert.wrapper"

local plan = {}

local function is_five(entry)
  local _, field = names.split(entry.name)
  return (field == "weight" or field == "kernel") and #entry.stored.shape == 5
end

local function is_three(entry)
  local _, field = names.split(entry.name)
  local n = #entry.stored.shape
  return field == "kernel" and (n == 2 or n == 3)
end

-- A value of kernel_sizes: one edge or three.
local function read_size(op, name, value)
  if type(value) == "number" then value = { value, value, value } end
  if type(value) ~= "table" or #value ~= 3 then
    errors.raisef("%s: kernel_sizes['%s'], expected three whole numbers", op, tree.shown(name))
  end
  for i = 1, 3 do
    if type(value[i]) ~= "number" or value[i] < 1 or value[i] % 1 ~= 0 then
      errors.raisef("%s: kernel_sizes['%s'], expected three whole numbers from 1", op, name)
    end
  end
  return value
end

-- The size that the caller gave for a kernel, by the name of its layer or of the kernel.
local function given_size(opts, entry)
  local sizes = opts.kernel_sizes
  if not sizes then return nil end
  for _, name in ipairs { entry.name, entry.key } do
    local value = sizes[(names.split(name))] or sizes[name]
    if value then return read_size(opts.op, (names.split(name)), value) end
  end
end

local function make_steps(self, opts, chosen, five, three)
  local in_five, in_three = {}, {}
  for _, entry in ipairs(five) do in_five[entry] = true end
  for _, entry in ipairs(three) do in_three[entry] = true end
  for _, entry in ipairs(chosen.entries) do
    local step = { source = entry.key, stored = entry.stored, target = entry.target, rule = "copy" }
    local sizes = entry.stored.shape
    local want = opts.model and target.shape(opts.model, entry.target)
    if in_five[entry] then
      step.shape, step.rule, step.apply = layout.from_five(self.layouts.five, sizes, {
        reverse = self.reverse, three = want and #want == 3 and want[1] == 1,
      })
    elseif in_three[entry] and entry.target:match("weight$") and #sizes == 2 then
      step.shape, step.rule = { sizes[2], sizes[1] }, "1x1x1 as linear: transpose"
      step.apply = function(t) return layout.arrange(t, { 2, 1 }, step.shape) end
    elseif in_three[entry] then
      local size = given_size(opts, entry)
      if not size and opts.model then
        size = target.kernel_size(opts.model, entry.target)
        if size and self.reverse then size = layout.reversed(size) end
      end
      if size and #sizes == 3 and layout.volume(size) ~= sizes[1] then
        errors.raisef("%s: %s: kernel_sizes: %s %s is no kernel of %s", opts.op, opts.path,
          entry.label, shape.text(sizes), layout.size_text(size))
      end
      step.shape, step.rule, step.apply = layout.from_three(self.layouts.three, sizes, {
        reverse = self.reverse, size = size, target = want,
      })
      if not step.shape then
        errors.raisef("%s: %s: %s %s: its kernel size cannot be told from %d taps: give it with "
          .. "--kernel-size %s=K0xK1xK2 (in Lua: kernel_sizes =)", opts.op, opts.path, entry.label,
          shape.text(sizes), sizes[1], tree.shown((names.split(entry.name))))
      end
    elseif entry.squeeze then
      local flat = { sizes[2] }
      step.shape, step.rule = flat, "minkowski: bias [1, out]"
      step.apply = function(t) return layout.consume(t, t:reshape(flat)) end
    else
      step.shape = sizes
    end
    if step.target ~= entry.key and step.rule == "copy" then step.rule = "rename" end
    self.steps[#self.steps + 1] = step
  end
end

local function check_twice(self, opts)
  local seen = {}
  for _, step in ipairs(self.steps) do
    if seen[step.target] then
      errors.raisef("%s: %s: '%s' and '%s' both become '%s'", opts.op, opts.path,
        tree.shown(seen[step.target]), tree.shown(step.source), tree.shown(step.target))
    end
    seen[step.target] = step.source
  end
end

-- Tensors may share storages, so that a small file could ask for any amount of memory.
local function check_total(self, source, opts)
  if source.kind == "hdf5" then return end -- its datasets share nothing
  local total = 0
  for _, step in ipairs(self.steps) do total = total + step.stored:bytes() end
  if total > tree.most_bytes(source) then
    errors.raisef("%s: %s: tensors of %.0f bytes share the storages of a file of %.0f", opts.op,
      opts.path, total, source.size)
  end
end

-- Fails where `from` names a layout that none of the tensors can have.
local function check_from(opts, five, three)
  local from = opts.from
  if not from then return end
  if layout.five[from] and #five == 0 and #three > 0 then
    errors.raisef("%s: %s: from is '%s', but the kernels are as %s %s, expected five dimensions",
      opts.op, opts.path, from, three[1].label, shape.text(three[1].stored.shape))
  elseif layout.three[from] and #three == 0 and #five > 0 then
    errors.raisef("%s: %s: from is '%s', but the kernels are as %s %s, expected [K, in, out]",
      opts.op, opts.path, from, five[1].label, shape.text(five[1].stored.shape))
  end
end

-- Names of one network before layouts are known: those of norms and kernels, then the model's.
local function name_all(chosen, opts, wrapped, three_layout, five)
  local kernels = {}
  for _, entry in ipairs(five) do kernels[entry] = true end
  for _, entry in ipairs(chosen.entries) do
    local name = entry.name
    if kernels[entry] then name = names.kernel(name) end
    local outer, field = name:match("^(.*)%.bn%.([%w_]+)$")
    if three_layout == "minkowski" and outer and wrapped[outer] then
      name = outer .. "." .. field
    end
    if chosen.map then name = chosen.map[2](name) end
    if opts.model and not target.find(opts.model, name) then
      name = entry.name ~= name and target.find(opts.model, entry.name) and entry.name or name
    end
    entry.target = name
  end
end

-- A five-dimensional tensor is a kernel unless the model has another tensor of its very name and
-- shape.
local function is_kernel_here(entry, opts, chosen)
  if not is_five(entry) then return false end
  local name = chosen.map and chosen.map[2](entry.name) or entry.name
  local own = opts.model and target.shape(opts.model, name)
  return not (own and #own == 5)
end

--- Plans the import of a container.
---@param source table  of container.open
---@param opts table  op, from, axes, trained, prefix, model (of target.of) and kernel_sizes
function plan.make(source, opts)
  opts.path = source.path
  local chosen = choose(source, opts)
  if chosen.choice.cut > 0 then
    errors.raisef("%s: %s: tensors in dicts that are too deep, inside themselves, or have names of "
      .. "thousands of characters", opts.op, source.path)
  end
  if #chosen.entries == 0 then
    errors.raisef("%s: %s: there are no tensors in it", opts.op, source.path)
  end
  local self = {
    path = source.path, kind = source.kind, wrapper = chosen.choice.path, prefix = chosen.prefix,
    module = chosen.choice.module, names = chosen.map and chosen.map[1], layouts = {},
    reasons = {}, steps = {}, outside = {}, others = chosen.choice.others or 0, reverse = false,
  }
  for _, entry in ipairs(chosen.outside) do self.outside[#self.outside + 1] = entry.key end

  local five, three, all = {}, {}, {}
  for i, entry in ipairs(chosen.entries) do
    all[i] = entry.name
    if is_kernel_here(entry, opts, chosen) then
      five[#five + 1] = entry
    elseif is_three(entry) then
      three[#three + 1] = entry
    end
  end
  check_from(opts, five, three)

  local versions = wrapper.versions(chosen.choice) or {}
  local index, wrapped = detect.index(chosen.entries), names.wrapped_norms(all)
  local about = {
    path = source.path, entries = chosen.entries,
    is_lacuna = source.kind == "hdf5",
    size = function(entry) return given_size(opts, entry) end,
    target = function(entry)
      return opts.model and target.shape(opts.model, entry.target)
    end,
    version = function(entry) return versions[(names.split(entry.key))] end,
  }
  if opts.from then
    self.layouts.five = layout.five[opts.from] and opts.from or nil
    self.layouts.three = layout.three[opts.from] and opts.from or nil
    self.reasons[1] = "layout: " .. opts.from .. ", as given"
  end
  if #three > 0 and not self.layouts.three then
    local name, why = detect.three(three, index, wrapped, about)
    self.layouts.three = name
    self.reasons[#self.reasons + 1] = ("layout: %s: %s"):format(name, why)
  end
  name_all(chosen, opts, wrapped, self.layouts.three, five)
  if #five > 0 and not self.layouts.five then
    local name, why = detect.five(five, index, about)
    self.layouts.five = name
    self.reasons[#self.reasons + 1] = ("layout: %s: %s"):format(name, why)
  end
  self.layout = #five > 0 and self.layouts.five or #three > 0 and self.layouts.three or opts.from
  if self.layouts.three == "minkowski" then
    for _, entry in ipairs(chosen.entries) do
      local module, field = names.split(entry.name)
      local sizes = entry.stored.shape
      entry.squeeze = field == "bias" and #sizes == 2 and sizes[1] == 1
        and index.modules[module].fields.kernel ~= nil
    end
  end
  axes.choose(self, opts, five, three)
  make_steps(self, opts, chosen, five, three)
  check_twice(self, opts)
  check_total(self, source, opts)
  return self
end

local wide = { float16 = "float32", bfloat16 = "float32" }
local floating = { float32 = true, float64 = true, float16 = true, bfloat16 = true }

--- The values of a step, converted: `dtype` nil widens halves to float32, "keep" leaves them, and a
--- name converts all floating tensors to it. The second result is the dtype in the file.
function plan.read(step, dtype)
  local t = step.stored:read()
  if step.apply then t = step.apply(t) end
  local own = t:dtype()
  local wanted = own
  if dtype == nil then
    wanted = wide[own] or own
  elseif dtype ~= "keep" and floating[own] then
    wanted = dtype
  end
  return layout.consume(t, t:to(wanted)), own
end

--- Gives back what was kept of the file's storages.
function plan.release(self)
  local stored = require "lacuna.convert.stored"
  for _, step in ipairs(self.steps) do
    if stored.is(step.stored) then stored.release(step.stored.storage) end
  end
end

--- What differs between the plan and the model: lists missing, unexpected, wrong.
function plan.compare(self, model)
  local shapes, list = {}, {}
  for i, step in ipairs(self.steps) do
    shapes[step.target], list[i] = step.shape, step.target
  end
  return require("lacuna.nn.state_dict").compare(model.own, list, function(name)
    return shapes[name]
  end)
end

return plan
