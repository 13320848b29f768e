#!/bin/bash
# test.sh - make test-gpu: everything that a GPU is needed for. Ends with "N passed, N failed".
#
# First whether each PTX wrapper does what its twin in the emulator does, then the kernels' own tests and the
# specs natively, then the kernels' tests under compute-sanitizer where that is installed.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() { # step COMMAND...: a program whose last line ends in "N passed, N failed"
  echo "== $*"
  "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} p=0 f=0
  read -r p f < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
  [ "$status" = 0 ] || [ "${f:-0}" != 0 ] || f=1
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
}

if ! "$build/lacuna" -e 'os.exit(lacuna.cuda.is_available())'; then
  "$build/lacuna" -e 'print("no GPU to test on: " .. lacuna.cuda.why_not())'
  exit 1
fi
"$build/lacuna" info

[ ! -x "$build/gpu/conformance" ] || step "$build/gpu/conformance"
for program in "$build"/gpu/*_test; do step "$program"; done
step bash spec/gpu/specs.sh
if command -v compute-sanitizer >/dev/null 2>&1; then
  for program in "$build"/gpu/*_test; do
    step compute-sanitizer --error-exitcode 9 --tool memcheck "$program"
    step compute-sanitizer --error-exitcode 9 --tool racecheck "$program"
  done
else
  echo "compute-sanitizer is not here: memory and races were not checked on the device"
fi

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ]
