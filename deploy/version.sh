#!/usr/bin/env bash
# Prints the version of a Debian package of this tree: that of the tag, with the
# number of commits since and the commit itself; without a tag that of the newest
# release in CHANGELOG.md, or 0, with the time of the commit, so that a later one
# is a higher version.
set -euo pipefail
cd "$(dirname "$0")/.."

if described=$(git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null); then
	# v1.2.3, v1.2.3-rc1, v1.2.3-4-gabcdef, each also with -dirty
	sed -E 's/^v//; s/-([0-9]+)-g/+\1.g/; s/-dirty$/+dirty/; s/-/~/g' <<<"$described"
	exit
fi
released=$(sed -nE 's/^## v?([0-9]+(\.[0-9]+)*).*/\1/p' CHANGELOG.md | head -n 1)
if ! commit=$(git log -1 --date=format-local:%Y%m%d%H%M%S --format=git%cd.%h 2>/dev/null); then
	echo "${released:-0}"
	exit
fi
[ -z "$(git status --porcelain --untracked-files=no)" ] || commit+=.dirty
echo "${released:-0}+$commit"
