-- io.lua: point clouds, labels and pictures from and to files, and a scan that needs no file.

local ffi = require "ffi"
local errors = require "lacuna.errors"
local native = require "lacuna.native"
local T = require "lacuna.tensor"

local C, ctx = native.C, native.ctx

local io = {}

local function check_path(op, path)
  if type(path) ~= "string" then
    errors.raisef("%s: path is a %s, expected a string", op, type(path))
  end
  return path
end

local function check_number(op, name, v)
  if type(v) ~= "number" then
    errors.raisef("%s: %s is a %s, expected a number", op, name, type(v))
  end
  return v
end

local function check_integer(op, name, v)
  if check_number(op, name, v) % 1 ~= 0 or math.abs(v) >= 2 ^ 53 then
    errors.raisef("%s: %s = %s, expected an integer", op, name, tostring(v))
  end
  return v
end

-- For C's int32_t, whose own check names the range.
local function int32(op, name, v)
  return math.max(-2 ^ 31, math.min(2 ^ 31 - 1, check_integer(op, name, v)))
end

local points_options = ffi.new("lac_points_options")
local read_points_keys = { columns = true, dtype = true }

--- Reads .bin, .pcd (ascii, binary, binary_compressed) or .ply: float32 [N,C], x y z first, then
--- the intensity where there is one, then the other scalar fields in file order. For a .bin,
--- `columns` may be left out where one count from 3 to 6 fits the file's size; `dtype` is "float32"
--- (default) or "float16".
---@param path string
---@param opts? { columns: integer, dtype: string }
---@return Tensor
---@usage points = lacuna.io.read_points("scan.bin", { columns = 4 })
function io.read_points(path, opts)
  opts = errors.options("read_points", opts, read_points_keys)
  check_path("read_points", path)
  points_options.size = ffi.sizeof(points_options)
  points_options.columns = 0
  points_options.dtype = -1
  if opts.columns ~= nil then
    local columns = int32("read_points", "columns", opts.columns)
    if columns == 0 then errors.raise("read_points: columns = 0, expected 3 to 256") end
    points_options.columns = columns
  end
  if opts.dtype ~= nil then points_options.dtype = T.dtype_code(opts.dtype, "read_points") end
  local y = T.blank()
  native.call(C.lac_points_read, ctx, path, points_options, y.box)
  return T.filled(y)
end

--- Reads a SemanticKITTI .label file: int64 [N]; the class is in the low 16 bits of each value.
---@param path string
---@return Tensor
---@usage classes = lacuna.io.read_labels("scan.label"):mod(65536)
function io.read_labels(path)
  local y = T.blank()
  native.call(C.lac_labels_read, ctx, check_path("read_labels", path), y.box)
  return T.filled(y)
end

--- Writes labels, an integer tensor [N], as uint32.
---@param path string
---@param labels Tensor
---@usage points, labels = lacuna.io.synthetic_scan{ beams = 16 }
---@usage lacuna.io.write_labels("scan.label", labels)
function io.write_labels(path, labels)
  local h = T.handle(labels, "write_labels", "labels")
  native.call(C.lac_labels_write, ctx, check_path("write_labels", path), h)
  T.keep(labels)
end

-- `colours` under either spelling, and its handle or nil.
local function colours_of(op, opts)
  if opts.colours ~= nil and opts.colors ~= nil then
    errors.raisef("%s: both colours and colors are given, expected one", op)
  end
  local colours = opts.colours
  if colours == nil then colours = opts.colors end
  if colours == nil then return nil, nil end
  return colours, T.handle(colours, op, "colours")
end

local write_ply_keys = { colours = true, colors = true, labels = true }

--- Writes a binary .ply: x y z of `points` [N,>=3], `colours` uint8 [N,3], `labels` [N].
---@param path string
---@param points Tensor
---@param opts? { colours: Tensor, colors: Tensor, labels: Tensor }
---@usage points, labels = lacuna.io.synthetic_scan{ beams = 16 }
---@usage lacuna.io.write_ply("scan.ply", points, { labels = labels })
function io.write_ply(path, points, opts)
  opts = errors.options("write_ply", opts, write_ply_keys)
  check_path("write_ply", path)
  local h = T.handle(points, "write_ply", "points")
  local colours, colours_h = colours_of("write_ply", opts)
  local labels_h = opts.labels ~= nil and T.handle(opts.labels, "write_ply", "labels") or nil
  native.call(C.lac_ply_write, ctx, path, h, colours_h, labels_h)
  T.keep(points, colours, opts.labels)
end

--- Writes an image, uint8 [H,W,3] or [H,W], as .png.
---@param path string
---@param image Tensor
---@usage lacuna.io.write_png("scan.png", lacuna.io.birds_eye(points))
function io.write_png(path, image)
  local h = T.handle(image, "write_png", "image")
  native.call(C.lac_png_write, ctx, check_path("write_png", path), h)
  T.keep(image)
end

local birds_eye_keys = { colours = true, colors = true, pixels = true, half_extent = true }

--- A picture from above, uint8 [pixels,pixels,3]: x up, y left, the highest point of a pixel on
--- top. `half_extent`: metres around the origin that it shows; left out, it shows the points' own
--- box. Without `colours` (uint8 [N,3]) points are coloured by height. `pixels` is 1024 by default.
---@param points Tensor
---@param opts? { colours: Tensor, colors: Tensor, pixels: integer, half_extent: number }
---@return Tensor
---@usage picture = lacuna.io.birds_eye(points, { pixels = 512, half_extent = 30 })
---@usage lacuna.io.write_png("scan.png", picture)
function io.birds_eye(points, opts)
  opts = errors.options("birds_eye", opts, birds_eye_keys)
  local h = T.handle(points, "birds_eye", "points")
  local colours, colours_h = colours_of("birds_eye", opts)
  local pixels = opts.pixels == nil and 1024 or int32("birds_eye", "pixels", opts.pixels)
  local extent = 0
  if opts.half_extent ~= nil then
    extent = check_number("birds_eye", "half_extent", opts.half_extent)
    if extent ~= extent or extent <= 0 then
      errors.raisef("birds_eye: half_extent = %g, expected metres > 0", extent)
    end
  end
  local y = T.blank()
  native.call(C.lac_birds_eye, ctx, h, colours_h, pixels, extent, y.box)
  return T.filled(y, points, colours)
end

local scan_options = ffi.new("lac_scan_options")
local scan_keys = { beams = true, azimuths = true, seed = true }

--- Scans a made-up street: points float32 [N,4] (x y z intensity, metres around the sensor), and
--- int64 [N] raw label ids of SemanticKITTI. The same options give the same scan.
---@param opts? { beams: integer, azimuths: integer, seed: integer }  64, 2048, 0
---@return Tensor points
---@return Tensor labels
---@usage points, labels = lacuna.io.synthetic_scan{ beams = 32, seed = 7 }
function io.synthetic_scan(opts)
  opts = errors.options("synthetic_scan", opts, scan_keys)
  scan_options.size = ffi.sizeof(scan_options)
  scan_options.beams = opts.beams == nil and 64 or int32("synthetic_scan", "beams", opts.beams)
  scan_options.azimuths = opts.azimuths == nil and 2048
    or int32("synthetic_scan", "azimuths", opts.azimuths)
  scan_options.seed = ffi.cast("int64_t",
    opts.seed == nil and 0 or check_integer("synthetic_scan", "seed", opts.seed))
  local points, labels = T.blank(), T.blank()
  native.call(C.lac_synthetic_scan, ctx, scan_options, points.box, labels.box)
  return T.filled(points), T.filled(labels)
end

return io
