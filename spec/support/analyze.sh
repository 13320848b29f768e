#!/bin/bash
# analyze.sh - gcc -fanalyzer, clang-tidy and cppcheck, those that are installed, every file of C a check. Prints
# what they say as they say it and ends with "analyze: N passed, N failed". JOBS at once; TOOLS and FILES choose.
# The kernels of runtime/cpu/isa are looked at in their portable form; FLAGS=-mavx2 and the like are for others.
#
# What is an exception says so beside the line: NOLINT(name) or NOLINTNEXTLINE(name) with a reason, where the
# name of gcc's -Wanalyzer-thing is analyzer-thing, or "cppcheck-suppress name; reason".
set -u

export PLACES="-D_GNU_SOURCE -DLAC_VERSION=\"0\" -Iruntime/include -Iruntime -Icuda -Ispec/simt/shim -Ispec/c -Ispec/fuzz"
export BASE="-std=c11 -fopenmp $PLACES $(pkg-config --cflags hdf5 libpng luajit libedit) ${FLAGS:-}"
export HINTS="-include spec/support/analyze.h"
# cppcheck has no compiler's macros.
export MACROS="-D__BYTE_ORDER__=1234 -D__ORDER_LITTLE_ENDIAN__=1234 -D__ORDER_BIG_ENDIAN__=4321"

gcc_says() { # gcc_says FILE FLAGS: without what an exception names
  # shellcheck disable=SC2086
  nice gcc $2 -O1 -fPIC -fanalyzer -c "$1" -o /dev/null 2>&1 | grep -A3 'warning:\|error:' | awk '
    match($0, /^[^ :]+:[0-9]+:/) && /(warning|error):/ {
      split($0, at, ":")
      name = $0
      sub(/.*\[-W/, "", name); sub(/\].*/, "", name)
      before = here = ""
      for (n = 1; n <= at[2] && (getline line < at[1]) > 0; n++) { before = here; here = line }
      close(at[1])
      excepted = index(here, "NOLINT(" name ")") || index(before, "NOLINTNEXTLINE(" name ")")
    }
    !excepted'
}

one() { # one TOOL FILE: prints "ok" or what the tool said
  local output flags="$BASE" rc
  case $2 in runtime/cpu/isa/*) flags="$flags -DLAC_ISA=cpu" ;; esac
  case $2 in
    runtime/core/status.c | runtime/io/host.c | cuda/host.c) ;; # they define what is hinted at
    runtime/script/*) ;;
    runtime/* | cuda/*) flags="$flags $HINTS" ;;
  esac
  # shellcheck disable=SC2086
  case $1 in
    gcc) output=$(gcc_says "$2" "$flags") ;;
    clang-tidy)
      output=$(nice clang-tidy --quiet "$2" -- $flags 2>/dev/null)
      rc=$?
      output=$(printf '%s\n' "$output" | grep -A3 'warning:\|error:')
      [ $rc = 0 ] || output="${output:-exit status $rc}"
      ;;
    cppcheck) output=$(nice cppcheck --quiet --std=c11 --inline-suppr --enable=warning,portability \
      --suppress=missingInclude --suppress=normalCheckLevelMaxBranches -DLAC_ISA=cpu $MACROS \
      $PLACES "$2" 2>&1) ;;
  esac
  [ -z "$output" ] && echo "ok" || printf 'FAILED %s: %s\n%s\n' "$1" "$2" "$output"
}
export -f one gcc_says

files=${FILES:-$(find runtime cuda spec examples -name '*.c' | sort)}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for tool in ${TOOLS:-gcc clang-tidy cppcheck}; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "$tool is not here: not run"
    continue
  fi
  # What gcc says of tests is that they do not survive where an allocation fails.
  # shellcheck disable=SC2086
  printf '%s\n' $files | { [ "$tool" = gcc ] && grep -v '^spec/' || cat; } |
    xargs -P "${JOBS:-2}" -I{} bash -c 'one "$0" "$1"' "$tool" {} | tee -a "$log" | grep --line-buffered -v '^ok$'
done
passed=$(grep -c '^ok$' "$log")
failed=$(grep -c '^FAILED' "$log")
echo "analyze: $passed passed, $failed failed"
[ "$failed" = 0 ]
