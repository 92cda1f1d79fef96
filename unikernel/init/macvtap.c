#define _GNU_SOURCE
#include "macvtap.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  MTU = 1500,
  QUEUE = 2000, /* frames that wait for the unikernel: some milliseconds of a full link */
};

/* A netlink request under construction (rtnetlink(7)). */
struct request {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char attributes[256];
};

static struct rtattr *add(struct request *request, int type, const void *data, int length) {
  struct rtattr *attribute = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  if (length) memcpy(RTA_DATA(attribute), data, length);
  request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void end(struct request *request, struct rtattr *nested) {
  nested->rta_len = (char *)request + request->header.nlmsg_len - (char *)nested;
}

/* Sends it and waits for the kernel's answer, which comes at once. */
static int ask(struct request *request) {
  struct { struct nlmsghdr header; struct nlmsgerr error; char rest[512]; } answer = {0};
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  ssize_t length = -1;
  if (send(fd, request, request->header.nlmsg_len, 0) >= 0) length = recv(fd, &answer, sizeof answer, 0);
  close(fd);
  if (length < 0) return -1;
  if (length < (ssize_t)NLMSG_LENGTH(sizeof answer.error) || answer.header.nlmsg_type != NLMSG_ERROR) {
    errno = EPROTO;
    return -1;
  }
  errno = -answer.error.error;
  return errno ? -1 : 0;
}

static int bring_up(const char *interface) {
  struct ifreq request = {0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  int result = ioctl(fd, SIOCGIFFLAGS, &request);
  request.ifr_flags |= IFF_UP;
  if (!result) result = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return result;
}

int make_macvtap(void) {
  unsigned eth0 = if_nametoindex("eth0"), mode = MACVLAN_MODE_PASSTHRU, queue = QUEUE;
  /* The card has one address and keeps it: no need to hear frames to others. */
  unsigned short flags = MACVLAN_FLAG_NOPROMISC;
  struct request request = {
      .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
                 .nlmsg_type = RTM_NEWLINK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK},
      .link = {.ifi_family = AF_UNSPEC},
  };
  if (!eth0) return -1;
  add(&request, IFLA_IFNAME, MACVTAP, sizeof MACVTAP);
  add(&request, IFLA_LINK, &eth0, sizeof eth0);
  add(&request, IFLA_TXQLEN, &queue, sizeof queue);
  struct rtattr *information = add(&request, IFLA_LINKINFO, NULL, 0);
  add(&request, IFLA_INFO_KIND, "macvtap", sizeof "macvtap");
  struct rtattr *data = add(&request, IFLA_INFO_DATA, NULL, 0);
  add(&request, IFLA_MACVLAN_MODE, &mode, sizeof mode);
  add(&request, IFLA_MACVLAN_FLAGS, &flags, sizeof flags);
  end(&request, data);
  end(&request, information);
  return ask(&request) || bring_up(MACVTAP) ? -1 : 0;
}

int give_macvtap(int user) {
  char device[32];
  snprintf(device, sizeof device, "/dev/tap%u", if_nametoindex(MACVTAP));
  if (chown(device, user, user) || chmod(device, 0600)) return -1;
  if (mkdir("/dev/net", 0755) && errno != EEXIST) return -1;
  if (unlink("/dev/net/tun") && errno != ENOENT) return -1;
  return symlink(device, "/dev/net/tun");
}

int plain_frames(const char *interface) {
  static const unsigned commands[] = {ETHTOOL_SGRO, ETHTOOL_SGSO, ETHTOOL_STSO};
  struct ifreq request = {0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  request.ifr_mtu = MTU;
  int result = ioctl(fd, SIOCSIFMTU, &request);
  for (int i = 0; i < 3 && !result; i++) {
    struct ethtool_value off = {.cmd = commands[i]};
    request.ifr_data = (void *)&off;
    /* A card that knows no such thing has it off. */
    if (ioctl(fd, SIOCETHTOOL, &request) && errno != EOPNOTSUPP) result = -1;
  }
  close(fd);
  return result;
}

int hardware_address(const char *interface, char text[18]) {
  struct ifreq request = {0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  int result = ioctl(fd, SIOCGIFHWADDR, &request);
  const unsigned char *a = (const unsigned char *)request.ifr_hwaddr.sa_data;
  snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
  close(fd);
  return result;
}
