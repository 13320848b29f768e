#!/bin/sh
# Are the tests of a .cu sharp? Takes out each barrier, warp barrier and cp.async wait in turn and counts
# how many of these faults the tests notice.
#
#   planted.sh [-a] FILE BUILD [RUN]
#
# FILE is a .cu or .cuh. BUILD is a shell command that builds its tests as the program $OUT, in MODE $MODE
# (plain or race, see build.mk), with the kernels in $SRC: a copy of FILE's folder that has the fault. RUN
# is the command that runs it; without one it is "$OUT". For example:
#
#   planted.sh cuda/scan.cuh 'make -s -f spec/simt/build.mk MODE=$MODE OUT=$OUT \
#       SOURCES="$SRC/scan.cu $SRC/radix_sort.cu spec/simt/kernels/sort_test.cpp"'
#
# A fault counts as caught when the program fails in one of: race early, race late, fifo, lifo and two
# random orders (-a: tries all of them and prints who noticed). TIMEOUT: seconds for a run, 120. Exit
# status 1: some fault went unnoticed. A line that holds "planted: skip" is left as it is.
all=0
[ "$1" = -a ] && { all=1; shift; }
[ $# -ge 2 ] || { sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2; }
file=$1 build=$2 run=${3:-'"$OUT"'}
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
SRC=$dir/src
export SRC OUT MODE
cp -r "$(dirname "$file")" "$SRC"
changed=$SRC/$(basename "$file")

# Line, how manieth of the line, text: one fault a line.
faults() {
    awk '{
        code = $0
        sub(/\/\/.*/, "", code)
        if (code ~ /^ *\*/ || code ~ /^ *\/\*/ || $0 ~ /planted: skip/) next
        n = 0
        while (match(code, /(__syncthreads|__syncwarp|ptx_cp_async_wait(<[^>]*>)?)\([^();]*\);/)) {
            print NR, ++n, substr(code, RSTART, RLENGTH)
            code = substr(code, RSTART + RLENGTH)
        }
    }' "$file"
}

# The file with that fault: an empty statement in its place.
mutate() { # LINE N
    awk -v line="$1" -v nth="$2" 'NR != line { print; next } {
        before = ""
        for (i = 1; match($0, /(__syncthreads|__syncwarp|ptx_cp_async_wait(<[^>]*>)?)\([^();]*\);/); ++i) {
            text = i == nth ? ";" : substr($0, RSTART, RLENGTH)
            before = before substr($0, 1, RSTART - 1) text
            $0 = substr($0, RSTART + RLENGTH)
        }
        print before $0
    }' "$file" > "$changed"
}

built() { # MODE
    MODE=$1 OUT=$dir/test-$1
    rm -f "$OUT"
    sh -c "$build" < /dev/null > "$dir/build.log" 2>&1 && return 0
    echo "cannot build in mode $MODE:" >&2
    cat "$dir/build.log" >&2
    exit 2
}

passes() { # ENVIRONMENT...
    env "$@" timeout "${TIMEOUT:-120}" sh -c "$run" < /dev/null > "$dir/run.log" 2>&1
}

# Prints the modes that notice; without -a the first one is enough.
noticed_by() {
    for mode in race plain; do
        built $mode
        if [ $mode = race ]; then
            set -- 'early SIMT_CPASYNC=early' 'late SIMT_CPASYNC=late'
        else
            set -- 'fifo SIMT_ORDER=fifo' 'lifo SIMT_ORDER=lifo SIMT_CPASYNC=late' \
                'random1 SIMT_ORDER=random SIMT_SEED=1' \
                'random2 SIMT_ORDER=random SIMT_SEED=2 SIMT_CPASYNC=late'
        fi
        for run_in; do
            passes ${run_in#* } && continue
            printf ' %s' "$mode-${run_in%% *}"
            [ $all = 1 ] || return 0
        done
    done
}

for mode in race plain; do
    built $mode
    passes SIMT_ORDER=fifo || { echo "$file fails its tests as it is (mode $mode):"; tail -20 "$dir/run.log"; exit 2; }
done

caught=0 total=0
faults > "$dir/faults"
while read -r line nth text; do
    mutate "$line" "$nth"
    by=$(noticed_by) || exit 2
    total=$((total + 1))
    if [ -n "$by" ]; then
        caught=$((caught + 1))
        printf '%s:%s: %s noticed by%s\n' "$file" "$line" "$text" "$by"
    else
        printf '%s:%s: %s UNNOTICED\n' "$file" "$line" "$text"
    fi
done < "$dir/faults"
printf '%s: %s of %s planted faults caught\n' "$file" "$caught" "$total"
[ "$caught" = "$total" ]
