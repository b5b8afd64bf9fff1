#!/usr/bin/env bash
# Packs the programs of a folder into a Debian package: deb.sh PROGRAMS OUT.
# DEB_VERSION is its version (default: that of version.sh), SOURCE_DATE_EPOCH the time
# of all its files (default: that of the commit), DEB_COMPRESSION what dpkg-deb
# compresses with (default: xz). The same programs give the same bytes.
set -euo pipefail
programs=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")"
export LC_ALL=C TZ=UTC
umask 022

version=${DEB_VERSION:-$(./version.sh)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y ../CHANGELOG.md)}
export SOURCE_DATE_EPOCH DPKG_DEB_THREADS_MAX=1
architecture=$(dpkg --print-architecture)
name=utdsd_${version}_$architecture.deb

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
./install.sh "$programs" "$tree"

# The pages where man looks without being told.
mkdir -p "$tree/usr/share/man/man8"
for page in "$tree"/opt/SUNWut/man/man8/*.8; do
	gzip -9n "$page"
	ln -s "/opt/SUNWut/man/man8/${page##*/}.gz" "$tree/usr/share/man/man8/${page##*/}.gz"
done
doc=$tree/usr/share/doc/utdsd
install -D -m 644 debian/copyright "$doc/copyright"
install -m 644 ../README.md ../ARCHITECTURE.md ../CHANGELOG.md "$doc/"
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
gzip -9n >"$doc/changelog.gz" <<TXT
utdsd ($version) unstable; urgency=medium

  * CHANGELOG.md beside this file tells what is new.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
TXT

mkdir "$tree/DEBIAN"
install -m 755 debian/preinst debian/postinst debian/prerm debian/postrm "$tree/DEBIAN/"
(cd "$tree" && find etc -type f | sort | sed 's|^|/|') >"$tree/DEBIAN/conffiles"
(cd "$tree" && find opt usr -type f | sort | xargs -d '\n' md5sum) >"$tree/DEBIAN/md5sums"
size=$(find "$tree" -path "$tree/DEBIAN" -prune -o -type f -printf '%s\n' | awk '{ n += int(($1 + 1023) / 1024) } END { print n }')
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" debian/control >"$tree/DEBIAN/control"

find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Z"${DEB_COMPRESSION:-xz}" --build "$tree" "$out/$name.new" >/dev/null
mv "$out/$name.new" "$out/$name"
echo "$out/$name"
