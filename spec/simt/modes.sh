# modes.sh - what run.sh and kernels.sh share: builds, the environments of each, one line a run. Sourced
# at the root of the repository. JOBS: compilations at a time, 1. TIMEOUT: seconds for a program, 300.
status=0

build() { # MODE OUT SOURCES [VARIABLE=VALUE ...]
    mode=$1 out=$2 sources=$3
    shift 3
    make -s -j"${JOBS:-1}" -f spec/simt/build.mk MODE="$mode" OUT="$out" SOURCES="$sources" "$@" && return
    status=1
    return 1
}

environments() { # MODE: one a line
    case $1 in
    plain)
        echo SIMT_ORDER=fifo
        echo SIMT_ORDER=lifo SIMT_STREAM=lazy
        echo SIMT_ORDER=random SIMT_SEED=1 SIMT_CPASYNC=late
        echo SIMT_ORDER=random SIMT_SEED=2 ;;
    asan)
        echo SIMT_ORDER=fifo
        echo SIMT_ORDER=random SIMT_STREAM=lazy SIMT_CPASYNC=late ;;
    race)
        echo SIMT_CPASYNC=early
        echo SIMT_CPASYNC=late ;;
    *)
        echo SIMT_ORDER=fifo ;;
    esac
}

run_once() { # MODE ENVIRONMENT COMMAND...
    mode=$1 environment=$2
    shift 2
    if said=$(env $environment timeout "${TIMEOUT:-300}" "$@" 2>&1 < /dev/null); then
        printf '%-8s  %-49s  %s\n' "$mode" "$environment" "$(printf '%s\n' "$said" | tail -1)"
    else
        printf '%-8s  %-49s  FAILED: %s\n%s\n' "$mode" "$environment" "$1" "$said"
        status=1
    fi
}

run_all() { # MODE COMMAND...
    run_mode=$1
    shift
    environments "$run_mode" > "build/simt/environments.$$"
    while read -r line; do run_once "$run_mode" "$line" "$@"; done < "build/simt/environments.$$"
    rm -f "build/simt/environments.$$"
}
