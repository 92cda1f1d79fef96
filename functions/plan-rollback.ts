import { describeMachine } from "../lib/aws/machines.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { NothingToDeploy } from "../lib/errors.ts";
import { getJson, type ObjectStore } from "../lib/objects.ts";
import { changesSince } from "../lib/releases/changes.ts";
import { readPackRecord } from "../lib/releases/kept-archive.ts";
import type { Changes, Live } from "../lib/releases/records.ts";
import { isAllThatIsKept } from "../lib/releases/retention.ts";
import { isValidFor, type Kept, rollbackSchema, rollbackTarget } from "../lib/releases/rollback.ts";
import { openRelease, readLive, readReleases } from "../lib/releases/stored.ts";
import { certificateNames, setting } from "../lib/settings.ts";
import { step } from "../lib/step.ts";

/**
 * Decides how to go back to a kept release: with its own machine, which proves the release's number, if that is
 * there and its certificate is still good for the site; else with its archive and boot partition and the current
 * certificate, as a new release. The content bucket is not read.
 */
export const handler = step("plan-rollback", async ({ execution, request }) => {
  const store = stateStore();
  const to = (await getJson(store, request.key, rollbackSchema))?.value.to;
  if (to === undefined) return { action: "nothing", message: "The rollback was withdrawn." };
  const live = (await readLive(store))?.value;
  if (live === undefined) {
    throw new NothingToDeploy("There is no release to go back from yet; upload a site first.");
  }
  const keep = setting("KEEP_RELEASES");
  const releases = await readReleases(store, (some) => isAllThatIsKept({ live, releases: some, keep }));
  const past = { live, releases, keep };
  const target = rollbackTarget(past, to);
  if (target === undefined) {
    const message =
      to === live.release
        ? `Release ${to} is live already.`
        : `Release ${live.release} serves what release ${to} did.`;
    return { action: "nothing", message };
  }
  const startedAt = new Date().toISOString();
  const changes = await changesBetween(store, live, target.archive.digest);
  const opened = { execution, reason: "rollback", to, startedAt, ...(changes && { changes }) } as const;
  const { number } = await openRelease(store, opened);
  const certificate = (await readCurrent(store))?.value ?? live.certificate;
  const { listing, archive, boot } = target;
  const planned = { release: number, pack: false, listing, archive, boot, certificate };
  const instanceId = await machineOf(target);
  if (instanceId === undefined) {
    const message = `Release ${number} with the content of release ${to}, from its archive`;
    return { action: "deploy", message, ...planned };
  }
  const kept = {
    release: to,
    instanceId,
    image: target.image,
    certificate: target.certificate,
    since: startedAt,
  };
  return { action: "restore", message: `Release ${to} again, with its own machine`, ...planned, kept };
});

/** What the rollback changes; undefined when it is not known of what one of the two was packed. */
async function changesBetween(store: ObjectStore, live: Live, digest: string): Promise<Changes | undefined> {
  const before = await readPackRecord(store, live.archive.digest);
  const after = before && (await readPackRecord(store, digest));
  return after && changesSince(live.release, before, after);
}

/** The kept machine of a release, if it may serve the site today. */
async function machineOf({ number, instanceId, certificate }: Kept): Promise<string | undefined> {
  if (instanceId === undefined || !isValidFor(certificate, certificateNames(), Date.now())) return undefined;
  const machine = await describeMachine(instanceId);
  if (machine === undefined || !machine.own || machine.release !== number) return undefined;
  return ["pending", "running", "stopping", "stopped"].includes(machine.state) ? instanceId : undefined;
}
