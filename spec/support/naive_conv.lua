-- Sparse convolution by the book: dictionaries from coordinates to rows, one loop a letter of the
-- formula y[o] = bias + sum over taps j of W[lin(j)]^T x[s o + a + d j]. Slow, and nothing to get
-- wrong.

local naive = {}

local function key(b, x, y, z)
  return b .. "," .. x .. "," .. y .. "," .. z
end

local function index_of(rows)
  local index = {}
  for i, r in ipairs(rows) do index[key(r[1], r[2], r[3], r[4])] = i end
  return index
end

--- The taps in the order of the weight: { {j0, j1, j2}, ... }, axis 0 fastest if all sizes are odd.
function naive.taps(k)
  local list, odd = {}, k[1] % 2 == 1 and k[2] % 2 == 1 and k[3] % 2 == 1
  local outer, inner = odd and 3 or 1, odd and 1 or 3
  for a = 0, k[outer] - 1 do
    for b = 0, k[2] - 1 do
      for c = 0, k[inner] - 1 do
        local j = {}
        j[outer], j[2], j[inner] = a, b, c
        list[#list + 1] = j
      end
    end
  end
  return list
end

local function before(r, q)
  for i = 1, 4 do
    if r[i] ~= q[i] then return r[i] < q[i] end
  end
  return false
end

-- Adds a row once; sorted by (b,x,y,z) at the end.
local function set()
  local rows, seen = {}, {}
  return {
    add = function(r)
      local k = key(r[1], r[2], r[3], r[4])
      if not seen[k] then
        seen[k] = true
        rows[#rows + 1] = r
      end
    end,
    sorted = function()
      table.sort(rows, before)
      return rows
    end,
  }
end

local function all_one(list)
  return list[1] == 1 and list[2] == 1 and list[3] == 1
end

-- Stride 1 or the kernel's on every axis, no padding or dilation: cells do not overlap.
local function is_partition(g)
  for i = 1, 3 do
    if (g.stride[i] ~= 1 and g.stride[i] ~= g.kernel[i]) or g.padding[i] ~= 0
      or g.dilation[i] ~= 1 then
      return false
    end
  end
  return true
end

local function centred(g)
  local a = {}
  for i = 1, 3 do a[i] = -g.dilation[i] * math.floor((g.kernel[i] - 1) / 2) end
  return a
end

local function submanifold_anchor(g)
  local a = centred(g)
  for i = 1, 3 do
    if g.kernel[i] % 2 == 0 and g.kmap_mode == "hashmap_on_the_fly" then a[i] = 0 end
  end
  return a
end

local function floor_rows(rows, s)
  local found = set()
  for _, r in ipairs(rows) do
    found.add { r[1], math.floor(r[2] / s[1]), math.floor(r[3] / s[2]), math.floor(r[4] / s[3]) }
  end
  return found.sorted()
end

-- Every o with s o - p + d j = x for a tap j and a row x.
local function reached_rows(rows, g)
  local found = set()
  for _, r in ipairs(rows) do
    for _, j in ipairs(naive.taps(g.kernel)) do
      local o = { r[1] }
      for i = 1, 3 do
        local n = r[i + 1] + g.padding[i] - g.dilation[i] * j[i]
        if o and n % g.stride[i] == 0 then o[i + 1] = n / g.stride[i] else o = nil end
        if not o then break end
      end
      if o then found.add(o) end
    end
  end
  return found.sorted()
end

local function coarse_range(g)
  if not g.range then return nil end
  local range = { g.range[1] }
  for i = 1, 3 do
    local n = g.range[i + 1]
    if g.downsample_mode == "minkowski" then
      range[i + 1] = math.ceil(n / g.stride[i])
    else
      local reach = n + 2 * g.padding[i] - g.dilation[i] * (g.kernel[i] - 1) - 1
      range[i + 1] = math.max(math.floor(reach / g.stride[i]) + 1, 0)
    end
  end
  return range
end

local function keep_row(o, range, g)
  for i = 2, 4 do
    if range and (o[i] < 0 or o[i] >= range[i]) then return false end
    if not range and o[i] < 0 and not g.allow_negative then return false end
  end
  return true
end

--- Output rows, window anchor and range of a convolution.
--- g: kernel, stride, padding, dilation (three each), kmap_mode, downsample_mode, range,
--- allow_negative
function naive.plan(rows, g)
  if all_one(g.stride) then return rows, submanifold_anchor(g), g.range end
  local range = coarse_range(g)
  if g.downsample_mode == "minkowski" then return floor_rows(rows, g.stride), centred(g), range end
  local partition = is_partition(g)
  local out = partition and floor_rows(rows, g.stride) or reached_rows(rows, g)
  local kept = {}
  for _, o in ipairs(out) do
    if keep_row(o, range, g) then kept[#kept + 1] = o end
  end
  return kept, partition and { 0, 0, 0 } or { -g.padding[1], -g.padding[2], -g.padding[3] }, range
end

--- The pairs of every tap: pairs[tap] = { {input row, output row}, ... } by output row, both from
--- 1.
function naive.pairs(rows, out_rows, anchor, g)
  local index, list = index_of(rows), {}
  for t, j in ipairs(naive.taps(g.kernel)) do
    list[t] = {}
    for o, r in ipairs(out_rows) do
      local at = {}
      for i = 1, 3 do at[i] = g.stride[i] * r[i + 1] + anchor[i] + g.dilation[i] * j[i] end
      local row = index[key(r[1], at[1], at[2], at[3])]
      if row then list[t][#list[t] + 1] = { row, o } end
    end
  end
  return list
end

function naive.count(list)
  local n = 0
  for _, tap in ipairs(list) do n = n + #tap end
  return n
end

-- feats[n][c], weight[tap][cin][cout] -> out[n][cout]; with `backwards` along the pairs reversed.
function naive.apply(list, feats, weight, bias, count, backwards)
  local cout = #weight[1][1]
  local out = {}
  for o = 1, count do
    out[o] = {}
    for c = 1, cout do out[o][c] = bias and bias[c] or 0 end
  end
  for t, tap in ipairs(list) do
    for _, pair in ipairs(tap) do
      local from, to = pair[1], pair[2]
      if backwards then from, to = to, from end
      for ci, value in ipairs(feats[from]) do
        for co = 1, cout do out[to][co] = out[to][co] + value * weight[t][ci][co] end
      end
    end
  end
  return out
end

return naive
