import { randomUUID } from "node:crypto";
import { addressHolder } from "../lib/aws/address.ts";
import { abortUpload, openUploads } from "../lib/aws/bucket.ts";
import { goRound, turnWorld } from "../lib/aws/deployments.ts";
import { listImages, listSnapshots, removeImage, removeSnapshot } from "../lib/aws/images.ts";
import { endImports } from "../lib/aws/imports.ts";
import { listMachines, stopMachines, terminateMachines } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import type { Output } from "../lib/contracts.ts";
import { TurnBusy } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/objects.ts";
import { completeRecord, isCommitted } from "../lib/releases/committed.ts";
import type { Live, Release } from "../lib/releases/records.ts";
import { isAllThatIsKept, planRetirement, RETIRED_PREFIXES } from "../lib/releases/retention.ts";
import { readLive, readReleases, updateRelease } from "../lib/releases/stored.ts";
import { setting } from "../lib/settings.ts";
import { ABANDONED_UPLOAD_MS } from "../lib/site/settled.ts";
import { step } from "../lib/step.ts";
import { releaseTurn, takeTurn } from "../lib/turn.ts";

const NOTHING = {
  stopped: [],
  terminated: [],
  images: [],
  snapshots: [],
  objects: [],
  abandoned: [],
  uploads: [],
};
/** What functions upload in parts. */
const UPLOADED_PREFIXES = ["archives/", "imports/"];
const ABANDONED = {
  error: "Abandoned",
  cause: "Its execution was stopped, or died, before it could take back what it had done; the sweep did.",
};

/**
 * Stops the machines that were replaced, and removes what the kept releases do not need: after the drain of a release
 * that has gone live, and every hour, as the sweep of what an execution that died has left. Takes a turn of its own
 * for this moment, so that no deployment or rollback works on the same machines.
 */
export const handler = step("retire", async ({ execution, drainSeconds }) => {
  const world = turnWorld();
  const run = randomUUID();
  const turn = await takeTurn(world, execution, run);
  if (!turn.taken) {
    const who = turn.owner === execution ? `another run of ${execution}` : `a deployment (${turn.owner})`;
    throw new TurnBusy(`There is ${who} that has the turn; retiring waits for it.`);
  }
  try {
    return await retire(drainSeconds);
  } finally {
    if ((await releaseTurn(world.store, execution, run)).length > 0) await goRound(run);
  }
});

async function retire(drainSeconds: number): Promise<Output<"retire">> {
  const store = stateStore();
  const live = (await readLive(store))?.value;
  // After another commit its own retirement comes, once what that one replaced has drained.
  if (live !== undefined && Date.now() < Date.parse(live.since) + drainSeconds * 1000) return NOTHING;
  const releases = await completedReleases(store, live);
  const imported = await endImports();
  const leaving = planRetirement({
    live,
    releases,
    machines: await listMachines(),
    images: await listImages(undefined, imported),
    snapshots: await listSnapshots(undefined, imported),
    objects: await keysBelow(store, RETIRED_PREFIXES),
    certificate: (await readCurrent(store))?.value.serial,
    addressHolder: await addressHolder(),
    keep: setting("KEEP_RELEASES"),
  });
  await stopMachines(leaving.stopped);
  await terminateMachines(leaving.terminated);
  for (const imageId of leaving.images) await removeImage(imageId);
  for (const snapshotId of leaving.snapshots) await removeSnapshot(snapshotId);
  for (const key of leaving.objects) await store.delete(key);
  const uploads = await endUploads();
  for (const number of leaving.abandoned) {
    await updateRelease(store, number, {
      status: "failed",
      endedAt: new Date().toISOString(),
      failure: ABANDONED,
    });
  }
  return { ...leaving, uploads };
}

/** The records of the releases. One that was committed by an execution which died before it wrote so is completed. */
async function completedReleases(store: ObjectStore, live: Live | undefined): Promise<Release[]> {
  const keep = setting("KEEP_RELEASES");
  const read = () => readReleases(store, (some) => isAllThatIsKept({ live, releases: some, keep }));
  const releases = await read();
  const committed = releases.filter((one) => one.status === "preparing" && isCommitted(one, live));
  if (live === undefined || committed.length === 0) return releases;
  for (const opened of committed) await completeRecord(store, opened, live);
  return read();
}

/** Ends what a function that was killed had begun to upload in parts: none runs for so long. Returns the keys. */
async function endUploads(): Promise<string[]> {
  const bucket = setting("STATE_BUCKET");
  const ended: string[] = [];
  for (const prefix of UPLOADED_PREFIXES) {
    for (const upload of await openUploads(bucket, prefix)) {
      if (Date.now() - upload.begun <= ABANDONED_UPLOAD_MS) continue;
      await abortUpload(bucket, upload);
      ended.push(upload.key);
    }
  }
  return ended;
}

/** Every key below these prefixes, one list after the other. */
async function keysBelow(store: ObjectStore, prefixes: readonly string[]): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of prefixes) keys.push(...(await store.list(prefix)));
  return keys;
}
