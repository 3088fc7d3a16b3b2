#!/usr/bin/env bash
# Builds the Debian package of a deployment's program:
#
#     packaging/build.sh [-m ./cmd/acme] [-v VERSION] [DIRECTORY]
#
# Without -m that is this repository's own. The package lands in DIRECTORY, by
# default dist. The program is static; GOARCH chooses another machine.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Not in go.mod: nothing of it is in the program.
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4

main=github.com/openstack-artifice/artifice/cmd/artifice
version=$(git -C "$here" describe --tags --match 'v*' 2>/dev/null || echo "v0.0.0~git$(git -C "$here" show -s --format=%cs.%h HEAD | tr -d -)")
while getopts m:v: flag; do
	case $flag in
	m) main=$OPTARG ;;
	v) version=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
out=${1:-dist}

export VERSION=${version#v} ARCH=${GOARCH:-$(go env GOARCH)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" show -s --format=%ct HEAD)}
export SOURCE_DATE_EPOCH
export HOMEPAGE="https://github.com/openstack-artifice/artifice" MAINTAINER="The Artifice authors <artifice@lists.example.org>"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -r "$here/debian" "$here/etc" "$stage"
chmod 0644 "$stage"/etc/*
root=$stage/root doc=$stage/root/usr/share/doc/artifice
umask 022
mkdir -p "$doc" "$root"/usr/{bin,lib/systemd/system} "$root"/usr/share/{man/man1,bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d}

CGO_ENABLED=0 go build -trimpath -ldflags=-s -o "$root/usr/bin/artifice" "$main"
# What the program says of itself, by one for the machine that builds.
itself=$root/usr/bin/artifice
if [ "$ARCH" != "$(go env GOHOSTARCH)" ]; then
	itself=$stage/itself/artifice # what it is called it says in its manual
	CGO_ENABLED=0 GOARCH= go build -o "$itself" "$main"
fi
"$itself" man "$root/usr/share/man/man1"
gzip -9n "$root"/usr/share/man/man1/*.1
"$itself" completion bash >"$root/usr/share/bash-completion/completions/artifice"
"$itself" completion zsh >"$root/usr/share/zsh/vendor-completions/_artifice"
"$itself" completion fish >"$root/usr/share/fish/vendor_completions.d/artifice.fish"
install -m 0644 "$here"/systemd/* "$root/usr/lib/systemd/system"

# The documents lead to each other as in the repository; what is only there they
# find on the web.
(cd "$here/.." && tar -c -- *.md LICENSE docs/*.md adapters/*/README.md examples/README.md) | tar -x --no-same-owner --no-same-permissions -C "$doc"
find "$doc" -name '*.md' -printf '%P\n' | while read -r page; do
	web=$HOMEPAGE/blob/HEAD/
	[ "$page" = "${page%/*}" ] || web+=${page%/*}/
	sed -E -i "s,\]\(([^):#]+)\),]($web\1),g; s,\]\($web([^)]*(\.md|LICENSE))\),](\1),g" "$doc/$page"
done
install -m 0644 "$here/artifice.cron" "$here/debian/copyright" "$doc"
"$here/notices.sh" "$main" | gzip -9n >"$doc/third-party.gz"
gzip -9n >"$doc/changelog.gz" <<EOT
artifice ($VERSION) stable; urgency=medium

  * The changes are in CHANGELOG.md.

 -- $MAINTAINER  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
EOT
install -D -m 0644 "$here/debian/lintian-overrides" "$root/usr/share/lintian/overrides/artifice"

mkdir -p "$out"
out=$(cd "$out" && pwd)
# nfpm runs here, whatever the package is for.
(cd "$stage" && env -u GOARCH -u GOOS go run "$nfpm" package --config "$here/nfpm.yaml" --packager deb --target "$out")
