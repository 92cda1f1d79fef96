# The machine's root file system: init, the kernel modules, and either the unikernel with its tender
# solo5-spt, or the Linux server with its DHCP client.

# Copies a program with the shared libraries that it names, and remembers what was copied.
copy_with_libraries() {
  install -D -m 755 "$1" "$2"
  echo "$1" >>"$work/copied"
  ldd "$1" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
    install -D -m 755 "$(readlink -f "$library")" "$root$library"
    echo "$library" >>"$work/copied"
  done
}

# Modules in an order in which each one's needs stand before it, signatures kept.
copy_modules() {
  mkdir -p "$root/modules"
  for module in virtio_pci virtio_net ena button evdev "$@"; do
    modprobe -S "$version" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
  done | awk '!seen[$0]++' | while read -r file; do
    install -m 644 "$file" "$root/modules/"
    echo "$file" >>"$work/copied"
    echo "/modules/$(basename "$file")" >>"$root/modules/list"
  done
}

unikernel_files() {
  install -m 755 "$output/mirage-pages.spt" "$root/unikernel"
  copy_with_libraries "$output/solo5-spt" "$root/solo5-spt"
  copy_modules tap macvtap
}

linux_files() {
  mkdir -p "$root/var/lib/dhcpcd" "$root/usr/lib/dhcpcd"
  install -m 755 "$output/mirage-pages-linux" "$root/server"
  copy_with_libraries /usr/sbin/dhcpcd "$root/dhcpcd"
  install -D -m 644 -t "$root/etc" "$here/../unikernel/init/dhcpcd.conf" "$here/../unikernel/init/passwd"
  copy_modules
}

make_initramfs() {
  root=$1
  mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run"
  gcc -static -Os -s -Wl,--build-id=none -Wall -Wextra -Werror -o "$root/init" "$here"/../unikernel/init/*.c
  case $backend in
    mirage) unikernel_files ;;
    linux) linux_files ;;
  esac
  find "$root" -exec touch -h -d @0 {} +
  # Sorted, with fixed owners and inode numbers; one thread, for the same bytes everywhere.
  (cd "$root" && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0) |
    zstd -q -19 --single-thread >"$2"
}
