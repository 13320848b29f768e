-- show.lua: show(x): a picture of points, voxels or a dense view as a PNG, shown in the terminal
-- where it knows kitty's or iTerm2's way.

local bit = require "bit"
local errors = require "lacuna.errors"
local host = require "lacuna.host"
local kinds = require "lacuna.kinds"
local lacuna = require "lacuna"

local PIXELS = 768
local CHUNK = 4096 -- characters of base64 in one of kitty's commands

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local word = bit.bor(bit.lshift(a, 16), bit.lshift(b or 0, 8), c or 0)
    local function digit(shift)
      local n = bit.band(bit.rshift(word, shift), 63) + 1
      return alphabet:sub(n, n)
    end
    out[#out + 1] = digit(18) .. digit(12) .. (b and digit(6) or "=") .. (c and digit(0) or "=")
  end
  return table.concat(out)
end

local function kitty(data)
  for i = 1, #data, CHUNK do
    local control = i == 1 and "a=T,f=100," or ""
    local more = i + CHUNK <= #data and 1 or 0
    io.write("\27_G", control, "m=", more, ";", data:sub(i, i + CHUNK - 1), "\27\\")
  end
  io.write("\n")
end

local function iterm2(data)
  io.write("\27]1337;File=inline=1;preserveAspectRatio=1:", data, "\7\n")
end

-- The function that shows a picture in this terminal, or nil.
local function inline()
  if not host.tty.stdout then return nil end
  local term, program = os.getenv("TERM") or "", os.getenv("TERM_PROGRAM") or ""
  if term == "xterm-kitty" or term == "xterm-ghostty" or program == "ghostty" then return kitty end
  if program == "iTerm.app" or program == "WezTerm" then return iterm2 end
  return nil
end

-- Points float32 [N,3] of a SparseTensor or PointTensor: x, y, z behind the batch index.
local function positions(x)
  return lacuna.tensor(x.coords:cpu():to("float32"):narrow(2, 2, 3):contiguous())
end

-- Every cell that many times, so that small views are seen.
local function repeated(n, times)
  local list = {}
  for i = 0, n * times - 1 do list[i + 1] = math.floor(i / times) end
  return lacuna.tensor(list, { dtype = "int64" })
end

-- A dense view [B,C,H,W], [C,H,W] or [H,W] in grey: the largest of each cell's channels.
local function grey(t)
  local cells = t:cpu():float()
  if cells:dim() == 4 then cells = cells:select(1, 1) end
  if cells:dim() == 3 then cells = (cells:max(1)) end
  local low, high = cells:min():item(), cells:max():item()
  cells = cells - low
  if high > low then cells = cells * (255 / (high - low)) end
  local times = math.max(1, math.floor(PIXELS / math.max(cells:size(1), cells:size(2))))
  cells = cells:index_select(1, repeated(cells:size(1), times))
  return cells:index_select(2, repeated(cells:size(2), times)):round():to("uint8")
end

local function picture(x)
  local kind = kinds.of(x)
  if kind == "SparseTensor" or kind == "PointTensor" then
    return lacuna.io.birds_eye(positions(x), { pixels = PIXELS })
  elseif kind == "Tensor" and x:dtype() == "uint8" and x:dim() == 3 and x:size(3) == 3 then
    return x:cpu() -- a picture already
  elseif kind == "Tensor" and x:dim() == 2 and x:size(2) >= 3 and x:size(2) <= 16 then
    return lacuna.io.birds_eye(x:cpu():float(), { pixels = PIXELS })
  elseif kind == "Tensor" and x:dim() >= 2 and x:dim() <= 4 then
    return grey(x)
  end
  return errors.raisef("show: the value is a %s, expected points [N,3+], a SparseTensor or "
    .. "PointTensor, or a view [B,C,H,W], [C,H,W] or [H,W]", kind == "Tensor"
    and "Tensor of " .. x:dim() .. " dimensions" or kind)
end

--- Draws points or voxels from above, or the first sample of a dense view, into a PNG. Prints its
--- path, and the picture too in terminals that show pictures.
---@param x any  points [N,3+], SparseTensor, PointTensor, view [B,C,H,W], [C,H,W] or [H,W]
---@param opts? { path: string }  a new file in the folder for temporary files by default
---@usage show(x, { path = "scan.png" })
local function show(x, opts)
  opts = errors.options("show", opts, { path = true })
  local path = opts.path
  local image = picture(x)
  if path == nil then
    local name = os.tmpname()
    os.remove(name)
    path = name .. ".png"
  end
  lacuna.io.write_png(path, image)
  local display = inline()
  if display then
    local file = assert(io.open(path, "rb"))
    display(base64(file:read("*a")))
    file:close()
  end
  print(path)
end

return show
