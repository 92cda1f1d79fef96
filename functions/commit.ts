import { objectStore } from "../lib/aws/bucket.ts";
import { leaveRequest } from "../lib/aws/deployments.ts";
import { startExecution } from "../lib/aws/executions.ts";
import { readCurrent } from "../lib/certificates/current.ts";
import { heldAfter } from "../lib/hold.ts";
import { putJson } from "../lib/objects.ts";
import {
  LIVE_KEY,
  type Live,
  padded,
  REFUSED_KEY,
  readLive,
  readRelease,
  releaseOf,
  updateRelease,
} from "../lib/records.ts";
import { setting, siteName } from "../lib/settings.ts";
import { step } from "../lib/step.ts";
import { assertTurn } from "../lib/turn.ts";

/**
 * The commit point: the release is written as live. Retiring what it replaces is an execution of its own;
 * nothing that fails after this undoes the release.
 */
export const handler = step("commit", async (input) => {
  const { execution, release, listing, archive, boot, certificate, image, instanceId } = input;
  const store = objectStore(setting("STATE_BUCKET"));
  await assertTurn(store, execution);
  const before = await readLive(store);
  // A rollback that brought a kept machine back has a record, and a number, beside the release's own.
  const opened = await releaseOf(store, execution);
  const reason = opened?.reason ?? "content";
  const again = before?.value.release === release;
  const since = again ? before.value.since : new Date().toISOString();
  const held = again ? before.value.held : heldAfter(before?.value, { reason, listing, since });
  const made = { listing, archive, boot, certificate, image, instanceId };
  const live: Live = { release, since, ...made, ...(held && { held }) };
  await putJson(store, LIVE_KEY, live, before === undefined ? { absent: true } : { etag: before.etag });
  const restored = opened !== undefined && opened.number !== release;
  if (restored) await updateRelease(store, opened.number, { status: "restored", endedAt: since });
  else await updateRelease(store, release, { status: "live", endedAt: since, ...made });
  // What was refused is still in the bucket, unless it is the bucket's content that is live now.
  if (reason === "content") await store.delete(REFUSED_KEY);
  const current = (await readCurrent(store))?.value;
  if (restored && current?.fingerprint !== certificate.fingerprint) await leaveRequest(store, "certificate");
  await startExecution(
    setting("RETIRE_MACHINE"),
    `retire-after-${padded(release)}-${since.replaceAll(/\D/g, "")}`,
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
