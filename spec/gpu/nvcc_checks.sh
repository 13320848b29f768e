#!/bin/bash
# nvcc_checks.sh [OBJECTS [LIBRARY]] - what nvcc made of the kernels; nothing is run or compiled. No kernel spills
# registers, and those of conv3d_mma.cu multiply on tensor cores (HMMA) what they copied behind the thread's back
# (LDGSTS), on every architecture. Ends with "N passed, N failed".
#
# OBJECTS: the folder of the objects of cuda/*.cu, each with the report of `-Xptxas -v` beside it in NAME.o.ptxas
# (default: the newest in the build). The instructions are read from LIBRARY (default: the build's
# liblacuna_cuda.so) by cuobjdump and nvdisasm, where these are installed.
set -u
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

newest=$(find "$build" -name conv3d_mma.o.ptxas -printf '%T@ %h\n' 2>/dev/null | sort -rn | sed -n '1s/[^ ]* //p')
objects=${1:-$newest}
library=${2:-$build/liblacuna_cuda.so}
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

# The kernels on tensor cores: their names are in the report.
if ! command -v cuobjdump >/dev/null 2>&1 || ! command -v nvdisasm >/dev/null 2>&1; then
  echo "nvcc_checks: cuobjdump and nvdisasm are not here, instructions are not checked"
  finish
fi
report=$objects/conv3d_mma.o.ptxas
for target in $(sed -n "s/.*Compiling entry function .* for '\(sm_[0-9a-z]*\)'.*/\1/p" "$report" | sort -u); do
  kernels=$(sed -n "s/.*Compiling entry function '\(.*\)' for '$target'.*/\1/p" "$report" | sort -u)
  cuobjdump -sass -arch "$target" -fun "$(paste -sd, <<<"$kernels")" "$library" 2>&1 |
    awk -v kernels="$kernels" -v target="$target" '
      /Function :/ { kernel = $NF }
      /HMMA/ { products[kernel]++ }
      /LDGSTS/ { copies[kernel]++ }
      END {
        count = split(kernels, names, "\n")
        for (i = 1; i <= count; i++) {
          k = names[i]
          print (products[k] && copies[k] ? "ok " : "FAILED ") k " for " target ": " products[k] + 0 \
            " HMMA, " copies[k] + 0 " LDGSTS"
        }
      }'
done >"$results"
count "$results"
finish
