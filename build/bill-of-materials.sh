# What is in the image, by Debian and opam package: boot.json for our own records, sbom.json in CycloneDX.

# The files of Debian packages whose bytes (or compiled bytes) are in the image.
image_files() {
  grep -v "^$output/" "$work/copied"
  echo "$kernel"
  echo "$stub"
  for library in libc.a libgcc.a; do
    readlink -f "$(gcc -print-file-name="$library")"
  done
  [ "$backend" = linux ] || return 0
  for library in libcrypto.a libssl.a libev.a; do
    readlink -f "$(gcc -print-file-name="$library")"
  done
  ocamlfind query -recursive -predicates native -a-format -format %d/%a lwt.unix lwt_ssl
  echo "$(ocamlfind ocamlc -where)/libasmrun.a"
}

# "<package> <version> deb" of each package that owns one of them. With a merged /usr, dpkg may know a
# file by either path.
debian_packages() {
  image_files | sort -u | while read -r file; do
    case $file in /usr/lib/*) other=${file#/usr} ;; *) other=/usr$file ;; esac
    dpkg -S "$file" 2>/dev/null || dpkg -S "$other" 2>/dev/null || echo "unowned $file"
  done | sed 's/:.*//' | sort -u | while read -r package; do
    case $package in unowned*) echo "$package" && continue ;; esac
    dpkg-query -W -f '${Package} ${Version} deb\n' "$package:amd64" 2>/dev/null ||
      dpkg-query -W -f '${Package} ${Version} deb\n' "$package"
  done
}

# The same of opam's, as build/mirage.sh wrote them: "<package> <version> opam".
image_packages() {
  debian_packages
  [ "$backend" = linux ] || cat "$output/opam-packages"
}

write_boot_json() {
  image_packages >"$work/packages"
  if unowned=$(grep '^unowned' "$work/packages"); then
    echo "bill-of-materials: no Debian package owns: $unowned" >&2
    exit 1
  fi
  digest=$(sha256sum "$output/boot.img" | cut -d ' ' -f 1)
  {
    printf '{\n  "digest": "%s",\n  "bytes": %d,\n' "$digest" "$(wc -c <"$output/boot.img")"
    printf '  "backend": "%s",\n  "kernel": "%s",\n  "packages": {\n' "$backend" "$version"
    awk 'NR > 1 { print line "," } { line = sprintf("    \"%s/%s\": \"%s\"", $3, $1, $2) } END { print line }' "$work/packages"
    printf '  }\n}\n'
  } >"$1"
}

write_sbom() {
  {
    printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n'
    printf '  "metadata": { "component": { "type": "firmware", "name": "mirage-pages-boot", "version": "%s" } },\n' "$digest"
    printf '  "components": [\n'
    awk '
      NR > 1 { print line "," }
      { purl = $2; gsub(/\+/, "%2B", purl); gsub(/:/, "%3A", purl)
        line = sprintf("    { \"type\": \"library\", \"name\": \"%s\", \"version\": \"%s\", " \
          "\"purl\": \"pkg:%s%s@%s%s\" }", $1, $2, $3 == "deb" ? "deb/debian/" : "opam/", $1, purl,
          $3 == "deb" ? "?arch=amd64&distro=debian-12" : "") }
      END { print line }' "$work/packages"
    printf '  ]\n}\n'
  } >"$1"
}
