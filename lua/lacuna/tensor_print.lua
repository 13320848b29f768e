-- tensor_print.lua: how a tensor looks: the corners of it in columns, then what it is.

local native = require "lacuna.native"

local C, ctx = native.C, native.ctx
local EDGE = 3 -- rows or columns shown at either end of a dimension that is longer than twice that

local function join(T, parts, dim)
  local ffi = require "ffi"
  local handles = ffi.new("lac_tensor *[2]", parts[1].h, parts[2].h)
  local y = T.blank()
  native.call(C.lac_cat, ctx, handles, 2, dim, y.box)
  return T.filled(y, parts)
end

-- The first and last elements of every dimension, as a smaller tensor.
local function corners(T, t)
  for d = 1, t:dim() do
    local n = t:size(d)
    if n > 2 * EDGE then
      t = join(T, { t:narrow(d, 1, EDGE), t:narrow(d, n - EDGE + 1, EDGE) }, d - 1)
    end
  end
  return t
end

-- A function that turns numbers into text, chosen by all that are shown.
local function formatter(values, floating)
  if not floating then
    return function(v) return (tostring(v):gsub("U?LL$", "")) end
  end
  local largest, smallest, whole = 0, math.huge, true
  for _, v in ipairs(values) do
    local size = math.abs(v)
    if size < math.huge then -- neither infinite nor NaN
      largest = math.max(largest, size)
      if size > 0 then smallest = math.min(smallest, size) end
      whole = whole and v % 1 == 0
    end
  end
  local format = "%.4f"
  if whole and largest < 1e6 then
    format = "%.0f"
  elseif largest >= 1e5 or (largest > 0 and largest < 1e-3) or smallest < 1e-6 then
    format = "%.3e"
  end
  return function(v)
    if v ~= v then return "nan" end
    if v == math.huge then return "inf" end
    if v == -math.huge then return "-inf" end
    return format:format(v)
  end
end

local function flatten(value, into)
  if type(value) ~= "table" then
    into[#into + 1] = value
  else
    for _, v in ipairs(value) do flatten(v, into) end
  end
  return into
end

-- One row of numbers, right-aligned, with the gap marked.
local function row_text(row, elided, width, format)
  local cells = {}
  for i, v in ipairs(row) do
    if elided and i == EDGE + 1 then cells[#cells + 1] = "..." end
    local text = format(v)
    cells[#cells + 1] = (" "):rep(width - #text) .. text
  end
  return " " .. table.concat(cells, "  ")
end

local function matrix_lines(lines, rows, sizes, width, format)
  local n = #sizes
  for i, row in ipairs(rows) do
    if sizes[n - 1] > 2 * EDGE and i == EDGE + 1 then lines[#lines + 1] = " ..." end
    lines[#lines + 1] = row_text(row, sizes[n] > 2 * EDGE, width, format)
  end
end

-- Matrices of a tensor with more dimensions, each under its place: (1, 2, :, :).
local function block_lines(lines, values, sizes, depth, place, width, format)
  if depth == #sizes - 1 then
    if depth > 1 then lines[#lines + 1] = "(" .. table.concat(place, ", ") .. ", :, :)" end
    return matrix_lines(lines, values, sizes, width, format)
  end
  local elided = sizes[depth] > 2 * EDGE
  for i, v in ipairs(values) do
    if elided and i == EDGE + 1 then lines[#lines + 1] = "..." end
    place[depth] = elided and i > EDGE and sizes[depth] - 2 * EDGE + i or i
    block_lines(lines, v, sizes, depth + 1, place, width, format)
  end
  place[depth] = nil
end

return function(T, t)
  if t.h == nil then return "Tensor (freed)" end
  local sizes, dtype = t:size(), t:dtype()
  local lines = {}
  if t:numel() > 0 then
    local values = corners(T, t):totable()
    local all = flatten(values, {})
    local format = formatter(all, T.is_floating(T.dtype_code(dtype)))
    local width = 0
    for _, v in ipairs(all) do width = math.max(width, #format(v)) end
    if #sizes == 0 then
      lines[1] = " " .. format(values)
    elseif #sizes == 1 then
      lines[1] = row_text(values, sizes[1] > 2 * EDGE, width, format)
    else
      block_lines(lines, values, sizes, 1, {}, width, format)
    end
  end
  lines[#lines + 1] = ("Tensor %s, %s, %s"):format(T.shape_text(t), dtype, t:device())
  return table.concat(lines, "\n")
end
