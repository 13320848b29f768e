#!/bin/bash
# lint.sh - what can be checked without running anything. Ends with "N passed, N failed".
#
# CC and CFLAGS_ALL come from the Makefile. Objects go nowhere: compilers only look.
set -u

passed=0
failed=0

check() { # check NAME COMMAND...: its output is shown when it fails
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n%s\n' "$name" "$output"
  fi
}

flags_for() { # the libraries that a source is compiled against
  case $1 in
    runtime/io/*) pkg-config --cflags hdf5 libpng ;;
    runtime/script/*) pkg-config --cflags luajit libedit ;;
    runtime/cpu/isa/*) echo "${ISA_FLAGS:--DLAC_ISA=cpu}" ;;
    spec/c/*) echo -Ispec/c; pkg-config --cflags luajit ;;
    spec/fuzz/*) echo -Ispec/fuzz ;;
    examples/c/*) pkg-config --cflags luajit ;;
    cuda/*) echo -DLAC_EMULATED -Ispec/simt/shim -Ispec/simt -Icuda ;;
  esac
}

syntax() { # syntax COMPILER FILE...: every file on its own, every complaint an error
  local compiler=$1 status=0 file
  shift
  for file in "$@"; do
    # shellcheck disable=SC2046,SC2086
    $compiler $CFLAGS_ALL -Werror $(flags_for "$file") -fsyntax-only -x c "$file" || status=1
  done
  return $status
}

AVX2="-mavx2 -mfma -mf16c"
AVX512="-mavx512f -mavx512vl -mavx512dq -mavx512bw"

# A template (a header that is included once for each type) says so in its first comment.
headers=$(grep -L -m1 -E '^ \* [a-z_0-9]+\.h - template' $(find runtime cuda spec/c spec/fuzz -name '*.h'))
sources=$(find runtime cuda examples/c spec/c spec/fuzz -name '*.c')
eval "CFLAGS_ALL=\$(printf '%s ' $CFLAGS_ALL)" # the shell's quotes around -DLAC_VERSION go away once

# Not the whole tree: a build folder has a link back to it, and two such links are followed without end.
check "luacheck" luacheck --no-color -q lua models examples spec
for header in $headers; do check "header compiles alone: $header" syntax "$CC" "$header"; done
if command -v clang >/dev/null 2>&1; then
  for source in $sources; do check "clang -Werror: $source" syntax clang "$source"; done
  if [ "$(uname -m)" = x86_64 ]; then # the other builds of the same kernels
    for ISA_FLAGS in "-DLAC_ISA=avx2 $AVX2" "-DLAC_ISA=avx512 $AVX2 $AVX512"; do
      for source in runtime/cpu/isa/*.c; do
        check "clang -Werror: $source ${ISA_FLAGS%% *}" syntax clang "$source"
      done
    done
  fi
else
  echo "clang is not here: its warnings were not checked"
fi
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then # others break lines elsewhere
  check "clang-format" sh -c "find runtime cuda spec examples -name '*.[ch]' | xargs clang-format --dry-run -Werror"
fi

echo "static checks: $passed passed, $failed failed"
[ $failed = 0 ]
