-- semantickitti.lua: the classes of SemanticKITTI (J. Behley et al., ICCV 2019) in the order of the
-- logits of networks trained on it: name, colour, the raw label id that is written, and those that
-- also mean this class when labels are read (moving objects).

return {
  { name = "car", colour = { 66, 135, 245 }, label = 10, also = { 252 } },
  { name = "bicycle", colour = { 90, 220, 220 }, label = 11 },
  { name = "motorcycle", colour = { 25, 80, 140 }, label = 15 },
  { name = "truck", colour = { 115, 60, 200 }, label = 18, also = { 258 } },
  { name = "other-vehicle", colour = { 40, 40, 215 }, label = 20, also = { 259 } },
  { name = "person", colour = { 235, 50, 50 }, label = 30, also = { 254 } },
  { name = "bicyclist", colour = { 245, 90, 170 }, label = 31, also = { 253 } },
  { name = "motorcyclist", colour = { 160, 35, 75 }, label = 32, also = { 255 } },
  { name = "road", colour = { 120, 110, 125 }, label = 40 },
  { name = "parking", colour = { 170, 140, 190 }, label = 44 },
  { name = "sidewalk", colour = { 200, 165, 190 }, label = 48 },
  { name = "other-ground", colour = { 150, 85, 105 }, label = 49 },
  { name = "building", colour = { 235, 195, 60 }, label = 50 },
  { name = "fence", colour = { 240, 140, 70 }, label = 51 },
  { name = "vegetation", colour = { 50, 160, 60 }, label = 70 },
  { name = "trunk", colour = { 130, 85, 40 }, label = 71 },
  { name = "terrain", colour = { 150, 205, 95 }, label = 72 },
  { name = "pole", colour = { 240, 235, 160 }, label = 80 },
  { name = "traffic-sign", colour = { 215, 25, 110 }, label = 81 },
  ignore = 255, -- the class id of points that do not count
}
