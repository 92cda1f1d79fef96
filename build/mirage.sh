#!/bin/sh
# Compiles the unikernel. "sh build/mirage.sh" makes mirage-pages.spt and its tender solo5-spt for the
# machine's image; "sh build/mirage.sh unix" makes mirage-pages-unix, a program for the desk.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${BUILD_OUTPUT:-$here/../build-output}
target=${1:-spt}
mkdir -p "$output"
output=$(cd "$output" && pwd)
. "$here/versions.sh"
. "$here/toolchain-paths.sh"
use_toolchain
require_toolchain

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# mirage writes beside what it configures: never into the sources.
cp -RL "$here/../unikernel/mirage/." "$work"
cd "$work"
lock=$locks/mirage-pages-$target.opam.locked
case $target in
  spt) mirage configure -t spt ;;
  unix) mirage configure -t unix --net host ;;
  *) echo "mirage: no target $target: spt or unix" >&2 && exit 1 ;;
esac
ln -s "$sources/$target/duniverse" duniverse
echo "mirage: compiling for $target"
dune build --profile release --root . ./dist
if [ "$target" = unix ]; then
  install -m 755 dist/mirage-pages "$output/mirage-pages-unix"
  echo "mirage: $(wc -c <"$output/mirage-pages-unix") bytes in $output/mirage-pages-unix"
  exit 0
fi
strip -o "$output/mirage-pages.spt" dist/mirage-pages.spt
strip -o "$output/solo5-spt" "$(command -v solo5-spt)"
# What is compiled in, for the bill of materials.
{
  sed -n 's/^  "\([^"]*\)" {= "\([^"]*\)" & ?vendor}$/\1 \2 opam/p' "$lock"
  echo "ocaml-base-compiler $ocaml opam"
  echo "ocaml-solo5 $ocaml_solo5 opam"
  echo "solo5 $solo5 opam"
} | sort >"$output/opam-packages"
sh "$here/locked-sources.sh" "$lock" >"$output/opam-sources"
cp duniverse/ocaml-h2/changes.diff "$output/h2.diff"
echo "mirage: $(wc -c <"$output/mirage-pages.spt") bytes in $output/mirage-pages.spt"
