#!/bin/bash
# nvcc_checks.sh [OBJECTS] - what nvcc made of the kernels; nothing is run or compiled. No kernel spills
# registers, and those of conv3d_mma.cu multiply on tensor cores (HMMA) what they copied behind the thread's back
# (LDGSTS), on every architecture. Ends with "N passed, N failed".
#
# OBJECTS: the folder of the objects of cuda/*.cu, each with the report of `-Xptxas -v` beside it in NAME.o.ptxas
# (default: the newest in the build).
set -u
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

newest=$(find "$build" -name conv3d_mma.o.ptxas -printf '%T@ %h\n' 2>/dev/null | sort -rn | sed -n '1s/[^ ]* //p')
objects=${1:-$newest}
passed=0 failed=0

plain() { # the names of kernels as they are written
  if command -v c++filt >/dev/null 2>&1; then c++filt; else cat; fi
}

count() { # count FILE: of lines "ok ..." and "FAILED ...", of which the latter are shown
  passed=$((passed + $(grep -c '^ok' "$1")))
  failed=$((failed + $(grep -c '^FAILED' "$1")))
  grep '^FAILED' "$1" | plain
}

finish() {
  echo "nvcc: $passed passed, $failed failed"
  [ $failed = 0 ]
  exit
}

if [ -z "$objects" ]; then
  echo "nvcc_checks: there are no kernels here that nvcc compiled with reports, so that nothing is checked"
  finish
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT

# A line for each kernel and architecture.
for source in cuda/*.cu; do
  report=$objects/$(basename "$source" .cu).o.ptxas
  if ! grep -qs '^ptxas info' "$report"; then
    echo "FAILED $source: no report of ptxas beside its object"
    continue
  fi
  awk -F "'" '
    /Compiling entry function/ { kernel = $2 " for " $4 }
    /bytes spill stores/ && kernel != "" {
      print (/ 0 bytes spill stores, 0 bytes spill loads/ ? "ok " : "FAILED ") kernel ":" $0
      kernel = ""
    }' "$report"
done >"$results"
count "$results"

# The kernels on tensor cores: their object's device code is not compressed.
luajit spec/gpu/sass.lua "$objects/conv3d_mma.o" >"$results" 2>&1 || echo "FAILED sass.lua" >>"$results"
grep -q '^ok' "$results" || echo "FAILED conv3d_mma.o holds no kernels" >>"$results"
count "$results"
finish
