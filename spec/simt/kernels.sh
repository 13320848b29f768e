#!/bin/bash
# kernels.sh [plain|asan|race ...] - the kernels' own tests on the emulator, in each build under the orders,
# copies and streams that found the most planted bugs. Ends with "N passed, N failed".
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
[ $# -gt 0 ] || set -- plain asan race
root=${BUILD:-build}/simt
passed=0 failed=0

environments() { # the modes of a build, one a line
  case $1 in
    plain)
      echo "SIMT_ORDER=fifo"
      echo "SIMT_ORDER=lifo SIMT_CPASYNC=late"
      echo "SIMT_ORDER=random SIMT_SEED=1 SIMT_STREAM=lazy"
      echo "SIMT_ORDER=random SIMT_SEED=2 SIMT_CPASYNC=late SIMT_STREAM=lazy" ;;
    asan) echo "SIMT_ORDER=random SIMT_SEED=3 SIMT_STREAM=lazy" ;;
    race)
      echo "SIMT_CPASYNC=early"
      echo "SIMT_CPASYNC=late" ;;
  esac
}

run() { # run NAME PROGRAM ENVIRONMENT
  local output p f
  # shellcheck disable=SC2086
  output=$(env $3 timeout 600 "$2" 2>&1)
  local status=$?
  read -r p f < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$output" | tail -n 1)
  [ $status = 0 ] || [ "${f:-0}" != 0 ] || f=1
  [ $status = 0 ] || printf 'FAILED %s under %s\n%s\n' "$1" "$3" "$output"
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
}

for mode; do
  for test in spec/simt/kernels/*_test.cpp; do
    name=$(basename "$test" .cpp)
    program=$root/bin-$mode/$name
    if make -s -j"$(nproc)" -f spec/simt/build.mk MODE="$mode" DIR="$PWD/$root/$mode" OUT="$program" \
      SOURCES="$(echo cuda/*.cu) $test" EXTRA="-DLAC_EMULATED -fvisibility=hidden -Wno-extra"; then
      while read -r environment; do run "$name, $mode" "$program" "$environment"; done < <(environments "$mode")
    else
      failed=$((failed + 1))
    fi
  done
done
echo "kernels on the emulator: $passed passed, $failed failed"
[ $failed = 0 ]
