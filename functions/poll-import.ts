import { snapshotProgress } from "../lib/aws/direct.ts";
import { type ImportProgress, imageTask, snapshotTask } from "../lib/aws/imports.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import type { Input } from "../lib/contracts.ts";
import { rawDiskKey } from "../lib/disk/assemble.ts";
import { ImportFailed } from "../lib/errors.ts";
import { lookPatiently } from "../lib/patience.ts";
import { step } from "../lib/step.ts";

/** The slowest import reported took 18 minutes; after this the task is given up. */
export const LIMIT_MS = 60 * 60 * 1000;

/** Looks how far the import is; when it has ended, its raw disk is removed from the bucket. */
export const handler = step("poll-import", async ({ release, mode, importId, startedAt }) => {
  const task = await lookPatiently(
    () => progressOf(mode, importId),
    ({ done }) => done,
  );
  if (task.done && mode !== "direct") await stateStore().delete(rawDiskKey(release));
  if (!task.done && Date.now() - Date.parse(startedAt) > LIMIT_MS) {
    throw new ImportFailed(
      `The import ${importId} had not ended after an hour (${task.progress || "no progress told"}); deploy again.`,
    );
  }
  return task;
});

async function progressOf(mode: Input<"poll-import">["mode"], importId: string): Promise<ImportProgress> {
  if (mode === "snapshot") return snapshotTask(importId);
  if (mode === "image") return imageTask(importId);
  return { ...(await snapshotProgress(importId)), snapshotId: importId };
}
