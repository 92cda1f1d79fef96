# A FAT file system that holds the one EFI program and hardly a byte more.

make_fat_image() {
  program=$1
  image=$2
  # 2 % and 64 KiB for the file system itself; a whole number of 512 KiB, as partitions are.
  bytes=$(wc -c <"$program")
  blocks=$(((bytes + bytes / 50 + 65536 + 524287) / 524288))
  rm -f "$image"
  truncate -s $((blocks * 524288)) "$image"
  mformat -i "$image" -T $((blocks * 1024)) -h 64 -s 32 -H 0 -c 8 -N 4d495241 -v BOOT ::
  touch -d @315532800 "$program"
  mmd -i "$image" ::/EFI ::/EFI/BOOT
  mcopy -m -i "$image" "$program" ::/EFI/BOOT/BOOTX64.EFI
}
