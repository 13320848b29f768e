#!/bin/sh
# cdef.sh HEADER - prints lacuna.h as a Lua module that returns its declarations for ffi.cdef.
set -eu
echo '-- Generated from lacuna.h.'
echo 'return [==['
tr '\n' '\001' < "$1" | sed 's|/\*[^*]*\*\**\([^/*][^*]*\*\**\)*/||g' | tr '\001' '\n' |
  sed -e '/^[[:space:]]*#/d' -e '/^extern "C" {$/d' -e '/^}$/d' -e '/^[[:space:]]*$/d'
echo ']==]'
