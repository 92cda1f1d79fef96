# One EFI program out of kernel, initramfs and command line, on systemd's stub.

command_line="console=ttyS0 quiet loglevel=4 panic=10 random.trust_cpu=on ipv6.disable=1 audit=0 apparmor=0"

# Rounds up to a page.
page_align() { echo $((($1 + 4095) / 4096 * 4096)); }

make_efi_program() {
  printf '%s' "$command_line" >"$work/cmdline"
  # After the stub's own sections, one after the other: hardly larger in memory than on disk. A later
  # section may not overlap an earlier one, or the stub would read the wrong bytes.
  base=$((0x$(objdump -p "$stub" | awk '$1 == "ImageBase" { print $2 }')))
  size=$((0x$(objdump -p "$stub" | awk '$1 == "SizeOfImage" { print $2 }')))
  end=$((base + size))
  cmdline_at=$(page_align "$end")
  linux_at=$(page_align $((cmdline_at + $(wc -c <"$work/cmdline"))))
  initrd_at=$(page_align $((linux_at + $(wc -c <"$kernel"))))
  # --preserve-dates: else the time of the build goes into the header.
  objcopy --preserve-dates \
    --add-section .cmdline="$work/cmdline" --change-section-vma .cmdline="$cmdline_at" \
    --add-section .linux="$kernel" --change-section-vma .linux="$linux_at" \
    --add-section .initrd="$work/initramfs" --change-section-vma .initrd="$initrd_at" \
    "$stub" "$1"
}
