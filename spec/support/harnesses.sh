#!/bin/bash
# harnesses.sh FOLDER [PATTERN] - runs the C harnesses built there, or those that the pattern names. Ends with
# "N passed, N failed".
set -u

passed=0
failed=0
for harness in "$1"/${2:-*}_test; do
  [ -x "$harness" ] || continue
  # Each prints a line a failed check and, last, "N passed, N failed".
  output=$(ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$harness" 2>&1)
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
