#!/usr/bin/env bash
# Prints the licences of Go and of the modules that are linked into a program,
# as most of them ask of whoever passes it on:
#
#     packaging/notices.sh ./cmd/artifice
set -euo pipefail

show() { printf '\n== %s\n\n' "$1"; cat "$2"; }

echo "This program is made of Artifice (Apache License 2.0) and of what follows."
show "Go $(go env GOVERSION)" "$(go env GOROOT)/LICENSE"
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "$1" | sort -u |
	while read -r path version dir; do
		none=yes
		for file in "$dir"/*; do
			case ${file##*/} in
			LICENSE* | LICENCE* | UNLICENSE* | COPYING* | NOTICE* | PATENTS*)
				show "$path $version: ${file##*/}" "$file"
				none=
				;;
			esac
		done
		if [ "$none" ]; then
			echo "$path $version has no licence in $dir" >&2
			exit 1
		fi
	done
