/* PID 1 of the machine: brings up the network and the server, and keeps them up.

   The server is a MirageOS unikernel under solo5-spt, which has the network card to itself, or the Linux
   backend with dhcpcd for its address; whichever the initramfs holds. There is no shell and no other
   program. Everything that init does is told on the console, one line each. Whatever cannot be put right by starting a
   program again is answered by a reboot: the machine has no one to ask. */
#define _GNU_SOURCE
#include "macvtap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  SERVER_USER = 1000,        /* of no one else: the server needs no rights but to read two partitions */
  DEVICE_WAIT_MS = 20000,    /* for eth0 and for the partitions, each */
  STABLE_MS = 30000,         /* a program that ran this long starts afresh in its backoff */
  MAX_BACKOFF_MS = 8000,     /* 125, 250, … 8000 ms */
  MAX_FAILURES = 10,         /* starts in a row that did not last: about 30 s, then reboot */
  STOP_MS = 6000,            /* for the server to finish its responses on power-off */
  MAX_BUTTONS = 8,
  /* Of the memory that is free, what the unikernel leaves to the kernel: page cache, frames, itself. */
  SPARE_MIB = 20,
  LEAST_MIB = 48,
  READ_BYTES = 131072,
};

static int is_mirage; /* the initramfs holds the unikernel */

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  long long ms = now_ms();
  dprintf(1, "init: [%lld.%03lld] %s\n", ms / 1000, ms % 1000, line);
}

static void pause_ms(int ms) {
  struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
  nanosleep(&t, NULL);
}

/* A step of a wait for a device: short at first, when most come, then longer. */
static void pause_until(long long limit) {
  pause_ms(limit - now_ms() > DEVICE_WAIT_MS - 2000 ? 5 : 250);
}

static void end_machine(int how) {
  sync();
  pause_ms(50); /* the console's last line */
  reboot(how);
  for (;;) pause();
}

static void give_up(const char *why) {
  say("%s: rebooting", why);
  pause_ms(1000); /* a machine that fails at once must not spin */
  end_machine(RB_AUTOBOOT);
}

static void mount_or_give_up(const char *type, const char *target, unsigned long flags, const char *data) {
  mkdir(target, 0755);
  if (mount(type, target, type, flags, data) && errno != EBUSY) {
    say("cannot mount %s: %s", target, strerror(errno));
    give_up("no file systems");
  }
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) say("cannot write %s: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
}

