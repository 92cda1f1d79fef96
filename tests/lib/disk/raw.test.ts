import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { before, type TestContext, test } from "node:test";
import { readIndex } from "../../../lib/archive/reader.ts";
import { readPartitions } from "../../../lib/disk/partitions.ts";
import { blockBytes, type DiskPlan, planDisk } from "../../../lib/disk/plan.ts";
import { rawDiskStream, writeDisk } from "../../../lib/disk/raw.ts";
import { bufferSource, fileSource, slice } from "../../../lib/disk/source.ts";
import { identityTar, readIdentity } from "../../../lib/identity/identity.ts";
import { bytesOf, missing, object, pack, pattern, run, scratch } from "../scratch.ts";
import { smallDisk } from "./disk.ts";

async function written(t: TestContext): Promise<{ path: string; plan: DiskPlan; bytes: number }> {
  const path = join(await scratch(t), "disk");
  const { plan, sources } = smallDisk();
  const file = await open(path, "w+");
  const bytes = await writeDisk(plan, sources, file);
  await file.close();
  return { path, plan, bytes };
}

let noSgdisk: string | false;
let noSfdisk: string | false;
before(async () => {
  noSgdisk = await missing("sgdisk", "gdisk");
  noSfdisk = await missing("sfdisk", "fdisk");
});

test("sgdisk finds no problem", async (t) => {
  if (noSgdisk !== false) return t.skip(noSgdisk);
  const { path } = await written(t);
  const report = await run("sgdisk", "--verify", path);
  assert.match(report, /No problems found/);
  assert.doesNotMatch(report, /warning|caution|problem:/i);
});

test("sfdisk finds no problem and reads the planned partitions", async (t) => {
  if (noSfdisk !== false) return t.skip(noSfdisk);
  const { path, plan } = await written(t);
  assert.match(await run("sfdisk", "--verify", path), /No errors detected/);
  const { partitiontable } = JSON.parse(await run("sfdisk", "--json", path));
  assert.equal(partitiontable.label, "gpt");
  assert.equal(partitiontable.id, plan.table.diskGuid);
  assert.equal(partitiontable.firstlba, 34);
  assert.equal(partitiontable.lastlba, plan.bytes / 512 - 34);
  assert.deepEqual(
    partitiontable.partitions.map(({ node: _, ...rest }: { node: string }) => rest),
    plan.table.partitions.map(({ name, typeGuid, guid, firstSector, lastSector }) => ({
      start: firstSector,
      size: lastSector - firstSector + 1,
      type: typeGuid,
      uuid: guid,
      name,
    })),
  );
});

test("holes take no room in the file, and the file is whole GiB long", async (t) => {
  const { path, plan, bytes } = await written(t);
  const { size, blocks } = await stat(path);
  assert.equal(size, plan.bytes);
  assert.equal(bytes, 8 * blockBytes);
  assert.ok(blocks * 512 <= bytes + 64 * 1024, `${blocks * 512} bytes on disk`);
});

test("writing over an older, larger disk leaves nothing of it", async (t) => {
  const { path } = await written(t);
  const used = join(await scratch(t), "used");
  await writeFile(used, Buffer.alloc(8 * 1024 * 1024, 0xff));
  const { plan, sources } = smallDisk();
  const file = await open(used, "r+");
  await writeDisk(plan, sources, file);
  const start = await fileSource(file, plan.bytes).read(0, 16 * 1024 * 1024);
  await file.close();
  const fresh = await open(path);
  assert.ok(start.equals(await fileSource(fresh, plan.bytes).read(0, start.length)));
  await fresh.close();
  assert.equal((await stat(used)).blocks, (await stat(path)).blocks);
});

test("the stream gives the same bytes as the file, zeros included", async (t) => {
  const { path } = await written(t);
  const { plan, sources } = smallDisk();
  const copy = join(await scratch(t), "copy");
  await pipeline(rawDiskStream(plan, sources), createWriteStream(copy));
  await run("cmp", path, copy);
});

test("a reader who knows only the disk finds the identity and every page", async (t) => {
  const site = await pack(t, [object("index.html", "home"), object("big.bin", pattern(2_000_000, 5))]);
  const boot = pattern(blockBytes, 9);
  const identity = identityTar({
    release: 3,
    archive: site,
    chainPem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    keyPem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
  });
  const digests = { boot: createHash("sha256").update(boot).digest("hex"), archive: site.digest };
  const plan = planDisk({ bootBytes: boot.length, identity, archiveBytes: site.bytes, digests });
  const file = await open(join(await scratch(t), "disk"), "w+");
  t.after(() => file.close());
  await writeDisk(plan, { boot: bufferSource(boot), archive: site }, file);

  const disk = fileSource(file, plan.bytes);
  const parts = new Map(
    (await readPartitions(disk)).map(({ name, offset, bytes }) => [name, slice(disk, offset, bytes)]),
  );
  const part = parts.get("identity");
  const held = parts.get("site");
  assert.ok(part !== undefined && held !== undefined);
  const found = readIdentity(await part.read(0, part.size));
  assert.deepEqual(found.archive, { digest: site.digest, bytes: site.bytes });
  const archive = slice(held, 0, found.archive.bytes);
  assert.ok((await archive.read(0, archive.size)).equals(await bytesOf(site)));
  assert.deepEqual(
    (await readIndex(archive)).entries.map(({ path }) => path),
    ["/", "/big.bin", "/index.html"],
  );
});
