-- What the libraries export is what their headers declare, and what C++ sees of the headers.

local shell = require "spec.support.shell"

local include = "runtime/include/lacuna/"

-- Names of functions in a header, without comments.
local function declared(...)
  local names = {}
  for _, header in ipairs { ... } do
    local text = shell.read(include .. header):gsub("/%*.-%*/", "")
    for name in text:gmatch("[%s%*](lac_[%w_]+)%(") do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function exported(library)
  local r = shell.run("nm -D --defined-only " .. shell.quote(shell.build .. "/" .. library))
  assert.equal(0, r.status, r.err)
  local names = {}
  for name in r.out:gmatch("%x+ %a (%S+)") do names[#names + 1] = name:match("^[^@]+") end
  table.sort(names)
  return names
end

describe("exported symbols #process", function()
  it("of liblacuna are those of lacuna.h and lacuna_dlpack.h", function()
    local names = declared("lacuna.h", "lacuna_dlpack.h")
    assert.is_true(#names > 150)
    assert.same(names, exported("liblacuna.so"))
  end)

  it("of liblacuna_script are those of lacuna_script.h", function()
    assert.same(declared("lacuna_script.h"), exported("liblacuna_script.so"))
  end)

  it("liblacuna needs neither Lua nor HDF5", function()
    local r = shell.run("readelf -d " .. shell.quote(shell.build .. "/liblacuna.so"))
    for name in r.out:gmatch("NEEDED[^%[]*%[([^%]]+)%]") do
      local sanitizer = os.getenv "LACUNA_SANITIZED" and name:match "^lib[au]b?san%."
      name = name:gsub("libgomp", "libm"):gsub("^ld%-.*", "libc.so")
      assert.matches("^lib[cm]%.", sanitizer and "libc." or name)
    end
  end)
end)

describe("headers #process", function()
  local flags = "-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Iruntime/include "

  local function compiles(command, code)
    local folder, remove = shell.folder()
    local extension = command:match("^c%+%+") and ".cpp" or ".c"
    shell.write(folder .. "/use" .. extension, code)
    local r = shell.run(string.format("%s %s %s/use%s -o %s/use -L%s -llacuna", command, flags,
      folder, extension, folder, shell.build))
    remove()
    assert.equal(0, r.status, r.err)
  end

  it("are C11", function()
    for _, name in ipairs { "lacuna.h", "lacuna_script.h", "lacuna_dlpack.h" } do
      compiles("cc -std=c11", "#include <lacuna/" .. name .. ">\nint main(void) { return 0; }\n")
    end
  end)

  it("are C++11 and C++20, and lacuna.hpp needs liblacuna alone for tensors", function()
    local code = [[
#include <lacuna/lacuna.hpp>
#include <lacuna/lacuna_dlpack.h>
int main() {
    lacuna::context ctx;
    float data[6] = {1, 2, 3, 4, 5, 6};
    lacuna::tensor t = lacuna::tensor::wrap(ctx, LAC_DTYPE_F32, {2, 3}, data), u;
    u = std::move(t);
    try {
        u.values<double>(ctx);
    } catch (const lacuna::error &e) {
        return e.status() == LAC_ERR_DTYPE && u.values<float>(ctx)[5] == 6.0f && !t ? 0 : 1;
    }
    return 1;
}
]]
    for _, standard in ipairs { "c++11", "c++20" } do compiles("c++ -std=" .. standard, code) end
  end)

  it("lacuna_dlpack.h takes the structs of dlpack.h, old or new", function()
    local old = [[
#define DLPACK_DLPACK_H_
#include <stdint.h>
typedef enum { kDLCPU = 1 } DLDeviceType;
typedef struct { DLDeviceType device_type; int32_t device_id; } DLDevice;
typedef struct { uint8_t code; uint8_t bits; uint16_t lanes; } DLDataType;
typedef struct { void *data; DLDevice device; int32_t ndim; DLDataType dtype; int64_t *shape;
                 int64_t *strides; uint64_t byte_offset; } DLTensor;
typedef struct DLManagedTensor { DLTensor dl_tensor; void *manager_ctx;
                                 void (*deleter)(struct DLManagedTensor *self); } DLManagedTensor;
]]
    local versioned = [[
#define DLPACK_MAJOR_VERSION 1
typedef struct { uint32_t major; uint32_t minor; } DLPackVersion;
typedef struct DLManagedTensorVersioned {
    DLPackVersion version; void *manager_ctx;
    void (*deleter)(struct DLManagedTensorVersioned *self); uint64_t flags; DLTensor dl_tensor;
} DLManagedTensorVersioned;
]]
    local use = [[
#include <lacuna/lacuna_dlpack.h>
int main(void) { DLManagedTensorVersioned m; return sizeof m == 80 ? 0 : 1; }
]]
    for _, header in ipairs { "", old, old .. versioned } do
      compiles("cc -std=c11", header .. use)
    end
  end)
end)