static void file_systems(void) {
  mount_or_give_up("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755");
  int console = open("/dev/console", O_RDWR | O_NOCTTY);
  for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
  if (console > 2) close(console);
  mount_or_give_up("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_or_give_up("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_or_give_up("tmpfs", "/run", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m");
  write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "80");
  /* The security group may drop the ICMP that path MTU discovery lives by: find black holes without it. */
  write_file("/proc/sys/net/ipv4/tcp_mtu_probing", "1");
}

/* /modules lists files in the order in which they depend on each other. Loading one whose device is
   not there does no harm. */
static void load_modules(void) {
  char path[256];
  FILE *list = fopen("/modules/list", "re");
  while (list && fgets(path, sizeof path, list)) {
    path[strcspn(path, "\n")] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
      say("cannot load %s: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
  }
  if (list) fclose(list);
}

static int interface_up(const char *name) {
  struct ifreq request = {0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
  int result = ioctl(fd, SIOCGIFFLAGS, &request);
  if (!result) {
    request.ifr_flags |= IFF_UP;
    result = ioctl(fd, SIOCSIFFLAGS, &request);
  }
  close(fd);
  return result;
}

/* The driver's own word. The kernel's link messages, for which dhcpcd would wait, come up to a second
   later (net/core/link_watch.c). */
static int has_carrier(const char *name) {
  char path[64], state = '0';
  snprintf(path, sizeof path, "/sys/class/net/%s/carrier", name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && read(fd, &state, 1) != 1) state = '0';
  if (fd >= 0) close(fd);
  return state == '1';
}

static void network(void) {
  long long limit = now_ms() + DEVICE_WAIT_MS;
  if (interface_up("lo")) say("cannot bring up lo: %s", strerror(errno));
  while (interface_up("eth0")) {
    if (now_ms() > limit) give_up("no network card (eth0)");
    pause_until(limit);
  }
  while (!has_carrier("eth0")) {
    if (now_ms() > limit) give_up("no link on eth0");
    pause_until(limit);
  }
}

/* From here on eth0 belongs to the unikernel: its addresses, its ARP, its TCP. */
static void unikernel_network(char address[18]) {
  if (plain_frames("eth0")) say("cannot set up eth0's frames: %s", strerror(errno));
  if (hardware_address("eth0", address) || make_macvtap()) {
    say("cannot make %s: %s", MACVTAP, strerror(errno));
    give_up("no network for the unikernel");
  }
  long long limit = now_ms() + DEVICE_WAIT_MS;
  while (give_macvtap(SERVER_USER)) {
    if (now_ms() > limit) give_up("no device for " MACVTAP);
    pause_until(limit);
  }
}

/* The unikernel has no other source of chance, and would make keys that can be guessed: it refuses to start
   without one of these. */
static int has_random_numbers(void) {
  char line[4096];
  int found = 0;
  FILE *file = fopen("/proc/cpuinfo", "re");
  while (file && !found && fgets(line, sizeof line, file))
    found = strncmp(line, "flags", 5) == 0 && (strstr(line, " rdrand") || strstr(line, " rdseed"));
  if (file) fclose(file);
  return found;
}

/* What the unikernel may have, in MiB: more than is free would fail at once. */
static long unikernel_memory(void) {
  long kib = 0;
  char line[128];
  FILE *file = fopen("/proc/meminfo", "re");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "MemAvailable: %ld kB", &kib) == 1) break;
  if (file) fclose(file);
  long mib = kib / 1024 - SPARE_MIB;
  if (mib < LEAST_MIB) {
    say("%ld KiB of memory are free", kib);
    give_up("too little memory");
  }
  return mib;
}

/* Finds the block device of the partition with this GPT name, and writes its path. */
static int find_partition(const char *name, char *path, size_t size) {
  char wanted[64], file[300], text[1024];
  int found = 0;
  snprintf(wanted, sizeof wanted, "\nPARTNAME=%s\n", name);
  DIR *directory = opendir("/sys/class/block");
  for (struct dirent *entry; directory && !found && (entry = readdir(directory));) {
    snprintf(file, sizeof file, "/sys/class/block/%s/uevent", entry->d_name);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[length > 0 ? length : 0] = 0;
    if (!strstr(text, wanted)) continue;
    snprintf(path, size, "/dev/%.60s", entry->d_name);
    found = access(path, R_OK) == 0;
  }
  if (directory) closedir(directory);
  return found;
}

static void await_partition(const char *name, char *path, size_t size) {
  long long limit = now_ms() + DEVICE_WAIT_MS;
  while (!find_partition(name, path, size)) {
    if (now_ms() > limit) {
      say("no partition is named %s", name);
      give_up("the disk is not ours");
    }
    pause_until(limit);
  }
  /* solo5-spt opens devices for writing too; the kernel lets nobody write to these. */
  int fd = open(path, O_RDONLY | O_CLOEXEC), read_only = 1;
  if (fd < 0 || ioctl(fd, BLKROSET, &read_only)) give_up("cannot protect the partitions");
  close(fd);
  if (chown(path, SERVER_USER, SERVER_USER) || chmod(path, is_mirage ? 0600 : 0400))
    say("cannot give %s to the server: %s", path, strerror(errno));
}

/* A program that is to run for as long as the machine does. */
struct program {
  const char *name;
  char *const *argv;
  int user; /* 0: root */
  pid_t pid;
  int failures;
  long long started, start_at; /* start_at: 0 while it runs */
};

static void start(struct program *program) {
  sigset_t none;
  program->started = now_ms();
  program->start_at = 0;
  program->pid = fork();
  if (program->pid != 0) return;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  if (program->user) {
    struct rlimit files = {8192, 8192};
    if (setrlimit(RLIMIT_NOFILE, &files) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        setresgid(program->user, program->user, program->user) ||
        setresuid(program->user, program->user, program->user))
      _exit(126);
  }
  char *const environment[] = {NULL};
  execve(program->argv[0], program->argv, environment);
  _exit(127);
}

/* Reads the site through once, slowly, in a process of its own: the blocks of a volume made from an EBS
   snapshot are fetched when first read, and a unikernel waits for a read as a whole. */
static void read_through(const char *path) {
  static char buffer[READ_BYTES];
  if (fork() != 0) return;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setresgid(SERVER_USER, SERVER_USER, SERVER_USER) || setresuid(SERVER_USER, SERVER_USER, SERVER_USER) ||
      setpriority(PRIO_PROCESS, 0, 19))
    _exit(126);
  for (;;) {
    long long before = now_ms();
    if (read(fd, buffer, sizeof buffer) <= 0) _exit(0);
    pause_ms(2 + (int)(now_ms() - before));
  }
}

static void ended(struct program *program, int status) {
  long long now = now_ms();
  program->pid = 0;
  if (now - program->started > STABLE_MS) program->failures = 0;
  if (++program->failures > MAX_FAILURES) {
    say("%s does not stay up", program->name);
    give_up("cannot serve");
  }
  int wait = 125 << (program->failures - 1);
  if (wait > MAX_BACKOFF_MS) wait = MAX_BACKOFF_MS;
  program->start_at = now + wait;
  if (WIFSIGNALED(status))
    say("%s was ended by signal %d; starting it again in %d ms", program->name, WTERMSIG(status), wait);
  else
    say("%s ended with status %d; starting it again in %d ms", program->name, WEXITSTATUS(status), wait);
}

