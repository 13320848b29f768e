#!/bin/bash
# check.sh - the emulator's own tests and the kernels', in the plain build beside the race checker's and the
# sanitized one. Ends with "N passed, N failed"; a run that fails without saying how counts as one.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

{ sh spec/simt/run.sh plain race && sh spec/simt/kernels.sh plain; } >"$logs/plain" 2>&1 &
{ sh spec/simt/kernels.sh race && sh spec/simt/kernels.sh asan; } >"$logs/checked" 2>&1
checked=$?
wait $!
plain=$?

cat "$logs/plain" "$logs/checked"
read -r passed failed < <(cat "$logs"/* | sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' |
  awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
[ $((plain + checked)) = 0 ] || [ "$failed" != 0 ] || failed=1
echo "emulator and kernels: $passed passed, $failed failed"
[ "$failed" = 0 ]
