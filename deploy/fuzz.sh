#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 10s), one by one.
set -euo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz runs one target. Go before 1.27 may end a run without any finding with
# "context deadline exceeded", when the time is over (golang/go#75804): that is no
# answer, so it is run again. Inputs are not made smaller: on that it would spend
# most of so short a time.
fuzz() {
	for _ in 1 2 3; do
		if go test -run '^$' -fuzz "^$2\$" -fuzztime "${FUZZTIME:-10s}" -fuzzminimizetime 0x "$1" </dev/null 2>&1 | tee "$log"; then
			return 0
		fi
		if ! grep -q '^    context deadline exceeded$' "$log" || grep -qiE 'failing input|panic' "$log"; then
			return 1
		fi
	done
	return 1
}

found=0
while read -r package; do
	targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
	for target in $targets; do
		found=$((found + 1))
		echo "$package $target"
		fuzz "$package" "$target"
	done
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... |
	while read -r package dir; do
		grep -qls '^func Fuzz' "$dir"/*_test.go && echo "$package"
	done)
if [ "$found" = 0 ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
