import { certificateSchema, type Refused, refusedSchema } from "../../../lib/releases/records.ts";
import { certificateNames } from "../../../lib/settings.ts";
import { listingDigest } from "../../../lib/site/listing.ts";
import { contentOf, MARKER_KEY } from "../../../lib/site/settled.ts";
import { CONTENT_BUCKET, STATE_BUCKET, type World } from "../world.ts";
import { keptOf } from "./kept.ts";
import { ownerOf } from "./turn.ts";

/**
 * Why a history is not at rest yet; empty when it is. At rest the live release equals the bucket's content, or a
 * refusal of just this content was notified; and nothing outlives its use: no instance, image, snapshot, volume,
 * upload, build, request or lock, and of the archives only those that retention keeps.
 */
export function restless(world: World): string[] {
  const atWork = [
    ...world.executions.filter(({ status }) => status === "RUNNING").map(({ name }) => `${name} is running`),
    ...(world.underWay > 0 ? [`${world.underWay} events are being worked off`] : []),
    ...(world.queue.pending > 0 ? [`${world.queue.pending} messages wait`] : []),
    ...(ownerOf(world) === undefined ? [] : [`${ownerOf(world)} has the turn`]),
    ...keysBelow(world, "requests/").map((key) => `${key} waits`),
  ];
  return atWork.length > 0
    ? atWork
    : [
        ...[contentProblems, recordProblems, certificateProblems, machineProblems, leftovers].flatMap(
          (problemsOf) => problemsOf(world),
        ),
      ];
}

const keysBelow = (world: World, prefix: string) => world.stateKeys().filter((key) => key.startsWith(prefix));

function contentProblems(world: World): string[] {
  const keys = world.objects.keys(CONTENT_BUCKET);
  const listing = listingOf(world);
  const live = world.live();
  if (live?.listing === listing || (live === undefined && keys.length === 0)) return [];
  const refused = refusedOf(world);
  if (refused?.listing === listing && isHopeless(world)) return [];
  // A rollback holds the site against what the bucket had by then, whether that was live or had failed.
  const { held } = live ?? {};
  if (held?.listing === listing) return [];
  if (held !== undefined && refused?.listing === listing && refused.at < held.since) return [];
  return [
    `the bucket's listing is ${listing.slice(0, 8)}, live is ${live?.listing.slice(0, 8)}` +
      (refused === undefined ? "" : `, ${refused.listing.slice(0, 8)} failed with ${refused.error}`),
  ];
}

/** The digest of what the content bucket lists. */
export function listingOf({ objects }: World): string {
  const listed = objects.keys(CONTENT_BUCKET).map((key) => {
    const { size, etag, lastModified } = objects.object(CONTENT_BUCKET, key);
    return { key, size, etag, lastModified: new Date(lastModified).toISOString() };
  });
  return listingDigest(contentOf(listed));
}

/** The last content that could not be made live. */
export function refusedOf(world: World): Refused | undefined {
  const text = world.stateText("refused.json");
  return text === undefined ? undefined : refusedSchema.parse(JSON.parse(text));
}

/** Whether no deployment of what the bucket holds can succeed. */
function isHopeless(world: World): boolean {
  return !canBeSite(world.objects.keys(CONTENT_BUCKET), world) || world.choices.importMode === "image";
}

/** Whether reconcile goes on trying what the bucket holds: it failed, and the content is not to blame. */
export function isTriedAgain(world: World): boolean {
  const refused = refusedOf(world);
  return refused?.listing === listingOf(world) && !refused.content;
}

/** Whether a site can be made of these keys, as far as the simulated people ever write others. */
function canBeSite(keys: readonly string[], { choices }: World): boolean {
  const files = keys.filter((key) => key !== MARKER_KEY);
  if (files.length === 0) return choices.allowEmpty;
  return files.includes("index.html") && !files.some((key) => key.includes(".."));
}

/** The records say what has become of every release. */
function recordProblems(world: World): string[] {
  const live = world.live();
  return world.releases().flatMap(({ number, status }) => {
    if (status === "preparing") return [`release ${number} is being prepared by nobody`];
    return number === live?.release && status !== "live" ? [`release ${number} is live and "${status}"`] : [];
  });
}

/** The live release shows a certificate for the site's names, and the current one. */
function certificateProblems(world: World): string[] {
  const live = world.live();
  if (live === undefined) return [];
  const wanted = certificateNames().join(" ");
  const { names, fingerprint } = live.certificate;
  const current = certificateSchema.parse(JSON.parse(world.stateText("certificates/current.json") ?? ""));
  return [
    ...(names.join(" ") === wanted ? [] : [`the certificate is for "${names.join(" ")}", not "${wanted}"`]),
    ...(fingerprint === current.fingerprint
      ? []
      : ["the live release does not show the current certificate"]),
  ];
}

function machineProblems(world: World): string[] {
  const live = world.live();
  if (live === undefined) return [];
  const holder = world.ec2.cloud.store.state.addresses[world.stack.allocationId]?.instanceId;
  if (holder !== live.instanceId) return [`the address is at ${holder}, live is ${live.instanceId}`];
  const disk = world.machines.running.get(holder)?.disk;
  if (disk === undefined) return [`the live machine ${holder} does not answer`];
  return disk.identity.release === live.release ? [] : [`${holder} serves release ${disk.identity.release}`];
}

function leftovers(world: World): string[] {
  const { state } = world.ec2.cloud.store;
  const kept = keptOf(world);
  const strange = (id: string) => world.strangers.has(id);
  const others = (what: string, ids: readonly string[], keeps: ReadonlySet<string>) =>
    ids.filter((id) => !keeps.has(id) && !strange(id)).map((id) => `${what} ${id} is left over`);
  const instances = Object.values(state.instances).filter((one) => one.state !== "terminated");
  const volumes = new Set(instances.map(({ volumeId }) => volumeId));
  return [
    ...[...world.strangers]
      .filter((id) => state.snapshots[id] === undefined)
      .map((id) => `a stranger's ${id} is gone`),
    ...others(
      "the instance",
      instances.map(({ id }) => id),
      kept.instances,
    ),
    ...instances
      .filter(({ id, state: now }) => now === "running" && id !== world.live()?.instanceId && !strange(id))
      .map(({ id }) => `the instance ${id} still runs`),
    ...others("the image", Object.keys(state.images), kept.images),
    ...others("the snapshot", Object.keys(state.snapshots), kept.snapshots),
    ...others("the volume", Object.keys(state.volumes), volumes),
    ...Object.values(state.importTasks)
      .filter(({ status }) => status === "active" || status === "deleting")
      .map(({ id }) => `the import ${id} is under way`),
    ...world.objects.openUploads(STATE_BUCKET).map(({ key }) => `an upload of ${key} is open`),
    ...world.builds
      .allBuilds()
      .filter(({ status }) => status === "IN_PROGRESS")
      .map(({ id }) => `${id} is under way`),
    ...["imports/", "archives/", "listings/", "boot/"]
      .flatMap((prefix) => keysBelow(world, prefix))
      .filter((key) => !kept.objects.has(key))
      .map((key) => `the object ${key} is left over`),
  ];
}
