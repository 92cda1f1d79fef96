#!/bin/sh
# "<directory> <URL> <algorithm> <digest>" of each source archive that a lock of opam-monorepo names.
set -eu
sources=$(sed -n '/^x-opam-monorepo-duniverse-dirs/,/^]/p' "$1" | tr -d '" ' | awk '
  /^https:|^git\+https:/ { url = $0; getline directory; digest = "" }
  /^sha512=/ && digest == "" { digest = "SHA-512 " substr($0, 8) }
  /^sha256=/ { digest = "SHA-256 " substr($0, 8) }
  /^]/ && url != "" {
    if (digest == "") { print "locked-sources: no digest of " url >"/dev/stderr"; failed = 1; exit }
    print directory, url, digest
    url = ""
  }
  END { exit failed }')
echo "$sources" | sort
