import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { packFixture, writeFixtureDisk } from "./fixtures.ts";

/**
 * Init on a kernel of its own, with a program in the server's place that ends at once. The guest's clock jumps
 * over what it sleeps through, so that a minute of waiting takes a second.
 */
const root = resolve(import.meta.dirname, "../..");
const limitMs = 120_000;

let directory: string;
const path = (name: string) => join(directory, name);

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-init-"));
  const fixture = await packFixture({ directory, files: { "index.html": "x" } });
  await writeFixtureDisk(fixture, Buffer.alloc(524_288), path("disk"));
  const source = join(import.meta.dirname, "stand-in.c");
  await run("gcc", ["-static", "-O1", "-o", path("solo5-spt"), source]);
  await run("cp", [path("solo5-spt"), path("mirage-pages-linux")]);
  await writeFile(path("mirage-pages.spt"), "the unikernel\n");
  await makeInitramfs("mirage");
  await makeInitramfs("linux");
});

after(() => rm(directory, { recursive: true, force: true }));

const run = (program: string, args: readonly string[]) => promisify(execFile)(program, args, { cwd: root });

/** The initramfs that the build makes for a backend, of the programs here. */
async function makeInitramfs(backend: "linux" | "mirage"): Promise<void> {
  const script = `
    here=$PWD/build output=$1 work=$1/${backend} backend=${backend}
    mkdir -p "$work"
    kernel=$(ls /boot/vmlinuz-*-cloud-amd64 | sort -V | tail -1)
    version=\${kernel#/boot/vmlinuz-}
    . build/initramfs.sh
    make_initramfs "$work/root" "$work/initramfs"
    ln -s "$kernel" "$work/kernel"`;
  await run("sh", ["-euc", script, "sh", directory]);
}

/** Runs the machine until it reboots; everything on its console. */
async function untilReboot(
  backend: "linux" | "mirage",
  devices: readonly string[],
  { memory = "192M", cpu = "max" } = {},
): Promise<string> {
  const machine = spawn(
    "qemu-system-x86_64",
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-m", memory],
      ...["-accel", "tcg,thread=single", "-cpu", cpu, "-smp", "1", "-icount", "shift=1,sleep=off"],
      ...["-no-reboot", "-serial", `file:${path("console")}`],
      ...["-kernel", path(`${backend}/kernel`), "-initrd", path(`${backend}/initramfs`)],
      ...["-append", "console=ttyS0 quiet loglevel=4 panic=10 random.trust_cpu=on ipv6.disable=1"],
      ...devices,
    ],
    { stdio: "ignore" },
  );
  const timer = setTimeout(() => machine.kill("SIGKILL"), limitMs);
  const [, signal] = await once(machine, "exit");
  clearTimeout(timer);
  const console = await readFile(path("console"), "utf8");
  assert.equal(signal, null, `The machine did not reboot:\n${console}`);
  return console.replaceAll("\r", "");
}

const disk = () => [
  ...["-drive", `if=none,id=disk,format=raw,snapshot=on,file=${path("disk")}`],
  ...["-device", "nvme,drive=disk,serial=vol0"],
];
const network = [
  "-netdev",
  "user,id=net",
  "-device",
  // As large frames as EC2's, which the unikernel could not take.
  "virtio-net-pci,netdev=net,romfile=,mac=52:54:00:aa:bb:cc,host_mtu=9001",
];
const waits = (console: string, program: string) =>
  [
    ...console.matchAll(new RegExp(`${program} ended with status 3; starting it again in (\\d+) ms`, "g")),
  ].map(([, ms]) => Number(ms));
const backoff = [125, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000, 8000];

test("a unikernel that does not stay up is started again, later and later, then the machine reboots", async (t) => {
  const console = await untilReboot("mirage", [...disk(), ...network]);
  assert.deepEqual(waits(console, "unikernel"), backoff);
  assert.match(console, /unikernel does not stay up\n.*cannot serve: rebooting/);
  assert.equal(console.match(/stand-in: \/solo5-spt/g)?.length, 11);

  await t.test("it gets the card's address, its partitions read-only, and the memory there is", () => {
    const given =
      /stand-in: \/solo5-spt --mem=(\d+) --net:service=macvtap0 --net-mac:service=52:54:00:aa:bb:cc --block:identity=\/dev\/nvme0n1p2 --block:site=\/dev\/nvme0n1p3 --block-sector-size:site=4096 -- \/unikernel --ipv4-only=true --logs=\*:warning --memory=(\d+)\n/;
    const [, memory, told] = given.exec(console) ?? assert.fail(console);
    assert.ok(Number(memory) > 80 && Number(memory) < 160, memory);
    assert.equal(told, memory);
    assert.match(console, /stand-in: user 1000\n/);
    assert.match(console, /nvme0n1p2: read 1, write refused\n/);
    assert.match(console, /nvme0n1p3: read 1, write refused\n/);
    assert.match(console, /stand-in: eth0 has MTU 1500, GRO off, GSO off, TSO off\n/);
    assert.match(console, /stand-in: tun is \/dev\/tap, attached\n/);
  });
});

test("the Linux server is started again in the same way", async () => {
  const console = await untilReboot("linux", [...disk(), ...network]);
  assert.deepEqual(waits(console, "server"), backoff);
  assert.match(console, /stand-in: \/server --identity \/dev\/nvme0n1p2 --site \/dev\/nvme0n1p3\n/);
  assert.match(console, /nvme0n1p3: read 1, write refused\n/);
});

test("a machine without a network card says so and reboots", async () => {
  assert.match(await untilReboot("mirage", disk()), /no network card \(eth0\): rebooting/);
});

test("a machine without our disk says so and reboots", async () => {
  const console = await untilReboot("mirage", network);
  assert.match(console, /no partition is named identity\n.*the disk is not ours: rebooting/);
});

test("a machine with too little memory for a unikernel says so and reboots", async () => {
  const console = await untilReboot("mirage", [...disk(), ...network], { memory: "112M" });
  assert.match(console, /\d+ KiB of memory are free\n.*too little memory: rebooting/);
});

test("a machine without random numbers of its own does not start a unikernel", async () => {
  const console = await untilReboot("mirage", [], { cpu: "max,-rdrand,-rdseed" });
  assert.match(console, /this CPU has neither RDRAND nor RDSEED: rebooting/);
  assert.doesNotMatch(console, /stand-in/);
});
