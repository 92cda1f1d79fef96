import { addressHolder, moveAddress } from "../lib/aws/address.ts";
import { listImages, listSnapshots, removeImage, removeSnapshot } from "../lib/aws/images.ts";
import { endImports } from "../lib/aws/imports.ts";
import {
  consoleOutput,
  describeMachine,
  listMachines,
  type Machine,
  stopMachines,
  terminateMachines,
} from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { rawDiskKey } from "../lib/disk/assemble.ts";
import { causeText } from "../lib/errors.ts";
import { messageOf } from "../lib/failure.ts";
import { getJson, type ObjectStore, putJson } from "../lib/objects.ts";
import { completeRecord, isCommitted } from "../lib/releases/committed.ts";
import { consoleKey, REFUSED_KEY } from "../lib/releases/object-keys.ts";
import { refusedSchema } from "../lib/releases/records.ts";
import { readLive, releaseOf, updateRelease } from "../lib/releases/stored.ts";
import { refusalNames } from "../lib/site/errors.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/**
 * Takes back whatever the failed deployment did: the address goes back to the live machine, the release's
 * machine, image, snapshot and import go. What there is to take back is found by the release's tag, so it
 * does not matter how far the deployment came. A kept machine that a rollback started is stopped again. A release
 * that was committed stays.
 */
export const handler = step("undo", async ({ execution, listing, failure }) => {
  const store = stateStore();
  const told = { error: failure.Error, cause: messageOf(failure.Cause) };
  await assertTurn(store, execution);
  const release = await releaseOf(store, execution);
  const live = (await readLive(store))?.value;
  if (release !== undefined && live !== undefined && isCommitted(release, live)) {
    await completeRecord(store, release, live);
    const message =
      `Release ${live.release} is live, but what follows a release could not be done: ${told.error}: ${told.cause}\n\n` +
      "The site serves it. The sweep, which runs every hour, does the rest.";
    return { outcome: "live", release: live.release, message };
  }
  if (live !== undefined) await giveAddressBack(live.instanceId);
  if (release !== undefined) {
    if (release.to !== undefined) await stopAgain(release.to, release.startedAt);
    await removeRelease(store, release.number);
    await store.delete(rawDiskKey(release.number));
    await updateRelease(store, release.number, {
      status: "failed",
      endedAt: new Date().toISOString(),
      failure: told,
    });
  }
  if (listing !== null) await rememberRefusal(store, listing, told);
  return {
    outcome: "failed",
    ...told,
    message: `${told.error}: ${told.cause}\n\nThe live site is as it was${live === undefined ? ": there is none yet" : ""}.`,
    release: release?.number ?? null,
  };
});

/**
 * Only when it was moved: by the failed deployment, or by one that was stopped before it committed and that the failed
 * one took over from. A live machine that is gone is reconcile's to replace.
 */
async function giveAddressBack(instanceId: string): Promise<void> {
  if ((await addressHolder()) === instanceId) return;
  const state = (await describeMachine(instanceId))?.state;
  if (state === "running" || state === "stopped") await moveAddress(instanceId);
}

/** The machine of the release that a rollback was to go to; one that ran before still drains. */
async function stopAgain(release: number, since: string): Promise<void> {
  // EC2 tells whole seconds.
  const from = Math.floor(Date.parse(since) / 1000) * 1000;
  const started = (await listMachines(release)).filter(
    ({ state, launchedAt }) => ["pending", "running"].includes(state) && launchedAt.getTime() >= from,
  );
  await stopMachines(started.map(({ instanceId }) => instanceId));
}

async function removeRelease(store: ObjectStore, release: number): Promise<void> {
  const machines = await listMachines(release);
  await keepConsoles(store, machines);
  await terminateMachines(machines.map(({ instanceId }) => instanceId));
  const imported = await endImports(release);
  for (const { imageId } of await listImages(release, imported)) await removeImage(imageId);
  for (const { snapshotId } of await listSnapshots(release, imported)) await removeSnapshot(snapshotId);
}

/** The consoles are all that is left of machines. Taking back what failed is more urgent: no fault here stops it. */
async function keepConsoles(store: ObjectStore, machines: readonly Machine[]): Promise<void> {
  for (const { instanceId, release, attempt } of machines) {
    try {
      await store.put(consoleKey(release, attempt), await consoleOutput(instanceId));
    } catch (error) {
      console.log(JSON.stringify({ console: "not kept", instanceId, cause: causeText(error) }));
    }
  }
}

async function rememberRefusal(store: ObjectStore, listing: string, told: { error: string; cause: string }) {
  const before = (await getJson(store, REFUSED_KEY, refusedSchema))?.value;
  const times = before?.listing === listing ? before.times + 1 : 1;
  const content = refusalNames.includes(told.error);
  await putJson(store, REFUSED_KEY, { listing, ...told, at: new Date().toISOString(), times, content });
}