static void power_off(struct program *server, const char *why) {
  long long limit = now_ms() + STOP_MS;
  say("%s: stopping", why);
  if (server->pid > 0) kill(server->pid, SIGTERM);
  while (server->pid > 0 && now_ms() < limit) {
    if (waitpid(server->pid, NULL, WNOHANG) == server->pid) server->pid = 0;
    pause_ms(10);
  }
  say("power off");
  end_machine(RB_POWER_OFF);
}

/* The power button, which is how EC2 asks a machine to stop, is an input device. */
static int open_buttons(struct pollfd *polls) {
  char path[64];
  int count = 0;
  for (int i = 0; i < 32 && count < MAX_BUTTONS; i++) {
    snprintf(path, sizeof path, "/dev/input/event%d", i);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) polls[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  return count;
}

static int power_pressed(int fd) {
  struct input_event event;
  int pressed = 0;
  while (read(fd, &event, sizeof event) == sizeof event)
    if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1) pressed = 1;
  return pressed;
}

static void reap(struct program *programs, int count) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    for (int i = 0; i < count; i++)
      if (programs[i].pid == pid) ended(&programs[i], status);
}

/* Starts what is due; returns how many ms may pass until the next start is (-1: none is). */
static int start_due(struct program *programs, int count) {
  int wait = -1;
  for (int i = 0; i < count; i++) {
    if (!programs[i].start_at) continue;
    long long left = programs[i].start_at - now_ms();
    if (left <= 0)
      start(&programs[i]);
    else if (wait < 0 || left < wait)
      wait = (int)left;
  }
  return wait;
}

static void supervise(struct program *programs, int count, struct program *server) {
  struct pollfd polls[MAX_BUTTONS + 1];
  sigset_t signals;
  sigfillset(&signals);
  polls[0] = (struct pollfd){.fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), .events = POLLIN};
  int total = 1 + open_buttons(polls + 1);
  if (total == 1) say("no power button");
  for (;;) {
    poll(polls, total, start_due(programs, count));
    struct signalfd_siginfo signal;
    while (read(polls[0].fd, &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGPWR || signal.ssi_signo == SIGTERM) power_off(server, "told to power off");
      if (signal.ssi_signo == SIGINT) give_up("told to reboot");
    }
    for (int i = 1; i < total; i++)
      if (power_pressed(polls[i].fd)) power_off(server, "power button");
    reap(programs, count);
  }
}

int main(void) {
  char identity[80], site[80], address[18], memory[32], network_address[64], identity_block[128], site_block[128],
      told_memory[32];
  char *const dhcp[] = {"/dhcpcd", "-B", "-f", "/etc/dhcpcd.conf", "eth0", NULL};
  char *const serve[] = {"/server", "--identity", identity, "--site", site, NULL};
  char *const unikernel[] = {
      "/solo5-spt",      memory,     "--net:service=" MACVTAP,
      network_address,   identity_block, site_block,
      "--block-sector-size:site=4096", "--", "/unikernel", "--ipv4-only=true", "--logs=*:warning",
      told_memory,       NULL,
  };
  struct program programs[] = {
      {.name = "server", .argv = serve, .user = SERVER_USER},
      {.name = "dhcpcd", .argv = dhcp},
  };
  sigset_t signals;
  sigfillset(&signals);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del becomes SIGINT */
  umask(022);
  is_mirage = access("/unikernel", R_OK) == 0;
  file_systems();
  say("up");
  if (is_mirage && !has_random_numbers()) give_up("this CPU has neither RDRAND nor RDSEED");
  load_modules();
  network();
  say("eth0 is up");
  if (is_mirage)
    unikernel_network(address);
  else
    start(&programs[1]);
  await_partition("identity", identity, sizeof identity);
  await_partition("site", site, sizeof site);
  say("identity on %s, site on %s", identity, site);
  if (is_mirage) {
    long mib = unikernel_memory();
    snprintf(memory, sizeof memory, "--mem=%ld", mib);
    snprintf(told_memory, sizeof told_memory, "--memory=%ld", mib);
    snprintf(network_address, sizeof network_address, "--net-mac:service=%s", address);
    snprintf(identity_block, sizeof identity_block, "--block:identity=%s", identity);
    snprintf(site_block, sizeof site_block, "--block:site=%s", site);
    programs[0] = (struct program){.name = "unikernel", .argv = unikernel, .user = SERVER_USER};
    say("%s for the unikernel, %ld MiB", address, mib);
    read_through(site);
  }
  start(&programs[0]);
  supervise(programs, is_mirage ? 1 : 2, &programs[0]);
}
