#!/bin/bash
# analyze.sh - gcc -fanalyzer, clang-tidy and cppcheck over the runtime, those that are installed, every file a
# check. Ends with "analyze: N passed, N failed". JOBS at once.
#
# What is an exception says so beside the line: NOLINT(name) with a reason, or "cppcheck-suppress name".
set -u

export BASE="-std=c11 -D_GNU_SOURCE -DLAC_VERSION=\"0\" -fopenmp -Iruntime/include -Iruntime"
export LIBS="$(pkg-config --cflags hdf5 libpng luajit libedit)"
export HINTS="-include spec/support/analyze.h"

# gcc 12 takes every pointer that a callee in another file was to set as NULL, and every _Float16 shift as
# one of its 16 bits. Most of its reports of these are wrong, and not all were read: clang looks for the same.
export GCC_OFF="-Wno-analyzer-null-dereference -Wno-analyzer-null-argument -Wno-analyzer-shift-count-overflow
  -Wno-analyzer-possible-null-dereference"

one() { # one TOOL FILE: prints "ok" or what the tool said
  local output isa=
  case $2 in runtime/cpu/isa/*) isa=-DLAC_ISA=cpu ;; esac
  case $2 in runtime/script/*) ;; *) isa="$isa ${HINTS}" ;; esac
  case $2 in runtime/io/*) isa=${isa/$HINTS/} ;; runtime/core/status.c) isa= ;; esac
  # shellcheck disable=SC2086
  case $1 in
    gcc) output=$(nice gcc $BASE $LIBS $isa -O1 -fPIC -fanalyzer $GCC_OFF -c "$2" -o /dev/null 2>&1 |
      grep -A3 'warning:') ;;
    clang-tidy) output=$(nice clang-tidy --quiet "$2" -- $BASE $LIBS $isa 2>/dev/null | grep -A3 'warning:\|error:') ;;
    cppcheck) output=$(nice cppcheck --quiet --std=c11 --inline-suppr --enable=warning,portability \
      --suppress=missingInclude --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE '-DLAC_VERSION="0"' -DLAC_ISA=cpu \
      -Iruntime/include -Iruntime "$2" 2>&1) ;;
  esac
  [ -z "$output" ] && echo "ok" || printf 'FAILED %s: %s\n%s\n' "$1" "$2" "$output"
}
export -f one

files=${FILES:-$(find runtime -name '*.c' | sort)}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for tool in ${TOOLS:-gcc clang-tidy cppcheck}; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "$tool is not here: not run"
    continue
  fi
  # shellcheck disable=SC2086
  printf '%s\n' $files | xargs -P "${JOBS:-2}" -I{} bash -c 'one "$0" "$1"' "$tool" {} >>"$log"
done
grep -v '^ok$' "$log"
passed=$(grep -c '^ok$' "$log")
failed=$(grep -c '^FAILED' "$log")
echo "analyze: $passed passed, $failed failed"
[ "$failed" = 0 ]
