#!/bin/bash
# bundle.sh DESTINATION - one relocatable folder with all that make test-gpu and make bench-gpu need: program,
# libraries, LuaJIT, HDF5, busted, specs, models and a scan. It runs on any x86-64 Linux whose C library is not
# older than this machine's, with an NVIDIA driver and nothing else installed.
set -eu
out=$1
build=${BUILD:-build}

rm -rf "$out"
mkdir -p "$out/build/lua" "$out/deps/bin" "$out/deps/lib/lua" "$out/deps/lua" "$out/runtime/core"
cp -r lua models spec examples LICENSE README.md .busted "$out/"
cp -r runtime/include "$out/runtime/"
cp runtime/core/ops.def "$out/runtime/core/" # a spec reads it
cp "$build"/lacuna "$build"/liblacuna.so "$build"/liblacuna_io.so "$build"/liblacuna_cuda.so "$out/build/"
cp -r "$build/lua/lacuna" "$out/build/lua/"
[ ! -d "$build/gpu" ] || cp -r "$build/gpu" "$out/build/"

# LuaJIT, busted and the Lua modules that they load.
cp "$(command -v luajit)" "$out/deps/bin/"
cp "$(command -v busted)" "$out/deps/bin/"
lua_tree=$(luajit -e 'print((package.searchpath("busted.runner", package.path):gsub("/busted/runner.lua$", "")))')
lua_lib=$(luajit -e 'print((package.searchpath("cjson", package.cpath):gsub("/cjson.so$", "")))')
for module in busted busted.lua cliargs cliargs.lua luassert mediator.lua pl say system term dkjson.lua argparse.lua cjson; do
  [ ! -e "$lua_tree/$module" ] || cp -rL "$lua_tree/$module" "$out/deps/lua/"
done
for module in cjson.so lfs.so system term; do
  [ ! -e "$lua_lib/$module" ] || cp -rL "$lua_lib/$module" "$out/deps/lib/lua/"
done

# What they link, but for the C library itself; OpenBLAS, which is looked up when it is asked for.
blas=$(ldconfig -p | sed -n 's/.*libopenblas\.so\.0 .*=> //p' | head -n 1)
[ -z "$blas" ] || cp -L "$blas" "$out/deps/lib/libopenblas.so.0"
find "$out/build" "$out/deps" \( -name '*.so*' -o -perm -u+x \) -type f -print0 | xargs -0 ldd 2>/dev/null |
  sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
  grep -vE '/(libc|libm|libdl|libpthread|librt|libresolv|ld-linux-x86-64|liblacuna[a-z_]*)\.so' |
  while read -r library; do cp -L "$library" "$out/deps/lib/"; done
strip --strip-unneeded "$out"/deps/lib/*.so* "$out"/build/*.so "$out"/build/gpu/* 2>/dev/null || true

BUILD=$build "$build/lacuna" examples/lua/make_scan.lua "$out/scan.bin" >/dev/null
cat >"$out/Makefile" <<'MAKE'
# In a bundle nothing is built.
.PHONY: test-gpu bench-gpu
test-gpu:
	@bash spec/gpu/test.sh
bench-gpu:
	@bash spec/gpu/bench.sh
MAKE
du -sh "$out" | sed 's/\t/  /'
