#!/bin/sh
# Installs the Debian packages of packages.txt, and of the lists named as arguments, that are missing; touches
# no network when none is.
set -eu
here=$(dirname "$0")

wanted=$(cat "$here/packages.txt" "$@" | grep -v '^#')
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install: this is not Debian; install what these Debian packages hold, then run this again:" $wanted >&2
  exit 1
fi

missing=""
for package in $wanted; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done

if [ -z "$missing" ]; then
  echo "install: every Debian package is there"
  exit 0
fi

echo "install: installing with apt:$missing"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
$sudo apt-get -q update
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
