#!/bin/bash
# specs.sh - the specs of operations and models with everything on device "cuda": on a GPU, or on the emulator
# where LACUNA_CUDA_LIB names it. Arguments: specs instead of all of them. Ends with "N passed, N failed".
#
# Left out by their tag: what needs the CPU's memory (#host) or takes minutes emulated (#large).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

exclude=host
[ "${LACUNA_EMULATED:-0}" = 0 ] || exclude=$exclude,large
[ $# -gt 0 ] || set -- spec/cuda spec/conv spec/ops spec/tensor spec/sparse spec/points spec/nn spec/models

log=$(mktemp)
trap 'rm -f "$log"' EXIT
LACUNA_SPEC_DEVICE=cuda $luajit "$busted" --ignore-lua -o plainTerminal --exclude-tags="$exclude" "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
read -r p f e < <(sed -n \
  's/^\([0-9]*\) success[a-z]* \/ \([0-9]*\) failures* \/ \([0-9]*\) errors* .*/\1 \2 \3/p' "$log" | tail -n 1)
failed=$((${f:-0} + ${e:-0}))
[ "$status" = 0 ] || [ $failed -gt 0 ] || failed=1
echo "specs on cuda: ${p:-0} passed, $failed failed"
[ $failed = 0 ]
