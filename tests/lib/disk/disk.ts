import { type DiskSources, diskBlocks } from "../../../lib/disk/blocks.ts";
import { blockBytes, type DiskPlan, planDisk } from "../../../lib/disk/plan.ts";
import { bufferSource, type Source } from "../../../lib/disk/source.ts";
import { pattern } from "../scratch.ts";

/** A disk of small parts: two blocks and a bit of boot image, a little identity, `archive` as the site. */
export function smallDisk(archive = pattern(700_000, 3)): { plan: DiskPlan; sources: DiskSources } {
  const boot = pattern(2 * blockBytes + 100, 1);
  const digests = { boot: "1".repeat(64), archive: "2".repeat(64) };
  const identity = pattern(5000, 2);
  return {
    plan: planDisk({ bootBytes: boot.length, identity, archiveBytes: archive.length, digests }),
    sources: { boot: bufferSource(boot), archive: bufferSource(archive) },
  };
}

/** A small disk as a source, its holes not kept. */
export async function diskImage(): Promise<{ plan: DiskPlan; image: Source }> {
  const { plan, sources } = smallDisk();
  const blocks = new Map<number, Buffer>();
  for await (const { index, data } of diskBlocks(plan, sources)) blocks.set(index, data);
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((offset + Math.max(length, 1) - 1) / blockBytes);
    const parts: Buffer[] = [];
    for (let index = first; index <= last; index += 1)
      parts.push(blocks.get(index) ?? Buffer.alloc(blockBytes));
    const start = offset - first * blockBytes;
    return Buffer.concat(parts).subarray(start, start + length);
  };
  return { plan, image: { size: plan.bytes, read } };
}
