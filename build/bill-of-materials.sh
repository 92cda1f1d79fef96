# What is in the image, by Debian and opam package: boot.json for our own records, sbom.json in CycloneDX,
# with the digest of every file.

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

sha256() { sha256sum <"$1" | cut -d ' ' -f 1; }

# "<package> <version> deb <digest> <file>" of each of them. With a merged /usr, dpkg may know a file by
# either path.
debian_files() {
  image_files | sort -u | while read -r file; do
    case $file in /usr/lib/*) other=${file#/usr} ;; *) other=/usr$file ;; esac
    owner=$(dpkg -S "$file" 2>/dev/null || dpkg -S "$other" 2>/dev/null || echo "unowned")
    package=${owner%%:*}
    known=$(dpkg-query -W -f '${Version}' "$package:amd64" 2>/dev/null ||
      dpkg-query -W -f '${Version}' "$package" 2>/dev/null || true)
    echo "$package ${known:-none} deb $(sha256 "$file") $file"
  done | sort
}

# "<digest> <file>" of what in the image is no Debian package's: our programs, their settings.
own_files() {
  printf '%s %s\n' "$(sha256 "$work/cmdline")" .cmdline
  (cd "$work/root" && find . -type f | sort | while read -r file; do
    digest_of_file=$(sha256 "$file")
    grep -q " deb $digest_of_file " "$work/files" || echo "$digest_of_file ${file#.}"
  done)
}

# "<package> <version> deb", and of opam's, as build/mirage.sh wrote them, "<package> <version> opam".
image_packages() {
  cut -d ' ' -f 1-3 "$work/files" | sort -u
  [ "$backend" = linux ] || cat "$output/opam-packages"
}

write_boot_json() {
  debian_files >"$work/files"
  if unowned=$(grep '^unowned' "$work/files"); then
    echo "bill-of-materials: no Debian package owns: $unowned" >&2
    exit 1
  fi
  image_packages >"$work/packages"
  digest=$(sha256 "$output/boot.img")
  {
    printf '{\n  "digest": "%s",\n  "bytes": %d,\n' "$digest" "$(wc -c <"$output/boot.img")"
    printf '  "backend": "%s",\n  "kernel": "%s",\n  "packages": {\n' "$backend" "$version"
    awk 'NR > 1 { print line "," } { line = sprintf("    \"%s/%s\": \"%s\"", $3, $1, $2) } END { print line }' "$work/packages"
    printf '  }\n}\n'
  } >"$1"
}

# What says of a component that it is h2, or of h2's, as build/toolchain.sh has changed it.
h2_pedigree() {
  printf '"pedigree": { "patches": [{ "type": "unofficial", "diff": { "text": { "content": "'
  sed 's/[\\"]/\\&/g; s/\t/\\t/g; s/$/\\n/' "$output/h2.diff" | tr -d '\n'
  printf '" } } }], "notes": "Changed by fit_h2 of build/toolchain.sh: its tables begin small." }'
}

# Components: our own files, each package with its files in the image, each source archive that was compiled.
write_sbom() {
  own_files >"$work/own"
  if [ "$backend" = mirage ]; then
    cp "$output/opam-sources" "$work/sources"
    [ ! -s "$output/h2.diff" ] || h2_pedigree >"$work/pedigree"
  fi
  touch "$work/sources" "$work/pedigree"
  {
    printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n'
    awk -v image="$digest" -v own="$work/own" -v files="$work/files" -v packages="$work/packages" \
      -v sources="$work/sources" -v pedigree="$work/pedigree" '
      function hashes(algorithm, digest) {
        return "\"hashes\": [{ \"alg\": \"" algorithm "\", \"content\": \"" digest "\" }]"
      }
      function file(name, digest) {
        return "{ \"type\": \"file\", \"name\": \"" name "\", " hashes("SHA-256", digest) " }"
      }
      function joined(list, one) { return list (list == "" ? "" : ",") "\n    " one }
      function changed(name) { return patched != "" && name ~ /^(ocaml-h2|h2|hpack)$/ ? ", " patched : "" }
      function nested(list) { return list == "" ? "" : ", \"components\": [" list "]" }
      BEGIN {
        getline patched <pedigree
        while ((getline <own) > 0) parts = joined(parts, file($2, $1))
        while ((getline <files) > 0) of[$1] = joined(of[$1], "  " file($5, $4))
        printf "  \"metadata\": { \"component\": { \"type\": \"firmware\", \"name\": \"mirage-pages-boot\", "
        printf "\"version\": \"%s\", %s%s } },\n", image, hashes("SHA-256", image), nested(parts)
        while ((getline <packages) > 0) {
          purl = $2; gsub(/\+/, "%2B", purl); gsub(/:/, "%3A", purl)
          purl = ($3 == "deb" ? "deb/debian/" : "opam/") $1 "@" purl ($3 == "deb" ? "?arch=amd64&distro=debian-12" : "")
          all = joined(all, sprintf("{ \"type\": \"library\", \"name\": \"%s\", \"version\": \"%s\", \"purl\": \"pkg:%s\"%s }", \
            $1, $2, purl, $3 == "deb" ? nested(of[$1]) : changed($1)))
        }
        while ((getline <sources) > 0)
          all = joined(all, sprintf("{ \"type\": \"file\", \"name\": \"%s\", \"externalReferences\": " \
            "[{ \"type\": \"distribution\", \"url\": \"%s\", %s }]%s }", $1, $2, hashes($3, $4), changed($1)))
        printf "  \"components\": [%s\n  ]\n}\n", all
      }'
  } >"$1"
}
