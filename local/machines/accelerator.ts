import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export type Accelerator = "kvm" | "tcg";

let verdict: Promise<Accelerator> | undefined;

/** The accelerator to run guests with. Found out once in a process, within a second; then remembered. */
export function accelerator(): Promise<Accelerator> {
  verdict ??= kvmRunsGuests("qemu-system-x86_64", 1000).then((works) => (works ? "kvm" : "tcg"));
  return verdict;
}

/**
 * Whether KVM really runs guest code here: a machine with firmware must get through it to our boot sector
 * within `limit` ms. An open /dev/kvm proves nothing: on some hosts guests hang, or crawl slower than software
 * emulation, which needs 0.15 s for this.
 */
async function kvmRunsGuests(qemu: string, limit: number): Promise<boolean> {
  const directory = await mkdtemp(path.join(tmpdir(), "mirage-pages-kvm-"));
  try {
    const disk = path.join(directory, "disk.img");
    await writeFile(disk, bootSector());
    return (await exitCode(qemu, kvmArguments(disk), limit)) === guestSaidSo;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const exitPort = 0xf4;
const exitValue = 0x10;
// QEMU's isa-debug-exit ends with (value << 1) | 1.
const guestSaidSo = (exitValue << 1) | 1;

// mov al, exitValue; out exitPort, al; hlt; jmp to hlt
function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xb0, exitValue, 0xe6, exitPort, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function kvmArguments(disk: string): string[] {
  return [
    ...["-accel", "kvm", "-machine", "pc", "-m", "64", "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-drive", `file=${disk.replaceAll(",", ",,")},format=raw,if=ide`],
    ...["-device", `isa-debug-exit,iobase=${exitPort},iosize=1`],
  ];
}

function exitCode(program: string, parameters: string[], limit: number): Promise<number | null> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: "ignore", timeout: limit, killSignal: "SIGKILL" });
    child.once("error", () => resolve(null));
    child.once("exit", (code) => resolve(code));
  });
}
