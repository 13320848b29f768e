#!/bin/bash
# run_all.sh - everything that `make test` checks once things are built. Ends with "N passed, N failed".
set -u

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() { # count PASSED FAILED STATUS: a step that fails without a failed check counts as one
  local extra=0
  [ "$3" = 0 ] || [ "$2" != 0 ] || extra=1
  passed=$((passed + $1))
  failed=$((failed + $2 + extra))
}

step() { # step COMMAND...: a script whose last line ends in "N passed, N failed"
  "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} p f
  read -r p f < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
  count "${p:-0}" "${f:-0}" "$status"
}

specs() { # specs TITLE LUAJIT-OPTION BUSTED-OPTION...
  local title=$1 option=$2 p f e
  shift 2
  echo "busted, $title"
  luajit "$option" "$(command -v busted)" --ignore-lua -o plainTerminal "$@" 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]}
  read -r p f e < <(sed -n \
    's/^\([0-9]*\) success[a-z]* \/ \([0-9]*\) failures* \/ \([0-9]*\) errors* .*/\1 \2 \3/p' "$log" | tail -n 1)
  count "${p:-0}" "$((${f:-0} + ${e:-0}))" "$status"
}

case $BUILD in /*) build=$BUILD ;; *) build=$PWD/$BUILD ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" # also for what specs start

step bash spec/support/lint.sh
step bash spec/support/harnesses.sh "$BUILD/sanitize/spec"
step bash spec/support/harnesses.sh "$BUILD/spec" '*alloc_walk*' # without sanitizers: malloc fails too
specs "interpreter" -joff
# What runs the program in a process of its own runs the same way a second time: left out.
specs "JIT forced" -Ohotloop=2 --exclude-tags=process

[ -z "${CUDA_OBJECTS:-}" ] || step bash spec/gpu/nvcc_checks.sh "$CUDA_OBJECTS"
step bash spec/simt/check.sh
step bash spec/simt/specs.sh

echo
echo "$passed passed, $failed failed"
[ $failed = 0 ]
