#!/bin/sh
# dist.sh VERSION OUT.tar.gz - the files that git knows, as they are in the working tree, below lacuna-VERSION/.
#
# The same tree gives the same bytes: names in git's order, no owners, one time (SOURCE_DATE_EPOCH, else that of
# the last commit), no time in gzip's header.
set -eu
version=$1 out=$2

if ! [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$(pwd -P)" ]; then
  echo "dist: this folder is no git checkout, and the list of files is git's" >&2
  exit 1
fi
mkdir -p "$(dirname "$out")"
trap 'rm -f "$out.tmp.tar"' EXIT
git ls-files -z | tar --create --file "$out.tmp.tar" --no-recursion \
  --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --owner=0 --group=0 --numeric-owner \
  --mode='u+rw,go+r,go-w' --transform="flags=rSH;s|^|lacuna-$version/|" --null --files-from=-
gzip -9 -n <"$out.tmp.tar" >"$out"
echo "wrote $out, $(git ls-files | wc -l) files"
