local create = require "lacuna.create"
local native = require "lacuna.native"

describe("an interrupt", function()
  it("stops every operation until it is cleared, and leaves the tensors as they were", function()
    local t = create.tensor { { 3, 1 }, { 2, 4 } }
    local index = create.tensor({ { 0, 1 } }, { dtype = "int64" })
    native.C.lac_context_interrupt(native.ctx)
    local operations = {
      function() return t + t end, function() return t * 2 end, function() return t:exp() end,
      function() return t:sum(1) end, function() return t:softmax(1) end,
      function() return t:sort() end,
      function() return t:half() end, function() return t:gather(1, index) end,
      function() return t:nonzero() end, function() return t:fill_(0) end,
      function() return create.rand(3) end, function() return t:double():matmul(t:double()) end,
      function() return create.cat { t, t } end, function() return create.unique(index) end,
    }
    local messages = {}
    for i, run in ipairs(operations) do
      local ok, message = pcall(run)
      messages[i] = ok and "went through" or message
    end
    native.C.lac_context_clear_interrupt(native.ctx)
    for i, message in ipairs(messages) do
      assert.matches("interrupted$", message, 1, false, "operation " .. i)
    end
    assert.same({ { 3, 1 }, { 2, 4 } }, t:totable())
    assert.same({ { 6, 2 }, { 4, 8 } }, (t + t):totable())
  end)
end)
