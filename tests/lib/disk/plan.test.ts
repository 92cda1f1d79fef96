import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadDisk } from "../../../lib/disk/gpt.ts";
import { readPartitions } from "../../../lib/disk/partitions.ts";
import {
  blockBytes,
  type DiskContent,
  DiskTooLarge,
  DiskTooSmall,
  largestDisk,
  planDisk,
} from "../../../lib/disk/plan.ts";
import { bufferSource } from "../../../lib/disk/source.ts";
import { isRefusal } from "../../../lib/site/errors.ts";
import { diskImage } from "./disk.ts";

const gib = 1024 ** 3;
const digests = { boot: "1".repeat(64), archive: "2".repeat(64) };
const content: DiskContent = {
  bootBytes: 20 * 1024 * 1024,
  identity: Buffer.alloc(6000, 1),
  archiveBytes: 5_000_000,
  digests,
};

test("partitions follow each other on whole blocks from the second block on", () => {
  assert.deepEqual(planDisk(content).partitions, [
    { name: "boot", offset: blockBytes, bytes: 40 * blockBytes, contentBytes: 20 * 1024 * 1024 },
    { name: "identity", offset: 41 * blockBytes, bytes: blockBytes, contentBytes: 6000 },
    { name: "site", offset: 42 * blockBytes, bytes: 10 * blockBytes, contentBytes: 5_000_000 },
  ]);
});

test("whatever the sizes: whole GiB, as few as fit, no overlap, room for both tables", () => {
  const bytes = fc.integer({ min: 1, max: 3 * gib });
  fc.assert(
    fc.property(
      bytes,
      fc.integer({ min: 1, max: 2_000_000 }),
      bytes,
      (bootBytes, identityBytes, archiveBytes) => {
        const identity = Buffer.alloc(identityBytes);
        const plan = planDisk({ bootBytes, identity, archiveBytes, digests });
        let end = blockBytes;
        for (const partition of plan.partitions) {
          assert.equal(partition.offset, end);
          assert.equal(partition.bytes % blockBytes, 0);
          assert.ok(
            partition.contentBytes <= partition.bytes &&
              partition.bytes - partition.contentBytes < blockBytes,
          );
          end += partition.bytes;
        }
        assert.equal(plan.bytes, plan.volumeGiB * gib);
        assert.equal(plan.blocks, plan.bytes / blockBytes);
        assert.ok(end + blockBytes <= plan.bytes && plan.bytes - gib < end + blockBytes);
      },
    ),
  );
});

test("the last block belongs to the backup table: one byte more makes the next GiB", () => {
  const others = 3 * blockBytes;
  const most = gib - others - blockBytes;
  const small = { ...content, bootBytes: blockBytes };
  assert.equal(planDisk({ ...small, archiveBytes: most }).volumeGiB, 1);
  assert.equal(planDisk({ ...small, archiveBytes: most + 1 }).volumeGiB, 2);
  assert.equal(planDisk({ ...small, archiveBytes: most, volumeGiB: 1 }).volumeGiB, 1);
  assert.throws(
    () => planDisk({ ...small, archiveBytes: most + 1, volumeGiB: 1 }),
    (error) => {
      assert.ok(error instanceof DiskTooSmall && isRefusal(error) && error.name === "DiskTooSmall");
      assert.match(error.message, /volume of 1 GiB.*2 GiB or more/);
      return true;
    },
  );
});

test("a volume may be larger than needed, up to the limit", () => {
  assert.equal(planDisk({ ...content, volumeGiB: 16 }).bytes, largestDisk);
  for (const change of [{ volumeGiB: 17 }, { archiveBytes: largestDisk }]) {
    assert.throws(
      () => planDisk({ ...content, ...change }),
      (error) => {
        assert.ok(error instanceof DiskTooLarge && isRefusal(error) && error.name === "DiskTooLarge");
        assert.match(error.message, /17 GiB; the limit is 16 GiB/);
        return true;
      },
    );
  }
});

test("sizes that are none are a fault", () => {
  const changes: Partial<DiskContent>[] = [
    { bootBytes: 0 },
    { archiveBytes: -1 },
    { archiveBytes: 1.5 },
    { identity: Buffer.alloc(0) },
    { volumeGiB: 0 },
    { volumeGiB: 1.5 },
  ];
  for (const change of changes) assert.throws(() => planDisk({ ...content, ...change }), RangeError);
});

test("GUIDs follow the content: the disk's all of it, a partition's its own", () => {
  const guids = (change: Partial<DiskContent>): string[] => {
    const { table } = planDisk({ ...content, ...change });
    return [table.diskGuid, ...table.partitions.map(({ guid }) => guid)];
  };
  const before = guids({});
  assert.deepEqual(guids({ volumeGiB: 3 }), before);
  for (const guid of before)
    assert.match(guid, /^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/);
  assert.equal(new Set(before).size, 4);
  const changes: [number, Partial<DiskContent>][] = [
    [1, { digests: { ...digests, boot: "3".repeat(64) } }],
    [2, { identity: Buffer.alloc(6000, 2) }],
    [3, { digests: { ...digests, archive: "3".repeat(64) } }],
  ];
  for (const [changed, change] of changes) {
    const differs = guids(change).map((guid, i) => guid !== before[i]);
    assert.deepEqual(
      differs,
      [0, 1, 2, 3].map((i) => i === 0 || i === changed),
    );
  }
  const same = planDisk({ ...content, digests: { boot: digests.boot, archive: digests.boot } });
  assert.notEqual(same.table.partitions[0]?.guid, same.table.partitions[2]?.guid);
});

test("readPartitions finds what was planned", async () => {
  const { image, plan } = await diskImage();
  const partitions = await readPartitions(image);
  assert.deepEqual(
    partitions.map(({ name, offset, bytes }) => ({ name, offset, bytes })),
    plan.partitions.map(({ name, offset, bytes }) => ({ name, offset, bytes })),
  );
  assert.deepEqual(
    partitions.map(({ guid, typeGuid }) => [guid, typeGuid]),
    plan.table.partitions.map(({ guid, typeGuid }) => [guid, typeGuid]),
  );
});

test("readPartitions refuses any changed byte of either table, and disks that are none", async () => {
  const { image, plan } = await diskImage();
  const headers: [offset: number, bytes: number][] = [
    [512, 92],
    [1024, 3 * 128],
    [plan.bytes - 512, 92],
    [plan.bytes - 33 * 512, 3 * 128],
  ];
  for (const [offset, bytes] of headers) {
    for (let at = offset; at < offset + bytes; at += 1) {
      const changed = {
        size: image.size,
        read: async (from: number, length: number): Promise<Buffer> => {
          const data = Buffer.from(await image.read(from, length));
          if (at >= from && at < from + length) data[at - from] = (data[at - from] ?? 0) ^ 0x80;
          return data;
        },
      };
      await assert.rejects(readPartitions(changed), BadDisk, `byte ${at}`);
    }
  }
  await assert.rejects(readPartitions(bufferSource(Buffer.alloc(1024 * 1024))), BadDisk);
  await assert.rejects(readPartitions(bufferSource(Buffer.alloc(1000))), BadDisk);
  await assert.rejects(readPartitions({ ...image, size: plan.bytes - 512 }), BadDisk);
});
