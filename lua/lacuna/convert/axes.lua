-- axes.lua: are kernels to be reversed? The columns of coordinates that a network was trained with
-- and those that it will be fed may have opposite orders, (z, y, x) and (x, y, z).

local layout = require "lacuna.convert.layout"
local shape = require "lacuna.shape"
local target = require "lacuna.convert.target"

local axes = {}

-- The order of coordinate columns that a network was trained with: SpConv's networks have the
-- height first, unless their flat kernels say otherwise; those of the other engines x first.
local function trained_order(name, kernels)
  if not layout.five[name] then return "xyz", "the usual order of " .. name end
  local first, last = 0, 0
  for _, entry in ipairs(kernels) do
    local k = layout.read(name, entry.stored.shape)
    if k[1] > 1 and k[2] == 1 and k[3] == 1 then first = first + 1 end
    if k[3] > 1 and k[1] == 1 and k[2] == 1 then last = last + 1 end
  end
  if last > first then return "xyz", "a kernel along the last axis alone" end
  return "zyx", first > 0 and "a kernel along the first axis alone" or "the usual order of SpConv"
end

-- The model's kernel sizes tell whether its columns run the other way: 1 reversed, -1 not.
local function compare_axes(name, kernels, model)
  local votes = 0
  for _, entry in ipairs(kernels) do
    local want = target.kernel_size(model, entry.target)
    local k = want and layout.read(name, entry.stored.shape)
    if k and k[1] ~= k[3] then
      if shape.equal(k, want) then votes = votes - 1 end
      if shape.equal(layout.reversed(k), want) then votes = votes + 1 end
    end
  end
  return votes
end

--- Sets reverse, axes and trained of a plan, and says why. `five` and `three` are its kernels.
function axes.choose(self, opts, five, three)
  local name = #five > 0 and self.layouts.five or self.layouts.three
  if not name then return end
  local trained, why = trained_order(name, #five > 0 and five or three)
  if opts.trained then trained, why = opts.trained, "as given" end
  local votes = opts.model and #five > 0 and compare_axes(name, five, opts.model) or 0
  if opts.axes then
    self.axes, self.trained = opts.axes, trained
    self.reverse = opts.axes ~= trained
    self.reasons[#self.reasons + 1] = ("axes: fed %s, trained %s (%s): kernels %s"):format(
      opts.axes, trained, why, self.reverse and "reversed" or "as they are")
  elseif votes > 0 then
    self.reverse = true
    self.reasons[#self.reasons + 1] = "axes: reversed, as the model's flat kernels are"
  end
end

return axes
