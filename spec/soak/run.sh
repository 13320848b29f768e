#!/bin/bash
# run.sh N SECONDS SEED [LARGEST] - the load tests of this folder. Ends with "soak: N passed, N failed".
set -u

case $BUILD in /*) build=$BUILD ;; *) build=$PWD/$BUILD ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;"
n=$1 passed=0 failed=0

step() {
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAILED $*"; fi
}

step luajit spec/soak/scans.lua "$n" "$2" "$3" "${4:-300000}"
step luajit spec/soak/batches.lua $((n < 4096 ? n : 4096))
step luajit spec/soak/corners.lua $((n < 1000 ? 20000 : 200000))
step luajit spec/soak/huge.lua $((n < 10000 ? n * 2000 : 20000000))
step "$build/soak/hosts" $((n < 1000 ? n : 1000))
step "$build/soak/wide" $((n < 300 ? 1 + n / 2 : 300))
if [ "$n" -ge 1000 ]; then
  export LACUNA_KILLS=$((n / 20)) LACUNA_SEED=$3
  step luajit -joff "$(command -v busted)" --ignore-lua -o plainTerminal spec/cli/crash_spec.lua
fi
echo "soak: $passed passed, $failed failed"
[ $failed = 0 ]
