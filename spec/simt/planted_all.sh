#!/bin/bash
# planted_all.sh [FILE...] - takes out every barrier and cp.async wait of the kernels, one at a time, and counts
# what their tests notice (planted.sh). Takes a quarter of an hour for all files. Ends with "N passed, N failed".
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
[ $# -gt 0 ] || set -- $(grep -lE '__syncthreads\(|__syncwarp\(|cp_async_wait' cuda/*.cu cuda/*.cuh | grep -v 'cuda/ptx.cuh')
passed=0 failed=0

test_of() { # the test program of a file
  case $1 in
    conv3d* | epilogue* | pack* | gather*) echo conv ;;
    coords* | maps*) echo coords ;;
    dense*) echo dense ;;
    pool* | group_norm* | to_dense*) echo pool ;;
    point* | voxelize*) echo points ;;
    *) echo sort ;;
  esac
}

for file; do
  name=$(basename "$file")
  export TEST=spec/simt/kernels/$(test_of "$name")_test.cpp
  # A changed source stands among the others as they are; a changed header concerns all sources.
  case $name in
    *.cu) export OTHERS=$(ls cuda/*.cu | grep -v "/$name$" | tr '\n' ' ') NAMES=$name ;;
    *) export OTHERS= NAMES='*.cu' ;;
  esac
  output=$(sh spec/simt/planted.sh "$file" 'make -s -j2 -f spec/simt/build.mk MODE=$MODE \
    DIR=$PWD/build/simt/$MODE OUT=$OUT SOURCES="$(echo $SRC/$NAMES) $OTHERS $TEST" \
    EXTRA="-DLAC_EMULATED -fvisibility=hidden -Wno-extra"' 2>&1)
  echo "$output"
  read -r caught total < <(sed -n 's/.*: \([0-9]*\) of \([0-9]*\) planted faults caught$/\1 \2/p' <<<"$output")
  passed=$((passed + ${caught:-0})) failed=$((failed + ${total:-1} - ${caught:-0}))
done
echo "planted faults: $passed passed, $failed failed"
[ $failed = 0 ]
