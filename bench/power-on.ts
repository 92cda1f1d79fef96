import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";
import { copySparse } from "../local/ec2/disks.ts";
import type { Machine } from "../local/machines/machine.ts";
import { qemu } from "../local/machines/qemu.ts";
import { median } from "./table.ts";

const RUNS = 5;
const LIMIT_MS = 60_000;
/** Tried from the smallest on. */
const MEMORIES = [128, 136, 144, 160, 192];

/** Boots the disk of the last release by itself: median time to the first 200, and the least memory it takes. */
export async function powerOn(data: string, folder: string): Promise<{ seconds: number; memoryMiB: number }> {
  const volumes = join(data, "ec2/volumes");
  const [name = ""] = (await readdir(volumes)).filter((file) => file.endsWith(".raw"));
  const volume = join(folder, "volume.raw");
  await copySparse(join(volumes, name), volume);
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run += 1) seconds.push((await boot(volume, folder, 512)) ?? Number.NaN);
  let memoryMiB = Number.NaN;
  for (const memory of MEMORIES) {
    if ((await boot(volume, folder, memory, 25_000)) === undefined) continue;
    memoryMiB = memory;
    break;
  }
  return { seconds: median(seconds), memoryMiB };
}

async function boot(
  volume: string,
  folder: string,
  memoryMiB: number,
  limitMs = LIMIT_MS,
): Promise<number | undefined> {
  const begun = performance.now();
  const machine = await qemu.start({
    id: `bench-${memoryMiB}`,
    volume,
    memoryMiB,
    console: join(folder, "console"),
    macAddress: "06:00:00:00:00:01",
  });
  try {
    while (performance.now() - begun < limitMs) {
      if (await answers200(machine)) return (performance.now() - begun) / 1000;
      await pause(50);
    }
    return undefined;
  } finally {
    await machine.kill();
  }
}

async function answers200(machine: Machine): Promise<boolean> {
  const socket = await machine.connect(443).catch(() => undefined);
  if (socket === undefined) return false;
  return new Promise((resolve) => {
    const tls = connect({ socket, rejectUnauthorized: false });
    const end = (good: boolean) => {
      tls.destroy();
      socket.destroy();
      resolve(good);
    };
    tls.setTimeout(2_000, () => end(false));
    tls.on("error", () => end(false));
    tls.on("close", () => end(false));
    tls.once("data", (data: Buffer) => end(data.toString("latin1").startsWith("HTTP/1.1 200")));
    tls.write("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
  });
}
