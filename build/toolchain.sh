#!/bin/sh
# The toolchain for MirageOS: the one that is installed, else the cached one, else a new one by opam. No
# later step of a build fetches anything. Does nothing for the Linux backend.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
backend=${MIRAGE_PAGES_BACKEND:-linux}
[ "$backend" = mirage ] || exit 0
. "$here/versions.sh"
. "$here/toolchain-paths.sh"

say() { echo "toolchain: $*"; }

# The libraries of both targets, as their locks name them; opam-monorepo checks every digest.
pull_sources() {
  for target in spt unix; do
    mkdir -p "$sources/$target"
    say "fetching the libraries that the lock for $target names"
    (cd "$sources/$target" && opam-monorepo pull --yes --root "$PWD" \
      --lockfile "$locks/mirage-pages-$target.opam.locked")
    fit_h2 "$sources/$target/duniverse/ocaml-h2"
  done
}

# With each connection h2 makes room for 65,536 streams and twice 4,096 header fields: 600 KB, of which hardly
# any is used. The tables grow by themselves. What is changed goes into the bill of materials.
fit_h2() {
  touch "$1/changes.diff"
  smaller "$1" lib/scheduler.ml "?(capacity = 65536)" "?(capacity = 16)"
  smaller "$1" hpack/src/dynamic_table.ml "capacity = max 256 max_size in" "capacity = 16 in"
  smaller "$1" hpack/src/encoder.ml "HeaderFieldsTbl.create capacity in" "HeaderFieldsTbl.create 16 in"
}

# Does nothing to a file that was changed before.
smaller() {
  if grep -qF "$4" "$1/$2"; then return 0; fi
  if ! grep -qF "$3" "$1/$2"; then
    echo "toolchain: there is no \"$3\" in $1/$2: this version of h2 needs another look (docs/unikernel.md)" >&2
    exit 1
  fi
  sed "s/$3/$4/" "$1/$2" >"$1/changed"
  diff -U 0 --label "a/$2" --label "b/$2" "$1/$2" "$1/changed" >>"$1/changes.diff" || true
  mv "$1/changed" "$1/$2"
}

# A switch of opam's is not to be moved: it is packed and unpacked with its absolute path.
make_toolchain() {
  rm -rf "$toolchain"
  mkdir -p "$toolchain"
  export OPAMROOT="$toolchain/opam" OPAMYES=1 OPAMROOTISOK=1 OPAMCONFIRMLEVEL=unsafe-yes
  say "making opam's switch (OCaml $ocaml, mirage $mirage, Solo5 $solo5): about 15 minutes"
  opam init --bare --no-setup --disable-sandboxing default \
    "git+https://github.com/ocaml/opam-repository.git#$opam_repository"
  opam switch create mirage "ocaml-base-compiler.$ocaml"
  opam install --switch mirage "dune.$dune" "mirage.$mirage" "opam-monorepo.$opam_monorepo" \
    "solo5.$solo5" "ocaml-solo5.$ocaml_solo5"
  use_toolchain
  pull_sources
  opam clean --all-switches --download-cache --logs --repo-cache
}

save() {
  mkdir -p "$cache"
  rm -f "$cache"/toolchain-*
  tar --create --directory / "${toolchain#/}" | zstd -q -T0 -6 -o "$archive"
  # Last: an archive without its digest counts as none.
  (cd "$cache" && sha256sum "$(basename "$archive")" >"$archive.sha256")
  say "cached $(wc -c <"$archive") bytes as $(basename "$archive")"
}

# Answers 1 when there is no archive of these versions, or one that is not what was saved.
restore() {
  [ -f "$archive" ] || { say "none is cached for these versions"; return 1; }
  if ! (cd "$cache" && sha256sum --check --status "$(basename "$archive").sha256"); then
    say "the cached one does not match its digest: it is made anew"
    rm -f "$archive" "$archive.sha256"
    return 1
  fi
  rm -rf "$toolchain"
  zstd -dc "$archive" | tar --extract --directory / || return 1
  say "restored from $(basename "$archive")"
}

if command -v mirage >/dev/null; then
  require_toolchain
  say "using the one that is installed: $(command -v mirage)"
  if [ ! -f "$sources/complete" ]; then
    rm -rf "$sources"
    pull_sources
    touch "$sources/complete"
  fi
else
  sh "$here/install.sh" "$here/mirage-packages.txt"
  restored=yes
  restore || restored=no
  if [ $restored = no ]; then
    # Outside of any condition, so that the first command that fails ends the build.
    make_toolchain
    save
  fi
  use_toolchain
  require_toolchain
fi
