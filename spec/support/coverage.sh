#!/bin/bash
# coverage.sh - runs the harnesses and the specs in the interpreter on a build of `make coverage`, then prints what they
# have run. That a check fails here is said, and is no failure: `make test` is there for it.
set -u

case $BUILD in /*) build=$BUILD ;; *) build=$PWD/$BUILD ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;;" # also for what specs start

bash spec/support/harnesses.sh "$build/spec" | tail -n 1
luajit -joff "$(command -v busted)" --ignore-lua -o plainTerminal "$@" --exclude-tags=unsanitized 2>&1 |
  grep -E '^[0-9]+ success|^(Failure|Error) ->'
luajit spec/support/coverage.lua "$build"
