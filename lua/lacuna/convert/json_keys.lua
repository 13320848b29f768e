-- json_keys.lua: the keys of a JSON object in the order of the text, and what is wrong with them
-- that a table from a decoder no longer tells: one that comes twice, or holds control characters.
--
-- The text has been decoded before, so it is well formed. It is passed once, without recursion.

local json_keys = {}

-- Position of the quote that ends the string after `at`.
local function string_end(text, at)
  repeat
    at = text:find('["\\]', at)
    if text:byte(at) == 0x22 then return at end
    at = at + 2 -- a backslash and what it stands before
  until false
end

--- Keys of the outermost object, keys of the object under `inner` in it, and what is wrong with
--- the first bad key, or nil.
---@param text string
---@param decode function  of the JSON library, for keys with escapes
---@param inner string
---@return string[] keys
---@return string[] inner_keys
---@return string|nil problem
function json_keys.scan(text, decode, inner)
  local keys, inner_keys = {}, {}
  local seen, depth, at = {}, 0, 1 -- seen: one set for each open object
  while true do
    at = text:find('["{}]', at)
    if not at then return keys, inner_keys, nil end
    local byte = text:byte(at)
    if byte == 0x7b then
      depth = depth + 1
      seen[depth] = {}
    elseif byte == 0x7d then
      seen[depth] = nil
      depth = depth - 1
    else
      local first = at
      at = string_end(text, at + 1)
      if text:find("^%s*:", at + 1) then -- a key, not a value
        local key = text:sub(first + 1, at - 1)
        if key:find("\\", 1, true) then key = decode("[" .. text:sub(first, at) .. "]")[1] end
        if key:find("%c") then return keys, inner_keys, "a control character in a name" end
        if seen[depth][key] then
          return keys, inner_keys, "the key '" .. key .. "' is there twice"
        end
        seen[depth][key] = true
        if depth == 1 then
          keys[#keys + 1] = key
        elseif depth == 2 and keys[#keys] == inner then
          inner_keys[#inner_keys + 1] = key
        end
      end
    end
    at = at + 1
  end
end

return json_keys
