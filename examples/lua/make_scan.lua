-- make_scan.lua SCAN.bin [LABELS.label]: a synthetic street as a file, with its true labels.

local lacuna = require "lacuna"
local ffi = require "ffi"

local scan_path, label_path = arg[1], arg[2]
if not scan_path then error("usage: make_scan.lua SCAN.bin [LABELS.label]", 0) end

local points, labels = lacuna.io.synthetic_scan { beams = 64, azimuths = 2048, seed = 0 }

-- A .bin is nothing but the rows, float32.
local file = assert(io.open(scan_path, "wb"))
assert(file:write(ffi.string(points:data(), points:size(1) * points:size(2) * 4)))
assert(file:close())
if label_path then lacuna.io.write_labels(label_path, labels) end

print(string.format("%d points", points:size(1)))
