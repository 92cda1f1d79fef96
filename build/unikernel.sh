#!/bin/sh
# Runs the OCaml tests and compiles the server for the backend that is asked for.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${BUILD_OUTPUT:-$here/../build-output}
mkdir -p "$output"
output=$(cd "$output" && pwd)

cd "$here/../unikernel"
echo "unikernel: OCaml $(ocamlfind ocamlopt -version), dune $(dune --version)"
# CodeBuild keeps .cache between builds; everywhere else it is a directory beside the sources.
export DUNE_CACHE=enabled DUNE_CACHE_TRANSPORT=direct XDG_CACHE_HOME="$here/../.cache"
echo "unikernel: testing"
dune build --display=quiet test/suite.exe
./_build/default/test/suite.exe --compact

if [ "${MIRAGE_PAGES_BACKEND:-linux}" = mirage ]; then
  cd "$here"
  exec sh "$here/mirage.sh"
fi
dune build --display=quiet linux/main.exe
install -m 755 _build/default/linux/main.exe "$output/mirage-pages-linux"
strip "$output/mirage-pages-linux"
echo "unikernel: $(wc -c <"$output/mirage-pages-linux") bytes in $output/mirage-pages-linux"
