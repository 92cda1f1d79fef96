import { misledNames } from "../lib/acme/reach.ts";
import { addressHolder } from "../lib/aws/address.ts";
import { isEmptyBucket } from "../lib/aws/bucket.ts";
import { deploy, workOff } from "../lib/aws/deployments.ts";
import { executionLife, startExecution } from "../lib/aws/executions.ts";
import { describeMachine } from "../lib/aws/machines.ts";
import { proberOf } from "../lib/aws/probing.ts";
import { stateStore } from "../lib/aws/state-store.ts";
import { hoursLeft } from "../lib/certificates/due.ts";
import { lookDue, readNext } from "../lib/certificates/next.ts";
import { causeText } from "../lib/errors.ts";
import { tellMetrics } from "../lib/metrics.ts";
import { getJson, type ObjectStore, putJson } from "../lib/objects.ts";
import { HEALTH_KEY, type Health, healthSchema, judge } from "../lib/probe/health.ts";
import { contentListing } from "../lib/releases/content-listing.ts";
import { isContentDue } from "../lib/releases/hold.ts";
import { REFUSED_KEY } from "../lib/releases/object-keys.ts";
import { type Live, refusedSchema } from "../lib/releases/records.ts";
import { readLive } from "../lib/releases/stored.ts";
import { certificateNames, setting } from "../lib/settings.ts";
import { handlerChain, oneLogLine, transientFaults } from "../lib/step.ts";
import { REQUESTS_PREFIX, turnHolder } from "../lib/turn.ts";

/** A look at the live machine, not a full probe: identity, redirect and a few paths. */
const LOOKED_AT_PATHS = 5;
/** How long after its drain a machine is surely retired. */
const DRAINED_SECONDS = 600;

export interface Reconciled {
  readonly did: string;
}

/**
 * Runs on a schedule and whenever an instance changes its state: takes up requests that nobody works off,
 * has a dead machine replaced, and asks for a deployment when the bucket holds something else than what is
 * live. It only ever writes requests; a deployment does the rest. When nothing is to be done it has swept, once an
 * hour, what executions that died have left. The certificate has a machine of its own, which
 * is started between its regular runs when something is due.
 */
export const handler = handlerChain<unknown, Reconciled>()
  .use(oneLogLine("reconcile"))
  .use(transientFaults())
  .handler(async () => {
    const store = stateStore();
    await lookAtCertificate(store);
    return { did: await reconcile(store) };
  });

/** Tells how long the certificate that visitors see is valid, and starts the certificate machine when it is due. */
async function lookAtCertificate(store: ObjectStore): Promise<void> {
  const live = (await readLive(store))?.value;
  if (live === undefined) return;
  tellMetrics({ CertificateHoursLeft: hoursLeft(live.certificate, Date.now()) });
  const next = await readNext(store);
  const due = lookDue(next, certificateNames(), Date.now());
  if (due === undefined || (next?.waiting && (await misledNames(certificateNames())).length > 0)) return;
  await startExecution(setting("CERTIFICATE_MACHINE"), due, { why: "reconcile" });
}

async function reconcile(store: ObjectStore): Promise<string> {
  const holder = await turnHolder(store);
  if (holder !== undefined && (await executionLife(holder.owner)).running)
    return "nothing: a deployment is under way";
  if ((await store.list(REQUESTS_PREFIX)).length > 0 || holder !== undefined) {
    await workOff("orphaned");
    return "started a deployment for a request that nobody worked off";
  }
  const live = (await readLive(store))?.value;
  const state = live && (await examine(store, live));
  if (state === "replaced") return `asked for a new machine instead of ${live?.instanceId}`;
  if (await contentWaits(store, live)) {
    await deploy("content");
    return "asked for a deployment of the bucket's content";
  }
  if (state === "dead") {
    return `nothing yet: a new machine instead of ${live?.instanceId} was asked for a short while ago, in vain`;
  }
  await sweep(live);
  return "nothing: what is live is what should be";
}

/** Once an hour, unless a release is so young that its predecessor may still drain: its own retiring sweeps too. */
async function sweep(live: Live | undefined): Promise<void> {
  const age = Date.now() - Date.parse(live?.since ?? "1970");
  if (age < (setting("DRAIN_SECONDS") + DRAINED_SECONDS) * 1000) return;
  const hour = new Date().toISOString().slice(0, 13);
  await startExecution(setting("RETIRE_MACHINE"), `sweep-${hour}`, { drainSeconds: 0 });
}

/** Looks at the live machine and asks for another one where it is dead; "dead": it is not time to ask again yet. */
async function examine(store: ObjectStore, live: Live): Promise<"alive" | "dead" | "replaced"> {
  const before = (await getJson(store, HEALTH_KEY, healthSchema))?.value;
  const { health, dead, replace } = judge(live.instanceId, await look(live), before, Date.now());
  if (replace) await deploy("replace");
  await putJson(store, HEALTH_KEY, health);
  return replace ? "replaced" : dead ? "dead" : "alive";
}

async function look(live: Live): Promise<Health["seen"]> {
  const state = (await describeMachine(live.instanceId))?.state ?? "gone";
  if (state !== "running" && state !== "pending")
    return { answers: false, final: true, reason: `it is ${state}` };
  try {
    if ((await addressHolder()) !== live.instanceId)
      return { answers: false, final: true, reason: "it lost the address" };
    await proberOf(live)(setting("SITE_ADDRESS"), LOOKED_AT_PATHS);
    return { answers: true };
  } catch (error) {
    return { answers: false, final: false, reason: causeText(error) };
  }
}

/** Whether the bucket lists something that should be live. */
async function contentWaits(store: ObjectStore, live: Live | undefined): Promise<boolean> {
  const bucket = setting("CONTENT_BUCKET");
  if (live === undefined && (await isEmptyBucket(bucket))) return false;
  const listing = await contentListing(bucket);
  const refused = (await getJson(store, REFUSED_KEY, refusedSchema))?.value;
  return isContentDue(listing, live, refused, Date.now());
}
