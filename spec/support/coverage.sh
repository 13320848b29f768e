#!/bin/bash
# coverage.sh - runs the harnesses and the specs in the interpreter on a build of `make coverage`, whose objects lie in
# OBJ, and the specs of a GPU on the EMULATOR's library; then prints what they have run. That a check fails here is
# said, and is no failure: `make test` is there for it. (Some must: a limit on the size of files is one for counters
# too, and the libraries export the functions of gcov.)
set -u

case $BUILD in /*) build=$BUILD ;; *) build=$PWD/$BUILD ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

env -u LUA_PATH bash spec/support/harnesses.sh "$build/spec" | tail -n 1
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" # also for what specs start

specs() {
  luajit -joff "$(command -v busted)" --ignore-lua -o plainTerminal "$@" 2>&1
}
specs --tags=process --exclude-tags=unsanitized >"$logs/processes" &
(
  specs --exclude-tags=process,unsanitized
  export LACUNA_CUDA_LIB=$PWD/$EMULATOR LACUNA_EMULATED=1 LACUNA_SPEC_DEVICE=cuda
  specs --exclude-tags=host,large spec/cuda
  SIMT_MEMORY_OPEN=1 specs --exclude-tags=host,large spec/points spec/sparse
) >"$logs/library"
wait
grep -hE '^[0-9]+ success|^(Failure|Error) ->' "$logs"/*
luajit spec/support/coverage.lua "$OBJ"
