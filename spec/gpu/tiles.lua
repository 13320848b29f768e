-- tiles.lua: the tiles of the convolution kernels on tensor cores, by dtype: rows, channels.

local halves = { { 64, 32 }, { 64, 64 }, { 128, 64 }, { 128, 96 }, { 128, 128 } }

local tiles = { float16 = halves, bfloat16 = halves, float32 = { { 64, 32 }, { 128, 64 } } }

--- As LACUNA_CUDA_TILE and conv_table.h name it.
function tiles.name(tile)
  return tile[1] .. "x" .. tile[2]
end

return tiles
