# env.sh - sourced by the scripts of this folder: where the build is, and in a bundle (make bundle) where the
# libraries and Lua modules are that it brings along.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 1
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
export LACUNA_LIB_DIR=$build LACUNA_BUILD=$build

if [ -d deps ]; then
  export LD_LIBRARY_PATH=$top/deps/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LUA_PATH="$top/deps/lua/?.lua;$top/deps/lua/?/init.lua"
  export LUA_CPATH="$top/deps/lib/lua/?.so"
  luajit=$top/deps/bin/luajit
  busted=$top/deps/bin/busted
else
  luajit=$(command -v luajit)
  busted=$(command -v busted)
fi
export LUA_PATH="$top/lua/?.lua;$top/lua/?/init.lua;$top/?.lua;${LUA_PATH:-;}"
