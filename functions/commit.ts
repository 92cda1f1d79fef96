import { objectStore } from "../lib/aws/bucket.ts";
import { startExecution } from "../lib/aws/executions.ts";
import { putJson } from "../lib/objects.ts";
import {
  LIVE_KEY,
  type Live,
  padded,
  REFUSED_KEY,
  readLive,
  readRelease,
  updateRelease,
} from "../lib/records.ts";
import { setting } from "../lib/settings.ts";
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
  const since = before?.value.release === release ? before.value.since : new Date().toISOString();
  const live: Live = { release, since, listing, archive, boot, certificate, image, instanceId };
  await putJson(store, LIVE_KEY, live, before === undefined ? { absent: true } : { etag: before.etag });
  await updateRelease(store, release, {
    status: "live",
    endedAt: since,
    listing,
    archive,
    boot,
    certificate,
    image,
    instanceId,
  });
  await store.delete(REFUSED_KEY);
  await startExecution(
    setting("RETIRE_MACHINE"),
    `retire-after-${padded(release)}-${since.replaceAll(/\D/g, "")}`,
    {
      release,
      drainSeconds: setting("DRAIN_SECONDS"),
    },
  );
  const url = `https://${setting("SITE_NAMES")[0] ?? setting("SITE_ADDRESS")}/`;
  const said = `Release ${release} is live: ${url} (${archive.files} files)`;
  const findings = (await readRelease(store, release))?.findings ?? [];
  return { outcome: "live", release, url, message: [said, ...notHonoured(findings)].join("\n") };
});

/** The lines that tell what of the site's own rules is not done as it is written. */
function notHonoured(findings: readonly string[]): string[] {
  if (findings.length === 0) return [];
  return [
    "Some of the site's own rules are not done as they are written:",
    ...findings.map((line) => `  ${line}`),
  ];
}
