import { objectSize, objectStore, uploadObject } from "../lib/aws/bucket.ts";
import { writeSnapshot } from "../lib/aws/direct.ts";
import { importImage, importSnapshot } from "../lib/aws/imports.ts";
import { openDisk, rawDiskKey } from "../lib/disk/assemble.ts";
import { setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/**
 * Assembles the disk (boot partition, identity, archive) and brings it to EC2: block by block into a
 * snapshot (`direct`), or as a raw file that ImportSnapshot or ImportImage reads (`snapshot`, `image`).
 */
export const handler = step("start-import", async ({ execution, release, archive, boot, certificate }) => {
  const bucket = setting("STATE_BUCKET");
  const store = objectStore(bucket);
  const mode = setting("IMPORT_MODE");
  const disk = await openDisk(store, bucket, { release, archive, boot, certificate });
  await assertTurn(store, execution);
  const { diskBytes } = disk;
  const startedAt = new Date().toISOString();
  if (mode === "direct") {
    const { snapshotId, writtenBytes } = await writeSnapshot(release, disk.volumeGiB, disk.blocks());
    return { mode, importId: snapshotId, diskBytes, writtenBytes, startedAt };
  }
  const key = rawDiskKey(release);
  if ((await objectSize(bucket, key)) !== diskBytes) {
    await uploadObject(bucket, key, disk.raw(), "application/octet-stream");
    // That took minutes, in which another run of this step may have failed and the turn gone on.
    await assertTurn(store, execution);
  }
  const importId = await (mode === "snapshot" ? importSnapshot : importImage)(release, key);
  return { mode, importId, diskBytes, writtenBytes: diskBytes, startedAt };
});
