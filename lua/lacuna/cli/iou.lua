-- iou.lua: intersection over union per class.

local Iou = {}
Iou.__index = Iou

--- Counts for the classes of `palette` (cli/palette.lua).
function Iou.new(palette)
  local self = setmetatable({ palette = palette, inter = {}, truth = {}, found = {} }, Iou)
  for class = 0, palette.count - 1 do
    self.inter[class], self.truth[class], self.found[class] = 0, 0, 0
  end
  return self
end

--- Adds one scan: raw label ids of the truth and raw label ids as they were written, int64 tensors.
--- Points whose true id is of no class do not count, as in SemanticKITTI's own evaluation.
function Iou:add(truth, written)
  local class_of, n = self.palette.class_of, truth:size(1)
  local t, w = truth:data(), written:data()
  for i = 0, n - 1 do
    local a = class_of[tonumber(t[i]) % 65536] -- the upper half is the instance
    if a then
      local b = class_of[tonumber(w[i])]
      self.truth[a] = self.truth[a] + 1
      if b then self.found[b] = self.found[b] + 1 end
      if a == b then self.inter[a] = self.inter[a] + 1 end
    end
  end
end

--- Rows {name, iou, points}; iou is nil for a class that is neither in the truth nor among the
--- predictions. Second result: their mean.
function Iou:rows()
  local rows, sum, n = {}, 0, 0
  for class = 0, self.palette.count - 1 do
    local union = self.truth[class] + self.found[class] - self.inter[class]
    local iou = union > 0 and self.inter[class] / union or nil
    if iou then sum, n = sum + iou, n + 1 end
    rows[#rows + 1] = { name = self.palette.names[class], iou = iou, points = self.truth[class] }
  end
  return rows, n > 0 and sum / n or 0
end

--- Prints the table.
function Iou:print()
  local rows, mean = self:rows()
  print(string.format("  %-18s %8s %10s", "class", "IoU", "points"))
  for _, row in ipairs(rows) do
    local iou = row.iou and string.format("%.1f %%", row.iou * 100) or "-"
    print(string.format("  %-18s %8s %10d", row.name, iou, row.points))
  end
  print(string.format("  %-18s %8s", "mIoU", string.format("%.1f %%", mean * 100)))
end

return Iou
