#!/bin/sh
# Compiles the server and runs the OCaml tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
output=${BUILD_OUTPUT:-$here/../build-output}
mkdir -p "$output"
output=$(cd "$output" && pwd)

cd "$here/../unikernel"
echo "unikernel: OCaml $(ocamlfind ocamlopt -version), dune $(dune --version)"
# CodeBuild keeps .cache between builds; everywhere else it is a directory beside the sources.
export DUNE_CACHE=enabled DUNE_CACHE_TRANSPORT=direct XDG_CACHE_HOME="$here/../.cache"
dune build --display=quiet linux/main.exe test/suite.exe
echo "unikernel: testing"
./_build/default/test/suite.exe --compact
install -m 755 _build/default/linux/main.exe "$output/mirage-pages-linux"
strip "$output/mirage-pages-linux"
echo "unikernel: $(wc -c <"$output/mirage-pages-linux") bytes in $output/mirage-pages-linux"
