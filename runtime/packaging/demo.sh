#!/bin/sh
# demo.sh - what `make demo` runs after the build: a scan through MinkUNet 1.0x.
set -eu

lacuna=$BUILD/lacuna
out=$BUILD/demo
mkdir -p "$out"

scan=${SCAN:-}
columns=${COLUMNS:-}
labels=
if [ -z "$scan" ]; then
  scan=$out/street.bin
  labels=$out/street_truth.label
  columns=4
  echo "making a synthetic scan: $scan"
  "$lacuna" examples/lua/make_scan.lua "$scan" "$labels"
fi

set -- "$scan" --model minkunet -o "$out"
[ -z "$columns" ] || set -- "$@" --columns "$columns"
[ -z "${WEIGHTS:-}" ] || set -- "$@" --weights "$WEIGHTS"
# Agreement with the labels says something about trained weights only.
[ -z "${WEIGHTS:-}" ] || [ -z "$labels" ] || set -- "$@" --labels "$labels"
echo "$lacuna segment $*"
"$lacuna" segment "$@"
