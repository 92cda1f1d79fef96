import { leaveRequest } from "../lib/aws/deployments.ts";
import { startExecution } from "../lib/aws/executions.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { ConditionFailed, type ObjectStore, putJson } from "../lib/objects.ts";
import { completeRecord } from "../lib/releases/committed.ts";
import { heldAfter } from "../lib/releases/hold.ts";
import { LIVE_KEY, padded, REFUSED_KEY } from "../lib/releases/object-keys.ts";
import type { Live, Reason } from "../lib/releases/records.ts";
import { readLive, readRelease, releaseOf } from "../lib/releases/stored.ts";
import { setting, siteName } from "../lib/settings.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/**
 * The commit point: the release is written as live. Retiring what it replaces is an execution of its own;
 * nothing that fails after this undoes the release.
 */
export const handler = step("commit", async ({ execution, release, ...rest }) => {
  const { archive, certificate } = rest;
  const store = stateStore();
  const opened = await releaseOf(store, execution);
  const reason = opened?.reason ?? "content";
  const live = await makeLive(store, execution, { release, reason, ...rest });
  await completeRecord(store, opened ?? { number: release }, live);
  const restored = opened !== undefined && opened.number !== release;
  // What was refused is still in the bucket, unless it is the bucket's content that is live now.
  if (reason === "content") await store.delete(REFUSED_KEY);
  const current = (await readCurrent(store))?.value;
  if (restored && current?.fingerprint !== certificate.fingerprint) await leaveRequest(store, "certificate");
  await startExecution(
    setting("RETIRE_MACHINE"),
    `retire-after-${padded(release)}-${live.since.replaceAll(/\D/g, "")}`,
    {
      release,
      drainSeconds: setting("DRAIN_SECONDS"),
    },
  );
  const url = `https://${siteName()}/`;
  const said = `Release ${release} is live${restored ? " again" : ""}: ${url} (${archive.files} files)`;
  const findings = (await readRelease(store, release))?.findings ?? [];
  const message = [said, ...origin(release, opened?.to), ...hold(live), ...notHonoured(findings)].join("\n");
  return { outcome: "live", release, url, message };
});

/**
 * Writes live.json, once: a second run, however late it comes, leaves alone what was written since the first. What was
 * read before the turn was seen to be ours is what the write replaces.
 */
async function makeLive(
  store: ObjectStore,
  execution: string,
  { reason, ...made }: Omit<Live, "since" | "held"> & { readonly reason: Reason },
): Promise<Live> {
  for (;;) {
    const before = await readLive(store);
    await assertTurn(store, execution);
    if (before?.value.release === made.release) return before.value;
    const since = new Date().toISOString();
    const held = heldAfter(before?.value, { reason, listing: made.listing, since });
    const live: Live = { ...made, since, ...(held && { held }) };
    try {
      await putJson(store, LIVE_KEY, live, before === undefined ? { absent: true } : { etag: before.etag });
      return live;
    } catch (error) {
      // Another run of this state was quicker; the next look finds what it wrote.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/** Where a release has its content from that a rollback made. */
function origin(release: number, to: number | undefined): string[] {
  return to === undefined || to === release ? [] : [`It has the content of release ${to}.`];
}

/** What a rollback means for the content that is in the bucket. */
function hold({ held }: Live): string[] {
  if (held === undefined) return [];
  return [
    `The site is held there since a rollback: the bucket still has the content of release ${held.release}, which is ` +
      "not deployed again. The next change of the bucket's content is.",
  ];
}

/** The lines that tell what of the site's own rules is not done as it is written. */
function notHonoured(findings: readonly string[]): string[] {
  if (findings.length === 0) return [];
  return [
    "Some of the site's own rules are not done as they are written:",
    ...findings.map((line) => `  ${line}`),
  ];
}
