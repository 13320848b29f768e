-- common.lua: what the commands share: arguments, models, scans, clocks and messages.

local common = {}

--- An argument parser for `lacuna NAME`.
function common.parser(name, description)
  local ok, argparse = pcall(require, "argparse")
  if not ok then error("the commands need lua-argparse, which is not installed", 0) end
  local parser = argparse("lacuna " .. name, description)
  parser:usage_max_width(100)
  return parser
end

--- Parses `args`. nil after a mistake, which has been said; the exit status is then 2.
function common.parse(parser, args)
  local ok, result = parser:pparse(args)
  if ok then return result end
  io.stderr:write("lacuna: ", result, "\n", parser:get_usage(), "\n")
  return nil
end

--- Converter for options: a whole number of at least `low`.
function common.integer(low)
  return function(text)
    local number = tonumber(text)
    if number and number % 1 == 0 and number >= low and number < 2 ^ 31 then return number end
    return nil, "'" .. text .. "' is not a whole number of at least " .. low
  end
end

--- Converter for options: a number above 0.
function common.positive(text)
  local number = tonumber(text)
  if number and number > 0 and number < math.huge then return number end
  return nil, "'" .. text .. "' is not a number above 0"
end

--- The options of commands that run a model; with fixed_grid its voxels have the model's size, with
--- own_variants the command has --dtype and --threads of its own.
function common.model_options(parser, fixed_grid, own_variants)
  parser:option("--model", "a name from models/ or a Lua file that returns a constructor")
  parser:option("--weights", "HDF5, PyTorch or safetensors file; one that lacuna wrote names its "
    .. "model (default: a fresh initialisation)")
  if not fixed_grid then
    parser:option("--voxel-size", "edge of a voxel, in the scan's unit (default: the model's)")
      :convert(common.positive)
  end
  parser:option("--columns", "values of a point in a .bin (default: found from the file's size)")
    :convert(common.integer(3))
  parser:option("--point-dtype", "what a .bin holds"):choices { "float32", "float16" }
  parser:option("--device", "where to run: cpu, cuda, or cuda:1 for the second GPU")
    :convert(function(name)
      if require("lacuna.device").is_name(name) then return name end
      return nil, "'" .. name .. "' is no device: cpu, cuda or cuda:1"
    end):default "cpu"
  if not own_variants then
    parser:option("--dtype", "of weights and features")
      :choices { "float32", "float16", "bfloat16" }:default "float32"
    parser:option("--threads", "default: as many as the process may use")
      :convert(common.integer(1))
  end
  parser:option("--seed", "of a fresh initialisation"):convert(common.integer(0)):default "0"
end

--- `a,b` as a list: values of `convert`, or of the words that are allowed.
function common.list_of(convert, allowed)
  return function(text)
    local found = {}
    for word in (text .. ","):gmatch("([^,]*),") do
      local value, message = word, nil
      if convert then value, message = convert(word) end
      if allowed and not allowed[word] then
        value, message = nil, "'" .. word .. "' is none of: " .. table.concat(allowed, ", ")
      end
      if value == nil then return nil, message end
      found[#found + 1] = value
    end
    return found
  end
end

--- Seconds on a monotonic clock.
function common.clock()
  return require("lacuna.native").C.lac_clock()
end

--- "1.5 GiB".
function common.bytes(count)
  count = tonumber(count)
  local units, i = { "bytes", "KiB", "MiB", "GiB", "TiB" }, 1
  while count >= 1024 and i < #units do count, i = count / 1024, i + 1 end
  return string.format(i == 1 and "%d %s" or "%.1f %s", count, units[i])
end

--- 1234567 -> "1,234,567".
function common.thousands(count)
  local text = string.format("%d", tonumber(count))
  local replaced
  repeat
    text, replaced = text:gsub("^(-?%d+)(%d%d%d)", "%1,%2")
  until replaced == 0
  return text
end

--- A line that is overwritten by the next, on stderr, where that is a terminal; "" clears it.
function common.status(format, ...)
  local host = package.loaded["lacuna.host"] or require "lacuna.host"
  if not host.tty.stderr then return end
  io.stderr:write("\r\27[K", string.format(format, ...))
  io.stderr:flush()
end

--- The counters of the context: maps, map_seconds, convs, macs.
function common.counters()
  local ffi, native = require "ffi", require "lacuna.native"
  local counters = ffi.new("lac_counters")
  native.C.lac_context_counters(native.ctx, counters)
  return counters
end

--- `value` as one line of JSON. lua-cjson writes an empty table as {}; under the keys `arrays` it
--- becomes [].
function common.json(value, arrays)
  local text = require("cjson").encode(value)
  for _, key in ipairs(arrays or {}) do
    text = text:gsub('"' .. key .. '":{}', '"' .. key .. '":[]')
  end
  return text
end

--- Raises `format` as a message without a position.
function common.fail(format, ...)
  error(string.format(format, ...), 0)
end

local function named(path, ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) == "string" and not message:find(path, 1, true) then
    message = path .. ": " .. message
  end
  error(message, 0)
end

--- fn(...), with `path` in front of a message that does not name it.
function common.on_file(path, fn, ...)
  return named(path, pcall(fn, ...))
end

--- An error unless `path` can be opened and is no folder.
function common.check_readable(path)
  local file, reason = io.open(path, "rb")
  if not file then common.fail("%s", reason) end
  local _, message = file:read(0)
  file:close()
  if message then common.fail("%s: %s", path, message:gsub("^.*: ", "")) end
end

return common
