#!/usr/bin/env bash
# Puts the source of str0m, with our patches, where Cargo.toml looks for it. Does nothing when it is
# there already. See third_party/str0m/README.md.
set -euo pipefail
cd "$(dirname "$0")/../third_party/str0m"

manifest=fetch/Cargo.toml
stamp=$(cat fetch/Cargo.toml ./*.patch | sha256sum | cut -d' ' -f1)
[ "$(cat source/.stamp 2>/dev/null)" = "$stamp" ] && exit 0

printf 'Preparing str0m with our patches…\n' >&2
cargo fetch --quiet --locked --manifest-path "$manifest"
from=$(cargo metadata --locked --offline --format-version 1 --manifest-path "$manifest" |
    grep -o '"manifest_path":"[^"]*/str0m-[0-9.]*/Cargo.toml"' | cut -d'"' -f4)

# Made beside the place and moved there whole, so that nobody ever sees half of it.
rm -rf source.new
mkdir source.new
cp -R "$(dirname "$from")"/{Cargo.toml,LICENSE-MIT.txt,README.md,src} source.new/
for patch in ./*.patch; do
    patch --directory=source.new --strip=1 --quiet --forward --fuzz=0 <"$patch"
done
printf '%s' "$stamp" >source.new/.stamp
rm -rf source
mv source.new source
