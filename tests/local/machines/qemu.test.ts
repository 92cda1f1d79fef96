import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { accelerator } from "../../../local/machines/accelerator.ts";
import { eventually } from "../ec2/cloud.ts";

const script = `
import { qemu } from ${JSON.stringify(path.join(import.meta.dirname, "../../../local/machines/qemu.ts"))};
const [volume, console] = process.argv.slice(1);
const machine = await qemu.start({ id: "i-test", volume, console, memoryMiB: 128, macAddress: "02:00:00:00:00:09" });
process.stdout.write(machine.pid + "\\n");
`;

async function state(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return stat === "" ? "gone" : (/\) (\w)/.exec(stat)?.[1] ?? "?");
}

test("a machine dies with the process that started it, even when that is killed", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "mirage-pages-qemu-"));
  try {
    const volume = path.join(directory, "disk.raw");
    await writeFile(volume, "");
    await truncate(volume, 64 * 1024 * 1024);
    const parameters = [
      "--input-type=module-typescript",
      "-e",
      script,
      volume,
      path.join(directory, "console"),
    ];
    const cloud = spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await new Promise<string[]>((resolve) => {
      createInterface({ input: cloud.stdout }).once("line", (text) => resolve([text]));
    });
    const pid = Number(line);
    assert.match(await state(pid), /^[SR]$/);
    cloud.kill("SIGKILL");
    await eventually(
      () => state(pid),
      (now) => now === "gone" || now === "Z",
      5000,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test("the accelerator is found out within a second or so, and only once", async () => {
  // QEMU must be there at all, or the verdict would be about its absence.
  await promisify(execFile)("qemu-system-x86_64", ["--version"]);
  const began = Date.now();
  const first = await accelerator();
  assert.ok(Date.now() - began < 3000);
  assert.match(first, /^(kvm|tcg)$/);
  const again = Date.now();
  assert.equal(await accelerator(), first);
  assert.ok(Date.now() - again < 50);
});
