#!/bin/sh
# deps.sh build|test - installs the packages that building (and testing) need and that are not there.
#
# Looks for what is used (commands, headers, Lua modules), not for package names, and calls apt-get only
# when something is missing. DEPS=0 never installs: it names what is missing and fails.
set -u

purpose=${1:-build}
packages=
reasons=
PATH=$PATH:/usr/sbin:/sbin

need() { # need PACKAGE WHAT: WHAT was not found, PACKAGE has it
  case " $packages " in *" $1 "*) ;; *) packages="$packages $1" ;; esac
  reasons="$reasons
  $2 ($1)"
}

command_in() { command -v "$1" >/dev/null 2>&1 || need "$2" "$1"; }

# A library through pkg-config: without pkg-config nothing is known, so the package is asked for.
library_in() {
  { command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "$1"; } || need "$2" "the headers of $1"
}

lua_module_in() {
  { command -v luajit >/dev/null 2>&1 && luajit -e "require '$1'" >/dev/null 2>&1; } ||
    need "$2" "the Lua module $1"
}

command_in cc gcc
printf '#include <stdio.h>\n' | cc -E - >/dev/null 2>&1 || need libc6-dev "the headers of the C library"
command_in pkg-config pkg-config
command_in luajit luajit
library_in luajit libluajit-5.1-dev
library_in hdf5 libhdf5-dev
library_in libpng libpng-dev
library_in libedit libedit-dev
library_in zlib zlib1g-dev
ldconfig -p 2>/dev/null | grep -q 'libopenblas\.so' || need libopenblas-dev "OpenBLAS"
lua_module_in cjson lua-cjson
lua_module_in argparse lua-argparse
if [ "$purpose" = test ]; then
  command_in c++ g++ # the emulator of CUDA kernels
  command_in busted lua-busted
  command_in luacheck lua-check
  ! command -v dpkg >/dev/null 2>&1 || command_in dpkg-shlibdeps dpkg-dev # what `make deb` is tested with
fi

[ -n "$packages" ] || exit 0

echo "missing:$reasons"
if [ "${DEPS:-1}" = 0 ]; then
  echo "DEPS=0: nothing is installed. On Debian: apt-get install$packages" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "no apt-get here: install what is missing by hand (Debian's packages:$packages)" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "not root and no sudo: run as root: apt-get install$packages" >&2
    exit 1
  fi
  as_root=sudo
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@"; }

# apt-get prints pages about every package; what it says matters only when it fails.
quietly() {
  log=$(mktemp) || exit 1
  "$@" >"$log" 2>&1
  status=$?
  [ $status = 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  return $status
}

install() { quietly apt install -y --no-install-recommends $packages; }

# Package lists that are absent or older than the mirror are fetched once.
echo "installing with apt-get:$packages"
if ! apt-get install -s --no-install-recommends $packages >/dev/null 2>&1; then
  echo "fetching the package lists first (apt-get update)"
  quietly apt update || exit 1
  install || exit 1
elif ! install; then
  echo "trying again after apt-get update"
  quietly apt update && install || exit 1
fi
