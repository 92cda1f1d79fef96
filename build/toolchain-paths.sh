# Where the toolchain for MirageOS is, and what it must hold. Read by toolchain.sh and mirage.sh.

cache=${MIRAGE_PAGES_CACHE:-$here/../.cache}/mirage
locks=$here/../unikernel/mirage/lock
toolchain=${MIRAGE_PAGES_TOOLCHAIN:-/opt/mirage-pages}
# Changes with whatever changes the toolchain: versions, locks, the way it is made.
key=$(cat "$here/versions.sh" "$here/toolchain.sh" "$locks"/*.locked | sha256sum | cut -c 1-16)
archive=$cache/toolchain-$key.tar.zst
if command -v mirage >/dev/null; then sources=$cache/sources-$key; else sources=$toolchain/sources; fi

# The programs of the restored or newly made toolchain come first; an installed one is used as it is.
use_toolchain() {
  [ -d "$toolchain/opam/mirage/bin" ] || return 0
  export PATH="$toolchain/opam/mirage/bin:$PATH" OPAMROOT="$toolchain/opam" OPAMSWITCH=mirage OPAMROOTISOK=1
}

# Fails with everything that is missing, not with the first thing.
require_toolchain() {
  missing=""
  need() { missing="$missing
  $1"; }
  version=$(mirage --version 2>/dev/null | tr -d v || true)
  case $version in
    "${mirage%.*}".*) ;;
    *) need "mirage ${mirage%.*} (opam install mirage.$mirage); found: ${version:-none}" ;;
  esac
  version=$(ocamlfind ocamlopt -version 2>/dev/null || true)
  [ "$version" = "$ocaml" ] || need "OCaml $ocaml (opam switch create $ocaml); found: ${version:-none}"
  version=$(ocamlfind -toolchain solo5 ocamlopt -version 2>/dev/null || true)
  [ "$version" = "$ocaml" ] || need "ocaml-solo5 for OCaml $ocaml (opam install ocaml-solo5.$ocaml_solo5)"
  for program in solo5-spt solo5-elftool; do
    command -v $program >/dev/null || need "$program (opam install solo5.$solo5)"
  done
  for program in dune opam-monorepo; do
    command -v $program >/dev/null || need "$program (opam install $program)"
  done
  [ -z "$missing" ] && return 0
  echo "toolchain: the MirageOS backend needs what is not here:$missing" >&2
  exit 1
}
