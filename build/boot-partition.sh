#!/bin/sh
# Makes the boot partition: kernel, initramfs and command line in one EFI program on a FAT file system.
# Equal inputs give equal bytes. Writes boot.img, boot.json and sbom.json to $BUILD_OUTPUT.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
output=$(cd "${BUILD_OUTPUT:-$here/../build-output}" && pwd)
backend=${MIRAGE_PAGES_BACKEND:-linux}
export SOURCE_DATE_EPOCH=315532800 TZ=UTC LC_ALL=C

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

kernel=$(ls /boot/vmlinuz-*-cloud-amd64 | sort -V | tail -1)
version=${kernel#/boot/vmlinuz-}
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub

. "$here/initramfs.sh"
. "$here/efi-program.sh"
. "$here/fat-image.sh"
. "$here/bill-of-materials.sh"

echo "boot-partition: Linux $version"
make_initramfs "$work/root" "$work/initramfs"
make_efi_program "$work/BOOTX64.EFI"
make_fat_image "$work/BOOTX64.EFI" "$output/boot.img"
write_boot_json "$output/boot.json"
write_sbom "$output/sbom.json"
echo "boot-partition: $(wc -c <"$output/boot.img") bytes in $output/boot.img"
