#!/bin/bash
# bench.sh - make bench-gpu: what the device gives, then the networks, each number beside its bar. Ends with
# "bench-gpu: done".
#
# SWEEP=1: also times every tile of the convolution kernels and writes the fastest as conv_table.h.
# SCANS=DIR: SpConv's measured cloud there, instead of a synthetic one. QUICK=1: small enough for the emulator.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

status=0
BANDWIDTH=$(mktemp)
export BANDWIDTH
trap 'rm -f "$BANDWIDTH"' EXIT

if [ -x "$build/gpu/bandwidth" ]; then
  echo "== bandwidth"
  "$build/gpu/bandwidth" | tee "$BANDWIDTH"
  [ "${PIPESTATUS[0]}" = 0 ] || status=1
  echo
fi
if [ "${SWEEP:-0}" = 1 ]; then
  echo "== sweep"
  "$build/lacuna" spec/gpu/sweep.lua || status=1
  echo
fi
echo "== networks"
"$build/lacuna" spec/gpu/bench.lua || status=1
exit $status
