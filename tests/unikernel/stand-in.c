/* Stands for the server and for solo5-spt in the tests of init: tells what it was given, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void try_tap(void) {
  char target[64] = "";
  struct ifreq request = {.ifr_name = "macvtap0", .ifr_flags = IFF_TAP | IFF_NO_PI};
  int fd = open("/dev/net/tun", O_RDWR);
  if (readlink("/dev/net/tun", target, sizeof target - 1) < 0) return;
  int attached = fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0;
  printf("stand-in: tun is %.8s, %s\n", target, attached ? "attached" : strerror(errno));
}

static void try_card(void) {
  static const struct { const char *name; unsigned command; } merging[] = {
      {"GRO", ETHTOOL_GGRO}, {"GSO", ETHTOOL_GGSO}, {"TSO", ETHTOOL_GTSO}};
  struct ifreq request = {.ifr_name = "eth0"};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(fd, SIOCGIFMTU, &request)) return;
  printf("stand-in: eth0 has MTU %d", request.ifr_mtu);
  for (int i = 0; i < 3; i++) {
    struct ethtool_value value = {.cmd = merging[i].command};
    request.ifr_data = (void *)&value;
    printf(", %s %s", merging[i].name, ioctl(fd, SIOCETHTOOL, &request) ? "unknown" : value.data ? "on" : "off");
  }
  printf("\n");
}

/* Devices are named by arguments that end in a path. */
static void try_device(const char *argument) {
  const char *path = strstr(argument, "/dev/");
  if (!path) return;
  char byte = 0;
  int fd = open(path, O_RDWR);
  if (fd < 0) fd = open(path, O_RDONLY);
  printf("stand-in: %s: read %zd", path, read(fd, &byte, 1));
  printf(", write %s\n", pwrite(fd, &byte, 1, 0) == 1 ? "done" : "refused");
}

int main(int count, char **arguments) {
  printf("stand-in:");
  for (int i = 0; i < count; i++) printf(" %s", arguments[i]);
  printf("\nstand-in: user %d\n", (int)getuid());
  for (int i = 1; i < count; i++) try_device(arguments[i]);
  try_tap();
  try_card();
  return 3;
}
