#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 10s), one by one.
set -euo pipefail

found=0
while read -r package; do
	targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
	for target in $targets; do
		found=$((found + 1))
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" "$package"
	done
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... |
	while read -r package dir; do
		grep -qls '^func Fuzz' "$dir"/*_test.go && echo "$package"
	done)
if [ "$found" = 0 ]; then
	echo "no fuzz target was found" >&2
	exit 1
fi
