#!/bin/bash
# sanitized_specs.sh BUILD - every spec in the interpreter on the libraries that BUILD has, built with
# -fsanitize=address,undefined: their runtimes are preloaded into LuaJIT and into what specs start. Reports go to
# files, so that neither a pcall nor a child process that nobody asked loses one. Left out are specs tagged
# #unsanitized, each with its reason beside the tag. Arguments after BUILD go to busted.
# Ends with "sanitized specs: N passed, N failed"; a report counts as a failure.
set -u

case $1 in /*) build=$1 ;; *) build=$PWD/$1 ;; esac
shift
reports=$(mktemp -d)
log=$reports/busted
trap 'rm -rf "$reports"' EXIT

preload=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so)
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build LACUNA_SANITIZED=1
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" # also for what specs start
# LuaJIT's states and what it maps are no leaks of ours; leaks are looked for in the C harnesses.
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:log_path=$reports/address:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:log_path=$reports/undefined
passed=0
failed=0

# That reports arrive: a text that ends without a zero, handed over inside a pcall.
LD_PRELOAD=$preload luajit -joff -e '
  local ffi = require "ffi"
  ffi.cdef "int lac_fail(int, const char *); void *malloc(size_t); void *memset(void *, int, size_t);"
  local text = ffi.C.memset(ffi.C.malloc(8), 97, 8)
  pcall(ffi.load(os.getenv "LACUNA_BUILD" .. "/liblacuna.so").lac_fail, 1, text)' >/dev/null 2>&1
if grep -qs 'heap-buffer-overflow' "$reports"/address.*; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "a planted read past the end of a block was not reported: $build has no sanitizers?"
fi
rm -f "$reports"/address.*

LD_PRELOAD=$preload luajit -joff "$(command -v busted)" --ignore-lua -o plainTerminal \
  --exclude-tags=unsanitized "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
read -r p f e < <(sed -n \
  's/^\([0-9]*\) success[a-z]* \/ \([0-9]*\) failures* \/ \([0-9]*\) errors* .*/\1 \2 \3/p' "$log" | tail -n 1)
passed=$((passed + ${p:-0}))
failed=$((failed + ${f:-0} + ${e:-0}))
[ -n "${p:-}" ] || failed=$((failed + 1)) # it ended early: a report, or a crash
[ "$status" = 0 ] || [ $failed != 0 ] || failed=1

count=0
for report in "$reports"/address.* "$reports"/undefined.*; do
  [ -s "$report" ] || continue
  count=$((count + 1))
  failed=$((failed + 1))
  head -n 40 "$report"
done
echo "sanitizer reports: $count"
echo "sanitized specs: $passed passed, $failed failed"
[ $failed = 0 ]
