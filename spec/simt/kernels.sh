#!/bin/sh
# The tests of the kernels, spec/simt/kernels/*_test.cpp, each linked with all of cuda/*.cu:
#
#   kernels.sh [plain|asan|race|cov ...]   run them in these builds and their modes (plain asan race); cov
#                                          prints the covered lines of each .cu
#   kernels.sh planted [FILE ...]          are they sharp? See planted.sh; for all files that have barriers
#
# TESTS='conv sort': only these.
cd "$(dirname "$0")/../.." || exit 1
. spec/simt/modes.sh
tests=${TESTS:-$(for t in spec/simt/kernels/*_test.cpp; do basename "$t" _test.cpp; done)}
kernels=$(echo cuda/*.cu)

planted() { # FILE
    case $1 in
    *.cuh) sources='$(echo "$SRC"/*.cu)' ;; # whoever includes it
    *) sources="\$SRC/$(basename "$1") $(echo " $kernels " | sed "s| $1 | |")" ;;
    esac
    spec/simt/planted.sh "$1" "for t in $(echo $tests); do
        make -s -f spec/simt/build.mk MODE=\$MODE OUT=\$OUT-\$t SOURCES=\"$sources \
            spec/simt/kernels/\${t}_test.cpp\" || exit 1
    done" "for t in $(echo $tests); do \"\$OUT-\$t\" || exit 1; done" || status=1
}

if [ "$1" = planted ]; then
    shift
    [ $# -gt 0 ] || set -- $(grep -lE '__sync(threads|warp)\(|ptx_cp_async_wait' cuda/*.cu cuda/*.cuh |
        grep -v '/ptx.cuh$')
    for file; do planted "$file"; done
    exit $status
fi

[ $# -gt 0 ] || set -- plain asan race
for mode; do
    rm -f build/simt/"$mode"/*.gcda
    for t in $tests; do
        bin=build/simt/bin-$mode/kernels-$t
        build "$mode" "$bin" "$kernels spec/simt/kernels/${t}_test.cpp" && run_all "$mode" "$bin"
    done
    [ "$mode" = cov ] && spec/simt/coverage.sh build/simt/cov
done
exit $status
