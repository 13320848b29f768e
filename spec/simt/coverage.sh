#!/bin/sh
# Which lines of kernels the tests ran:  coverage.sh [-m] DIR [FILE.cu ...]
#
# DIR holds the objects of a build in MODE=cov (see build.mk) after the tests have run:
#
#   make -f spec/simt/build.mk MODE=cov OUT=/tmp/t SOURCES='cuda/scan.cu spec/simt/kernels/sort_test.cpp'
#   /tmp/t && spec/simt/coverage.sh build/simt/cov
#
# Prints covered/total lines of each .cu and .cuh (only the named ones, if there are any) and the total.
# A line of a template counts as covered when one of its instances ran it. -m lists what was missed.
missed=0
[ "$1" = -m ] && { missed=1; shift; }
[ $# -ge 1 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
dir=$(cd "$1" && pwd) || exit 2
shift
cd "$(dirname "$0")/../.." || exit 2 # sources are named from here
for notes in "$dir"/*.gcno; do gcov -t -o "$dir" "$notes" 2> /dev/null; done | awk -v missed="$missed" -v wanted=" $* " '
    { split($0, field, ":") }
    field[2] + 0 == 0 {
        if ($0 ~ /:Source:/) {
            source = $0
            sub(/.*:Source:/, "", source)
            name = source
            sub(/.*\//, "", name)
            keep = name ~ /\.cuh?$/
            if (keep && wanted ~ /[^ ]/) keep = index(wanted, "/" name " ") || index(wanted, " " name " ")
        }
        next
    }
    !keep { next }
    {
        count = field[1]
        gsub(/ /, "", count)
        if (count == "-") next
        at = name ":" field[2] + 0
        if (!(at in ran)) { ran[at] = 0; lines[name]++; text[at] = substr($0, index($0, field[3])) }
        if (count !~ /^[#=]/) ran[at] = 1
    }
    END {
        for (at in ran) {
            name = at
            sub(/:.*/, "", name)
            if (ran[at]) { hit[name]++; hits++ } else if (missed) print at ":" text[at] | "sort -t: -k1,1 -k2,2n"
            all++
        }
        if (missed) close("sort -t: -k1,1 -k2,2n")
        for (name in lines)
            printf "%-28s %5d / %d lines\n", name, hit[name], lines[name] | "sort"
        close("sort")
        printf "%-28s %5d / %d lines\n", "total", hits, all
    }'
