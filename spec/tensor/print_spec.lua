local create = require "lacuna.create"

local function lines(...) return table.concat({ ... }, "\n") end

describe("printing a tensor #host", function()
  it("aligns the columns and says what it is", function()
    assert.equal(lines("   1.5000   -2.2500", "  10.0000  100.0000", "Tensor [2, 2], float32, cpu"),
      tostring(create.tensor { { 1.5, -2.25 }, { 10, 100 } }))
    assert.equal(lines("   1  -20    3", "Tensor [3], float32, cpu"),
      tostring(create.tensor { 1, -20, 3 }))
  end)

  it("shows the ends of long dimensions", function()
    local text = tostring(create.arange(9000):view(90, 100))
    assert.equal(lines(
      "    0     1     2  ...    97    98    99",
      "  100   101   102  ...   197   198   199",
      "  200   201   202  ...   297   298   299",
      " ...",
      " 8700  8701  8702  ...  8797  8798  8799",
      " 8800  8801  8802  ...  8897  8898  8899",
      " 8900  8901  8902  ...  8997  8998  8999",
      "Tensor [90, 100], int64, cpu"), text)
  end)

  it("shows matrices of more dimensions under their place", function()
    assert.equal(lines("(1, :, :)", " 0  1", " 2  3", "(2, :, :)", " 4  5", " 6  7",
      "Tensor [2, 2, 2], int32, cpu"), tostring(create.arange(8):int():view(2, 2, 2)))
    local text = tostring(create.zeros(20, 1, 1))
    assert.matches("%(3, :, :%)\n 0\n%.%.%.\n%(18, :, :%)", text)
  end)

  it("shows scalars, nothing, and numbers of any size", function()
    assert.equal(lines(" 3", "Tensor [], float32, cpu"), tostring(create.tensor(3)))
    assert.equal("Tensor [0, 4], float32, cpu", tostring(create.zeros(0, 4)))
    assert.equal(lines("  inf   nan  -inf     1", "Tensor [4], float32, cpu"),
      tostring(create.tensor { math.huge, 0 / 0, -math.huge, 1 }))
    assert.equal(lines(" 1.000e-10  2.500e+20", "Tensor [2], float64, cpu"),
      tostring(create.tensor({ 1e-10, 2.5e20 }, { dtype = "float64" })))
    assert.equal(lines(" 9223372036854775807", "Tensor [1], int64, cpu"),
      tostring(create.tensor({ 9223372036854775807LL }, { dtype = "int64" })))
    assert.equal(lines(" 0.5000  1.0000", "Tensor [2], float16, cpu"),
      tostring(create.tensor({ 0.5, 1 }, { dtype = "float16" })))
  end)
end)
