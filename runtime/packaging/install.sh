#!/bin/sh
# install.sh BUILD VERSION PREFIX [DESTDIR] - puts the program, the libraries, the headers, the Lua files, the
# models, the man page and the documentation below DESTDIR/PREFIX.
#
# Every file and every folder made on the way is a line of share/lacuna/manifest, from which uninstall.sh works.
# What an earlier installation of the same prefix had and this one has not is removed.
set -eu
umask 022

build=$1 version=$2 prefix=$3 root=${4:-}$3
case $prefix in
  /*) ;;
  *) echo "install: PREFIX is '$prefix', expected an absolute path" >&2; exit 2 ;;
esac
manifest=$root/share/lacuna/manifest
made=$(mktemp)
trap 'rm -f "$made" "$made.old"' EXIT
[ -d "$root" ] || echo ./ >>"$made"
mkdir -p "$root"

folder() { # folder NAME: makes it below the root, and notes each level that was not there
  [ ! -d "$root/$1" ] || return 0
  case $1 in */*) folder "${1%/*}" ;; esac
  mkdir "$root/$1"
  echo "$1/" >>"$made"
}

put() { # put MODE FROM TO
  folder "${3%/*}"
  install -m "$1" "$2" "$root/$3"
  echo "$3" >>"$made"
}

link() { # link TARGET NAME
  ln -sf "$1" "$root/$2"
  echo "$2" >>"$made"
}

put 755 "$build/lacuna" bin/lacuna

# What was built, by pattern. A build folder has links of its own, which stay there.
for library in "$build"/liblacuna*.so; do
  [ ! -L "$library" ] || continue
  name=${library##*/}
  put 755 "$library" "lib/$name.$version"
  link "$name.$version" "lib/$name.${version%%.*}"
  link "$name.${version%%.*}" "lib/$name"
done

for header in runtime/include/lacuna/*; do put 644 "$header" "include/lacuna/${header##*/}"; done
for file in $(find lua models -name '*.lua' | sort); do put 644 "$file" "share/lacuna/$file"; done
for file in $(cd "$build" && find lua -name '*.lua' | sort); do
  put 644 "$build/$file" "share/lacuna/$file"
done

put 644 runtime/packaging/lacuna.1 share/man/man1/lacuna.1
for file in LICENSE README.md CHANGELOG.md; do put 644 "$file" "share/doc/lacuna/$file"; done
for file in $(find examples -type f | sort); do put 644 "$file" "share/doc/lacuna/$file"; done

# lacuna_script.pc only beside liblacuna_script, and so on.
for template in runtime/packaging/*.pc.in; do
  name=${template##*/}
  name=${name%.pc.in}
  [ -e "$build/lib$name.so" ] || continue
  folder lib/pkgconfig
  escaped=$(printf '%s' "$prefix" | sed 's/[&|\\]/\\&/g')
  sed -e "s|@PREFIX@|$escaped|" -e "s|@VERSION@|$version|g" "$template" >"$root/lib/pkgconfig/$name.pc"
  echo "lib/pkgconfig/$name.pc" >>"$made"
done

if [ -f "$manifest" ]; then
  cp "$manifest" "$made.old"
  grep '/$' "$made.old" >>"$made" || true
  grep -v '/$' "$made.old" | grep -vxF -f "$made" | while read -r stale; do rm -f "$root/$stale"; done
fi
sort -u "$made" >"$manifest"
chmod 644 "$manifest"
echo "installed $(grep -vc '/$' "$manifest") files in $root"
