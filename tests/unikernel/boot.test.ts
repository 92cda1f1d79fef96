import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "./built.ts";
import { type PackedFixture, packFixture, writeFixtureDisk } from "./fixtures.ts";
import { type Answer, ask, freePort } from "./server.ts";

const bootLimitMs = 60_000;
/** OVMF and the EFI stub of the kernel want 144 MiB to start it; what runs then needs far less. */
const memory = "160M";

let directory: string;
let fixture: PackedFixture;
let machine: ChildProcess | undefined;
let ports: { http: number; https: number };
const path = (name: string) => join(directory, name);

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "unikernel-boot-"));
  const { bootImage } = await build();
  const files = { "index.html": "<h1>Booted</h1>\n", "large.bin": Buffer.alloc(5_000_000, 1) };
  fixture = await packFixture({ directory, files });
  await writeFixtureDisk(fixture, await readFile(bootImage), path("disk"));
  ports = { http: await freePort(), https: await freePort() };
});

after(async () => {
  if (machine !== undefined && machine.exitCode === null) {
    machine.kill("SIGKILL");
    await once(machine, "exit");
  }
  await rm(directory, { recursive: true, force: true });
});

test("the disk boots and answers by HTTPS", { timeout: bootLimitMs + 10_000 }, async (t) => {
  const start = Date.now();
  machine = await powerOn();
  const answer = await firstAnswer(start + bootLimitMs);
  t.diagnostic(`power-on to first 200: ${((Date.now() - start) / 1_000).toFixed(1)} s`);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.toString(), `{"release":7,"archive":"${fixture.digest}"}\n`);
  const moved = await ask(ports.http, "/x", { headers: { host: "example.org" } });
  assert.deepEqual([moved.status, moved.headers.location], [301, "https://example.org/x"]);
});

test("the machine sends large files to many at once in little memory", { timeout: 120_000 }, async () => {
  const trust = fixture.certificate;
  const download = () => ask(ports.https, "/large.bin", { trust, patience: 60_000 });
  for (const { body } of await Promise.all(Array.from({ length: 16 }, download))) {
    assert.equal(body.length, 5_000_000);
  }
  assert.doesNotMatch(await readFile(path("console"), "utf8"), /Out of memory|ended/);
});

test("the power button turns it off cleanly", { timeout: 30_000 }, async () => {
  assert.ok(machine);
  const monitor = connect(path("monitor"));
  await once(monitor, "connect");
  const ended = once(machine, "exit");
  monitor.write("system_powerdown\n");
  assert.deepEqual(await ended, [0, null]);
  monitor.destroy();
  const console = await readFile(path("console"), "utf8");
  assert.match(console, /power button: stopping.*mirage-pages: stopped.*power off/s);
});

async function powerOn(): Promise<ChildProcess> {
  const firmware = "/usr/share/OVMF";
  await copyFile(`${firmware}/OVMF_VARS_4M.fd`, path("variables"));
  const forward = `hostfwd=tcp:127.0.0.1:${ports.https}-:443,hostfwd=tcp:127.0.0.1:${ports.http}-:80`;
  const code = `if=pflash,format=raw,unit=0,readonly=on,file=${firmware}/OVMF_CODE_4M.fd`;
  return spawn(
    "qemu-system-x86_64",
    [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-m", memory],
      ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1"],
      ...["-serial", `file:${path("console")}`, "-monitor", `unix:${path("monitor")},server=on,wait=off`],
      ...["-drive", code, "-drive", `if=pflash,format=raw,unit=1,file=${path("variables")}`],
      ...["-drive", `if=none,id=disk,format=raw,file=${path("disk")}`],
      ...["-device", "nvme,drive=disk,serial=vol0,bootindex=0"],
      ...["-netdev", `user,id=net,${forward}`, "-device", "virtio-net-pci,netdev=net,romfile="],
    ],
    { stdio: "ignore", detached: true },
  );
}

/** Asks until the machine answers. QEMU accepts connections from the start, so that each try needs a limit. */
async function firstAnswer(limit: number): Promise<Answer> {
  for (;;) {
    const request = ask(ports.https, "/.well-known/mirage-pages", { trust: fixture.certificate });
    const answer = await Promise.race([request.catch(() => undefined), sleep(1_000)]);
    if (answer !== undefined) return answer;
    if (Date.now() > limit) {
      throw new Error(
        `The machine does not answer. Its console:\n${await readFile(path("console"), "utf8")}`,
      );
    }
    await sleep(50);
  }
}
