import assert from "node:assert/strict";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { PackObject } from "../../../lib/archive/spool.ts";
import { type PackedSite, packSite } from "../../../lib/archive/writer.ts";
import { type DiskBlock, diskBlocks } from "../../../lib/disk/blocks.ts";
import { planDisk } from "../../../lib/disk/plan.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { pattern, scratch } from "../scratch.ts";

const mib = 1024 * 1024;

/** A body as the network gives it: each piece a buffer of its own. */
function large(key: string, size: number): PackObject {
  const piece = pattern(64 * 1024, key.length);
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < size; at += piece.length) yield Buffer.from(piece.subarray(0, size - at));
  };
  const open = async () => ({ body: Readable.from(pieces(), { objectMode: false }) });
  return { key, size, modified: 0, open };
}

/** Takes blocks as EBS direct does: `workers` writes in flight, each a few milliseconds long. */
async function consume(blocks: AsyncGenerator<DiskBlock, void, void>, workers: number): Promise<number> {
  let bytes = 0;
  const worker = async (): Promise<void> => {
    for (let step = await blocks.next(); !step.done; step = await blocks.next()) {
      await sleep(3);
      bytes += step.value.data.length;
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return bytes;
}

async function assemble(spoolPath: string, files: number): Promise<number> {
  const objects = Array.from({ length: files }, (_, i) => large(`${i}.bin`, 25 * mib));
  const site: PackedSite = await packSite({ objects, spoolPath });
  const boot = bufferSource(pattern(mib, 1));
  const digests = { boot: "1".repeat(64), archive: site.digest };
  const plan = planDisk({
    bootBytes: mib,
    identity: Buffer.alloc(4096, 1),
    archiveBytes: site.bytes,
    digests,
  });
  const bytes = await consume(diskBlocks(plan, { boot, archive: site }), 24);
  await site.close();
  return bytes;
}

test("memory does not grow with the site: 300 MiB packed and assembled like 50 MiB", async (t) => {
  const spoolPath = join(await scratch(t), "spool");
  let most = 0;
  const sampler = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  t.after(() => clearInterval(sampler));
  await assemble(spoolPath, 2);
  const small = most;
  const bytes = await assemble(spoolPath, 12);
  const growth = (most - small) / mib;
  t.diagnostic(
    `${bytes / mib} MiB of blocks; RSS ${Math.round(small / mib)} MiB, then ${Math.round(growth)} MiB more`,
  );
  assert.ok(bytes >= 300 * mib);
  assert.ok(growth < 130, `RSS grew by ${growth} MiB`);
});
