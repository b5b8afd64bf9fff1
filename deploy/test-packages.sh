#!/usr/bin/env bash
# Installs the Debian packages of a list that are missing. No service of theirs
# is started: the tests run these servers themselves, on ports of their own.
set -euo pipefail

mapfile -t wanted < <(sed 's/#.*//' "$1" | tr -d ' \t' | grep .)
if ! command -v dpkg-query >/dev/null; then
	echo "make test needs what these Debian packages have; install it if tests fail: ${wanted[*]}"
	exit 0
fi
missing=()
for name in "${wanted[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "make test needs packages that are missing; run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi
echo "installing ${missing[*]}"

# invoke-rc.d asks this file; 101 is "do not start".
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
