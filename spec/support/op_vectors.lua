-- op_vectors.lua: the cases of the test data's ops.h5 as examples of a spec.

local assert = require "luassert"
local busted = require "busted"
local lacuna = require "lacuna"
local support = require "spec.support.init"

local path = support.shared "vectors/ops.h5"

local op_vectors = {}

--- The names of the operations in the file, or nil where the test data are absent.
function op_vectors.names()
  if not path then return nil end
  local f, names = lacuna.hdf5.open(path), {}
  for _, group in ipairs(f:list "/") do names[f:attr("/" .. group, "op")] = true end
  f:close()
  return names
end

--- Inside a describe: an example for each case whose operation is in `ops`, a table of functions of
--- {input=, output=, attr=}, which read by name; and one that every function had a case.
function op_vectors.examples(ops)
  if not path then
    busted.pending("the folder of test data is not there")
    return
  end
  local f = lacuna.hdf5.open(path)
  local seen = {}
  for _, group in ipairs(f:list "/") do
    local op = f:attr("/" .. group, "op")
    if ops[op] then
      seen[op] = true
      busted.it(group, function()
        local file = lacuna.hdf5.open(path)
        local function reader(side)
          return function(name)
            local at = "/" .. group .. "/" .. side .. "/" .. name
            if not file:exists(at) then return nil end
            local t = file:read(at)
            return side == "in" and support.here(t) or t
          end
        end
        ops[op] {
          input = reader "in", output = reader "out",
          attr = function(name) return file:attr("/" .. group, name) end,
        }
        file:close()
      end)
    end
  end
  f:close()

  busted.it("include every operation that there is", function()
    for op in pairs(ops) do assert.is_true(seen[op], op) end
  end)
end

return op_vectors
