#!/bin/sh
# The engine's own tests, in every build and mode:  run.sh [plain|asan|race|ucontext ...]
#
# Prints one line a program and build; all that a test says when it fails. JOBS=n compiles in parallel.
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- plain asan race ucontext
status=0

build() { # MODE OUT SOURCES [VARIABLE=VALUE ...]
    mode=$1 out=$2 sources=$3
    shift 3
    make -s -j"${JOBS:-1}" -f spec/simt/build.mk MODE="$mode" OUT="$out" SOURCES="$sources" "$@"
}

modes() { # the environments of a build, one a line
    echo "SIMT_ORDER=fifo"
    case $1 in
    plain)
        echo "SIMT_ORDER=lifo SIMT_STREAM=lazy"
        echo "SIMT_ORDER=random SIMT_SEED=1 SIMT_CPASYNC=late"
        echo "SIMT_ORDER=random SIMT_SEED=2" ;;
    race)
        echo "SIMT_CPASYNC=late" ;;
    asan)
        echo "SIMT_ORDER=random SIMT_STREAM=lazy SIMT_CPASYNC=late" ;;
    esac
}

report() { # BUILD ENVIRONMENT COMMAND...
    mode=$1 environment=$2
    shift 2
    if said=$(env $environment timeout 300 "$@" 2>&1); then
        printf '%-8s  %-46s  %s\n' "$mode" "$environment" "$(printf '%s\n' "$said" | tail -1)"
    else
        printf '%-8s  %-46s  FAILED\n%s\n' "$mode" "$environment" "$said"
        status=1
    fi
}

for mode; do
    bin=build/simt/bin-$mode
    for test in spec/simt/*_test.cpp; do
        name=$(basename "$test" _test.cpp)
        # Host threads and instrumented kernels do not go together: libtsan is not there.
        [ "$mode $name" = "race threads" ] && continue
        build "$mode" "$bin/$name" "$test" || { status=1; continue; }
        modes "$mode" | while read -r environment; do
            report "$mode" "$environment" "$bin/$name"
            [ $status = 0 ] || exit 1
        done || status=1
    done
    [ "$mode" = asan ] && continue # the program would have to be instrumented too
    build "$mode" "$bin/kernels.so" "spec/simt/library/kernels.cu spec/simt/library/host.c" SHARED=1 &&
        build "$mode" "$bin/load" spec/simt/library/load_test.c ENGINE= &&
        report "$mode" "" "$bin/load" "$PWD/$bin/kernels.so" || status=1
done
exit $status
