-- report.lua: what became of every tensor of a file: data for scripts, a table for readers.

local shape = require "lacuna.shape"
local tree = require "lacuna.convert.tree"

local Report = {}
Report.__index = Report

local report = {}

--- The report of a plan. `differences` are those to the model, or nil without one.
function report.new(plan, differences)
  local self = setmetatable({
    path = plan.path, container = plan.kind, layout = plan.layout, reasons = plan.reasons,
    wrapper = plan.wrapper, prefix = plan.prefix, names = plan.names, axes = plan.axes,
    reversed = plan.reverse, tensors = {}, not_taken = plan.outside,
  }, Report)
  for i, step in ipairs(plan.steps) do
    self.tensors[i] = {
      source = step.source, shape = step.stored.shape, dtype = step.stored.dtype,
      rule = step.rule, target = step.target, target_shape = step.shape,
    }
  end
  if differences then
    self.missing, self.unexpected = differences.missing, differences.unexpected
    self.wrong = differences.wrong
    self.complete = #self.missing + #self.unexpected + #self.wrong == 0
  end
  return self
end

-- Where in the file the tensors were.
local function place(self)
  local parts = { self.container }
  if self.wrapper ~= "" then parts[#parts + 1] = "in '" .. tree.shown(self.wrapper) .. "'" end
  if self.prefix ~= "" then parts[#parts + 1] = "under '" .. self.prefix .. "'" end
  if self.names then parts[#parts + 1] = "names of " .. self.names end
  return table.concat(parts, ", ")
end

--- The lines of the table: a head, a row for each tensor, and what was left out.
---@return string[]
function Report:lines()
  local rows = { { "source", "shape", "dtype", "rule", "target", "shape" } }
  for i, t in ipairs(self.tensors) do
    rows[i + 1] = {
      tree.shown(t.source), shape.text(t.shape), t.dtype, t.rule, tree.shown(t.target),
      shape.text(t.target_shape),
    }
  end
  local widths = {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do widths[i] = math.max(widths[i] or 0, #text) end
  end
  local lines = { self.path .. ": " .. place(self) }
  for _, reason in ipairs(self.reasons) do lines[#lines + 1] = "  " .. reason end
  for _, row in ipairs(rows) do
    local parts = {}
    for i, text in ipairs(row) do parts[i] = text .. (" "):rep(widths[i] - #text) end
    lines[#lines + 1] = (table.concat(parts, "  "):gsub("%s+$", ""))
  end
  for _, name in ipairs(self.not_taken) do lines[#lines + 1] = "not taken: " .. tree.shown(name) end
  return lines
end

function Report:__tostring()
  return table.concat(self:lines(), "\n")
end

return report
