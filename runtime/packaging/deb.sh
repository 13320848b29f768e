#!/bin/sh
# deb.sh BUILD VERSION - a Debian package, BUILD/lacuna_VERSION-1_ARCHITECTURE.deb, of what install.sh puts below
# /usr. The templates are in runtime/packaging/deb; what the programs link is asked of dpkg-shlibdeps.
#
# DEBFULLNAME and DEBEMAIL name the maintainer, as for Debian's own tools.
set -eu
umask 022
build=$1 version=$2
templates=runtime/packaging/deb

for tool in dpkg-deb dpkg-shlibdeps dpkg-architecture; do
  if ! command -v "$tool" >/dev/null 2>&1; then
    echo "deb: there is no $tool here; Debian's package dpkg-dev has it" >&2
    exit 1
  fi
done

# A time for every file, so that the same tree makes the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
architecture=$(dpkg-architecture -qDEB_HOST_ARCH)
maintainer="${DEBFULLNAME:-The Lacuna authors} <${DEBEMAIL:-lacuna@packages.invalid}>"
work=$build/deb
root=$work/root
doc=$root/usr/share/doc/lacuna
rm -rf "$work"
mkdir -p "$root/DEBIAN" "$work/debian"

sh runtime/packaging/install.sh "$build" "$version" /usr "$root" >/dev/null
rm -f "$root/usr/share/lacuna/manifest" # dpkg has its own
for file in "$root"/usr/bin/lacuna "$root"/usr/lib/liblacuna*.so."$version"; do
  strip --strip-unneeded --remove-section=.comment --remove-section=.note "$file"
done

# Debian's places for what make install has in others.
rm -f "$doc/LICENSE"
cp "$templates/copyright" "$doc/copyright"
mv "$doc/CHANGELOG.md" "$doc/changelog"
mkdir -p "$root/usr/share/lintian/overrides"
cp "$templates/lintian-overrides" "$root/usr/share/lintian/overrides/lacuna"
date=$(date -u -R -d "@$SOURCE_DATE_EPOCH")
sed -e "s|@VERSION@|$version|" -e "s|@MAINTAINER@|$maintainer|" -e "s|@DATE@|$date|" \
  "$templates/changelog.in" >"$doc/changelog.Debian"
gzip -9 -n "$doc/changelog" "$doc/changelog.Debian" "$root/usr/share/man/man1/lacuna.1"

# Which packages have the libraries that are linked; dpkg-shlibdeps wants a source package around it.
printf 'Source: lacuna\n\nPackage: lacuna\nArchitecture: any\n' >"$work/debian/control"
binaries=$(cd "$root" && find usr/bin/lacuna usr/lib -type f \( -name 'lacuna' -o -name '*.so.*' \) | sed 's|^|root/|')
libraries=$(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info -lroot/usr/lib $binaries 2>shlibdeps.log |
  sed -n 's/^shlibs:Depends=//p') || { cat "$work/shlibdeps.log" >&2; exit 1; }

size=$(du -k -s --apparent-size "$root/usr" | cut -f1)
sed -e "s|@VERSION@|$version|" -e "s|@ARCHITECTURE@|$architecture|" -e "s|@MAINTAINER@|$maintainer|" \
  -e "s|@SIZE@|$size|" -e "s#@LIBRARIES@#$libraries#" "$templates/control.in" >"$root/DEBIAN/control"
cp "$templates/triggers" "$root/DEBIAN/triggers"
for library in "$root"/usr/lib/liblacuna*.so."$version"; do
  name=${library##*/}
  echo "${name%%.so.*} ${version%%.*} lacuna (>= $version)"
done >"$root/DEBIAN/shlibs"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$doc"/copyright "$root"/DEBIAN/*
chmod a-x "$root"/usr/lib/liblacuna*.so."$version"
find "$root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

package=$build/lacuna_$version-1_$architecture.deb
dpkg-deb --root-owner-group --build "$root" "$package" >/dev/null
echo "wrote $package"
