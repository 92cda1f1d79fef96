import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { type DiskBlock, diskBlocks, SourceMismatch } from "../../../lib/disk/blocks.ts";
import { blockBytes } from "../../../lib/disk/plan.ts";
import { bufferSource, type Source } from "../../../lib/disk/source.ts";
import { pattern } from "../scratch.ts";
import { smallDisk } from "./disk.ts";

async function all(blocks: AsyncIterable<DiskBlock>): Promise<DiskBlock[]> {
  const list: DiskBlock[] = [];
  for await (const block of blocks) list.push(block);
  return list;
}

test("blocks come in order, whole, and the last one of a partition ends in zeros", async () => {
  const { plan, sources } = smallDisk();
  const blocks = await all(diskBlocks(plan, sources));
  assert.deepEqual(
    blocks.map(({ index }) => index),
    [0, 1, 2, 3, 4, 5, 6, 2047],
  );
  for (const { data } of blocks) assert.equal(data.length, blockBytes);
  const site = Buffer.concat(blocks.slice(5, 7).map(({ data }) => data));
  assert.ok(site.subarray(0, 700_000).equals(pattern(700_000, 3)));
  assert.ok(site.subarray(700_000).equals(Buffer.alloc(2 * blockBytes - 700_000)));
});

test("no block that is all zero comes, wherever the zeros are and however long the reads", async () => {
  const runs = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
  const cut = fc.nat(blockBytes - 1);
  await fc.assert(
    fc.asyncProperty(
      runs,
      cut,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 6 }),
      async (full, off, blocks, ahead) => {
        const archive = Buffer.concat(full.map((yes) => Buffer.alloc(blockBytes, yes ? 7 : 0)));
        const bytes = archive.subarray(0, archive.length - off);
        const { plan, sources } = smallDisk(bytes);
        const got = (await all(diskBlocks(plan, sources, { blocks, ahead }))).map(({ index }) => index);
        const site = full.flatMap((yes, i) => (yes ? [5 + i] : []));
        assert.deepEqual(got, [0, 1, 2, 3, 4, ...site, 2047]);
      },
    ),
    { numRuns: 60 },
  );
});

test("a single byte at a block's end makes it come", async () => {
  const archive = Buffer.alloc(2 * blockBytes);
  archive[archive.length - 1] = 1;
  const { plan, sources } = smallDisk(archive);
  const got = (await all(diskBlocks(plan, sources))).map(({ index }) => index);
  assert.deepEqual(got, [0, 1, 2, 3, 4, 6, 2047]);
});

test("two assemblies are equal bit for bit", async () => {
  const first = smallDisk();
  const second = smallDisk();
  const a = await all(diskBlocks(first.plan, first.sources));
  const b = await all(diskBlocks(second.plan, second.sources, { blocks: 1, ahead: 1 }));
  assert.equal(a.length, b.length);
  for (const [i, { index, data }] of a.entries()) assert.ok(b[i]?.index === index && b[i]?.data.equals(data));
});

test("reads are under way while the consumer waits, and no more than asked for", async () => {
  const archive = pattern(20 * blockBytes, 1);
  const { plan, sources } = smallDisk(archive);
  let reading = 0;
  let most = 0;
  let reads = 0;
  const inner = bufferSource(archive);
  const slow: Source = {
    size: inner.size,
    async read(offset, length) {
      reading += 1;
      reads += 1;
      most = Math.max(most, reading);
      await sleep(10);
      reading -= 1;
      return inner.read(offset, length);
    },
  };
  const blocks = await all(diskBlocks(plan, { ...sources, archive: slow }, { blocks: 2, ahead: 5 }));
  assert.equal(blocks.length, 1 + 3 + 1 + 20 + 1);
  assert.equal(reads, 10);
  assert.ok(most >= 4 && most <= 6, `${most} at a time`);
});

test("a source that is not the planned size is refused before any block", async () => {
  const { plan, sources } = smallDisk();
  const other = { ...sources, archive: bufferSource(Buffer.alloc(10)) };
  await assert.rejects(diskBlocks(plan, other).next(), (error) => {
    assert.ok(error instanceof SourceMismatch);
    assert.match(error.message, /site source has 10 bytes.*700000/);
    return true;
  });
});

test("a read that fails ends it with its error; a consumer that leaves meets none", async () => {
  const { plan, sources } = smallDisk();
  const broken: Source = {
    size: 700_000,
    read: async () => {
      await sleep(1);
      throw new Error("told by the test");
    },
  };
  await assert.rejects(all(diskBlocks(plan, { ...sources, archive: broken })), /told by the test/);
  for await (const { index } of diskBlocks(plan, { ...sources, archive: broken })) {
    assert.equal(index, 0);
    break;
  }
  await sleep(20);
});

test("a read that gives fewer bytes than asked for is not taken for the disk", async () => {
  const { plan, sources } = smallDisk();
  const short: Source = { size: 700_000, read: async () => Buffer.alloc(10, 1) };
  await assert.rejects(all(diskBlocks(plan, { ...sources, archive: short })), { name: "ShortRead" });
});
