#!/bin/bash
# run_all.sh - everything that `make test` checks once things are built, what takes one core two at a time. The
# output of each step comes whole, when it ends. Ends with "N passed, N failed".
set -u

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export LOGS=$logs

case $BUILD in /*) build=$BUILD ;; *) build=$PWD/$BUILD ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" # also for what specs start

# step NAME COMMAND...: a script whose last line ends in "N passed, N failed". One that fails without a failed
# check counts as one. Leaves "passed failed" in $LOGS/NAME.count.
step() {
  local name=$1 status p f
  shift
  echo "== $name: begun"
  echo "0 1" >"$LOGS/$name.count" # should it be killed
  "$@" >"$LOGS/$name" 2>&1
  status=$?
  read -r p f < <(sed -n 's/.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$LOGS/$name" | tail -n 1)
  p=${p:-0} f=${f:-0}
  [ $status = 0 ] || [ "$f" != 0 ] || f=1
  echo "$p $f" >"$LOGS/$name.count"
  flock "$LOGS" sed "1i== $name" "$LOGS/$name"
}

# specs LUAJIT-OPTION BUSTED-OPTION...
specs() {
  local option=$1 p f e status output
  shift
  output=$(mktemp "$LOGS/busted.XXXXXX")
  luajit "$option" "$(command -v busted)" --ignore-lua -o plainTerminal "$@" 2>&1 | tee "$output"
  status=${PIPESTATUS[0]}
  read -r p f e < <(sed -n \
    's/^\([0-9]*\) success[a-z]* \/ \([0-9]*\) failures* \/ \([0-9]*\) errors* .*/\1 \2 \3/p' "$output" | tail -n 1)
  echo "specs: ${p:-0} passed, $((${f:-0} + ${e:-0})) failed"
  return "$status"
}
export -f step specs

# Each with the threads that it asks for, which sleep where they wait: the other step has work for their core. What
# runs the program in a process of its own runs the same way with the JIT forced: it runs once.
OMP_WAIT_POLICY=passive xargs -P 2 -d '\n' -I{} bash -c '{}' <<'STEPS'
step interpreter specs -joff --exclude-tags=process
step jit specs -Ohotloop=2 --exclude-tags=process
step processes specs -joff --tags=process
step static bash spec/support/lint.sh
step sanitized-harnesses bash spec/support/harnesses.sh "$BUILD/sanitize/spec"
step refused-memory bash spec/support/harnesses.sh "$BUILD/spec" "*alloc_walk*"
STEPS
[ $? = 0 ] || echo "0 1" >"$logs/xargs.count"

# These keep two cores busy by themselves.
[ -z "${CUDA_OBJECTS:-}" ] || step nvcc bash spec/gpu/nvcc_checks.sh "$CUDA_OBJECTS"
step emulator bash spec/simt/check.sh
step emulated-specs bash spec/simt/specs.sh

read -r passed failed < <(cat "$logs"/*.count | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
