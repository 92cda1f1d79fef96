import { type ChildProcess, spawn } from "node:child_process";
import { access } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { type Accelerator, accelerator } from "./accelerator.ts";
import { ConsoleFile } from "./console-file.ts";
import { Gate } from "./gate.ts";
import {
  type Ending,
  type GuestPort,
  type Machine,
  type MachineKind,
  type MachineSpec,
  MachineUnavailable,
} from "./machine.ts";
import { Monitor } from "./qmp.ts";

/** Where Debian, Fedora and Arch keep UEFI firmware for QEMU: code, and the store of variables beside it. */
const firmwares = [
  ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"],
  ["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"],
  ["/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"],
  ["/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"],
] as const;

/** How long QEMU may take to set a machine up before it runs, in ms. */
const startLimit = 20_000;

/** Machines that are QEMU guests: UEFI firmware, an NVMe disk, one network card, as on EC2's Nitro. */
export const qemu: MachineKind = { start };

async function start(spec: MachineSpec): Promise<Machine> {
  const [firmware, variables] = await findFirmware();
  const parameters = qemuArguments(spec, firmware, variables, await accelerator());
  // The kernel kills QEMU when this process ends in whatever way; Ctrl-C at the keyboard is not for it.
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...parameters], {
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const [commands, replies, complaints, serial] = child.stdio as unknown as [
    Writable,
    Readable,
    Readable,
    Readable,
  ];
  const consoleFile = await ConsoleFile.open(spec.console);
  serial.on("data", (chunk: Buffer) => void consoleFile.append(chunk).catch(() => {}));
  serial.on("error", () => {});
  const said: Buffer[] = [];
  complaints.on("data", (chunk: Buffer) => said.push(chunk));
  const monitor = new Monitor(replies, commands);
  const ended = endOf(child, monitor, said);
  try {
    const ports = await withLimit(negotiate(monitor), ended, spec.id);
    return new QemuMachine(child, monitor, ports, ended);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function findFirmware(): Promise<readonly [string, string]> {
  for (const pair of firmwares) {
    const found = await Promise.all(
      pair.map((file) =>
        access(file).then(
          () => true,
          () => false,
        ),
      ),
    );
    if (found.every(Boolean)) return pair;
  }
  throw new MachineUnavailable(
    "There is no UEFI firmware for QEMU on this computer. Install it: apt-get install ovmf (Debian, Ubuntu).",
  );
}

/** QEMU's arguments for a machine, without the program's name. */
function qemuArguments(spec: MachineSpec, firmware: string, variables: string, accel: Accelerator): string[] {
  const netdev = [
    "user",
    "id=net",
    "ipv6=off",
    // Nothing leaves the guest, as its security group says; forwarded ports work all the same.
    "restrict=on",
    "hostfwd=tcp:127.0.0.1:0-:80",
    "hostfwd=tcp:127.0.0.1:0-:443",
  ];
  return [
    ...["-name", spec.id, "-nodefaults", "-no-user-config", "-display", "none"],
    ...[
      "-machine",
      "q35",
      "-accel",
      accel === "tcg" ? "tcg,thread=multi" : accel,
      "-cpu",
      "max",
      "-smp",
      "1",
      "-m",
      String(spec.memoryMiB),
    ],
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${escaped(firmware)}`],
    ...["-drive", `if=pflash,unit=1,format=raw,snapshot=on,file=${escaped(variables)}`],
    ...["-drive", `if=none,id=root,format=raw,discard=unmap,file=${escaped(spec.volume)}`],
    ...["-device", `nvme,drive=root,serial=${spec.id},bootindex=0`],
    ...["-netdev", netdev.join(",")],
    ...["-device", `virtio-net-pci,netdev=net,mac=${spec.macAddress},romfile=`],
    ...["-device", "virtio-rng-pci"],
    ...["-chardev", "socket,id=serial,fd=3", "-serial", "chardev:serial"],
    ...["-chardev", "stdio,id=monitor,signal=off", "-mon", "chardev=monitor,mode=control"],
  ];
}

// A comma ends an option's value in QEMU's arguments unless it is doubled.
function escaped(file: string): string {
  return file.replaceAll(",", ",,");
}

async function negotiate(monitor: Monitor): Promise<Record<GuestPort, number>> {
  await monitor.run("qmp_capabilities");
  const table = await monitor.run("human-monitor-command", { "command-line": "info usernet" });
  const ports = new Map<number, number>();
  for (const [, host, guest] of String(table).matchAll(/HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)/g)) {
    ports.set(Number(guest), Number(host));
  }
  const [http, https] = [ports.get(80), ports.get(443)];
  if (!http || !https) throw new MachineUnavailable(`QEMU does not forward ports. It said: ${table}`);
  return { 80: http, 443: https };
}

function endOf(child: ChildProcess, monitor: Monitor, said: Buffer[]): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const program = error.code === "ENOENT" ? "setpriv (package util-linux)" : "QEMU";
      resolve({ cause: "died", detail: `${program} cannot be started: ${error.message}` });
    });
    child.once("close", (code, signal) => {
      const poweredOff = code === 0 && monitor.saw("SHUTDOWN");
      const words = Buffer.concat(said).toString().trim();
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      resolve(
        poweredOff
          ? { cause: "power-off", detail: "the guest powered off" }
          : { cause: "died", detail: `QEMU ended with ${how}${words && `: ${words}`}` },
      );
    });
  });
}

async function withLimit<T>(work: Promise<T>, ended: Promise<Ending>, id: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    const text = `QEMU did not set up ${id} within ${startLimit / 1000} s.`;
    timer = setTimeout(() => reject(new MachineUnavailable(text)), startLimit);
  });
  const gone = ended.then((ending) => {
    const advice = "Is QEMU installed? apt-get install qemu-system-x86 (Debian, Ubuntu).";
    throw new MachineUnavailable(`The machine ${id} did not start: ${ending.detail}. ${advice}`);
  });
  // The monitor fails at the same moment as QEMU does; what QEMU said explains more.
  const answered = work.catch(async (error: unknown) => {
    if (error instanceof MachineUnavailable) throw error;
    return await gone;
  });
  try {
    return await Promise.race([answered, gone, limit]);
  } finally {
    clearTimeout(timer);
    gone.catch(() => {});
  }
}

class QemuMachine implements Machine {
  readonly pid: number | undefined;
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #monitor: Monitor;
  readonly #gate: Gate;

  constructor(
    child: ChildProcess,
    monitor: Monitor,
    ports: Record<GuestPort, number>,
    ended: Promise<Ending>,
  ) {
    this.#child = child;
    this.#monitor = monitor;
    this.pid = child.pid;
    this.#gate = new Gate(monitor, ports);
    this.ended = ended;
  }

  connect(port: GuestPort): Promise<Socket> {
    return this.#gate.connect(port);
  }

  async pressPowerButton(): Promise<void> {
    await this.#monitor.run("system_powerdown").catch(() => {});
  }

  async reset(): Promise<void> {
    await this.#monitor.run("system_reset").catch(() => {});
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
