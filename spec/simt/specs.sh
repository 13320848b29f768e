#!/bin/bash
# specs.sh - the specs of operations with device "cuda" on the emulator, in two halves beside each other. Ends
# with "N passed, N failed". Models that take minutes emulated run on a GPU alone.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export LACUNA_CUDA_LIB=$build/emulator/liblacuna_cuda.so LACUNA_EMULATED=1 SIMT_MEMORY_OPEN=1
first=$(mktemp)
trap 'rm -f "$first"' EXIT

bash spec/gpu/specs.sh spec/conv spec/models/spvcnn_spec.lua >"$first" 2>&1 &
second=$(bash spec/gpu/specs.sh spec/ops spec/tensor spec/sparse spec/points spec/nn \
  spec/models/minkunet_spec.lua 2>&1)
wait
# Here host code that reaches device memory is a crash, and what forgot to wait reads what was before.
third=$(SIMT_MEMORY_OPEN=0 SIMT_ORDER=lifo SIMT_STREAM=lazy bash spec/gpu/specs.sh spec/cuda 2>&1)

passed=0 failed=0
for text in "$(cat "$first")" "$second" "$third"; do
  echo "$text"
  read -r p f < <(sed -n 's/.*on cuda: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' <<<"$text" | tail -n 1)
  [ -n "${p:-}" ] || f=1
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
done
echo "specs on the emulator: $passed passed, $failed failed"
[ $failed = 0 ]
