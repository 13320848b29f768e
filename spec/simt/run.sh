#!/bin/sh
# The emulator's own tests, in every build and mode:  run.sh [plain|asan|race|ucontext ...]
#
# Prints one line a run; all that a test says when it fails.
cd "$(dirname "$0")/../.." || exit 1
. spec/simt/modes.sh
[ $# -gt 0 ] || set -- plain asan race ucontext

for mode; do
    bin=build/simt/bin-$mode
    for test in spec/simt/*_test.cpp spec/gpu/conformance.cu; do
        name=$(basename "$test")
        name=${name%.*}
        # Host threads and instrumented kernels do not go together: libtsan is not there.
        [ "$mode $name" = "race threads_test" ] && continue
        build "$mode" "$bin/$name" "$test" && run_all "$mode" "$bin/$name"
    done
    [ "$mode" = asan ] && continue # the program that loads the library would have to have it too
    build "$mode" "$bin/kernels.so" "spec/simt/library/kernels.cu spec/simt/library/host.c" SHARED=1 &&
        build "$mode" "$bin/load" spec/simt/library/load_test.c ENGINE= &&
        run_once "$mode" "" "$bin/load" "$PWD/$bin/kernels.so"
done
exit $status
