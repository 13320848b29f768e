#!/bin/bash
# harnesses.sh FOLDER [PATTERN] - runs the C harnesses built there, and the fuzz targets beside it over the seeds and
# crashers that are kept; or the harnesses alone that the pattern names. First, defects that are planted: a build
# with sanitizers has to report them. Ends with "N passed, N failed".
set -u

passed=0
failed=0
fuzz=("$1"/../fuzz/*)
[ $# = 1 ] || fuzz=()

planted() { # planted PROGRAM WORDS: what the sanitizer says of it
  [ -x "$1" ] || return 0
  if ASAN_OPTIONS=detect_leaks=1 "$1" 2>&1 | grep -q "$2"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $1: '$2' was not reported"
  fi
}
planted "$1/planted_leak" 'LeakSanitizer: detected memory leaks'
planted "$1/planted_race" 'ThreadSanitizer: data race'

for harness in "$1"/${2:-*}_test "${fuzz[@]}"; do
  [ -x "$harness" ] || continue
  kept=()
  case $harness in
    *_test) ;;
    *) for kind in seeds crashers; do kept+=("spec/fuzz/$kind/${harness##*/}"); done ;;
  esac
  # Each prints a line a failed check and, last, "N passed, N failed".
  output=$(ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    LACUNA_IO_LIB=$(realpath "$1/../liblacuna_io.so") "$harness" "${kept[@]}" 2>&1)
  status=$?
  read -r p f < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$output" | tail -n 1)
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-0}))
  if [ $status != 0 ] || [ "${f:-1}" != 0 ]; then
    [ "${f:-0}" != 0 ] || failed=$((failed + 1)) # a crash or a sanitizer's report
    printf 'FAILED %s (status %s)\n%s\n' "$harness" $status "$output"
  fi
done

echo "C harnesses: $passed passed, $failed failed"
[ $failed = 0 ]
