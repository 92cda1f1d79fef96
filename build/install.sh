#!/bin/sh
# Installs the Debian packages of packages.txt that are missing, and touches no network when none is.
set -eu
here=$(dirname "$0")

missing=""
for package in $(grep -v '^#' "$here/packages.txt"); do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done

if [ -z "$missing" ]; then
  echo "install: every Debian package is there"
  exit 0
fi

echo "install: installing$missing"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update
# shellcheck disable=SC2086 # a list of words
$sudo apt-get -q install -y --no-install-recommends $missing
