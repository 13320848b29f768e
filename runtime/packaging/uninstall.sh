#!/bin/sh
# uninstall.sh PREFIX [DESTDIR] - removes the files that install.sh put there, and of the folders that it made
# those that nothing else has come into.
set -eu
root=${2:-}$1
manifest=$root/share/lacuna/manifest

if [ ! -f "$manifest" ]; then
  echo "nothing to remove: there is no $manifest, which make install writes"
  exit 0
fi
list=$(mktemp)
trap 'rm -f "$list"' EXIT
cp "$manifest" "$list"
grep -v '/$' "$list" | while read -r file; do rm -f "$root/$file"; done
rm -f "$manifest"
# Backwards, so that a folder comes after what is in it.
grep '/$' "$list" | sort -r | while read -r made; do
  rmdir "$root/$made" 2>/dev/null || true
done
rmdir "$root" 2>/dev/null || true
echo "removed $(grep -vc '/$' "$list") files from $root"
