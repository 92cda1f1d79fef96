import { z } from "zod";
import { ConditionFailed, getJson, type ObjectStore, putJson } from "./objects.ts";

/** 64 lower-case hex digits: SHA-256. */
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** A kept site archive in the state bucket, `archives/<digest>.tar`. */
export const archiveSchema = z.object({
  digest: digestSchema,
  bytes: z.int().nonnegative(),
  files: z.int().nonnegative(),
  siteBytes: z.int().nonnegative(),
});
export type Archive = z.infer<typeof archiveSchema>;

/** A kept boot partition, `boot/<build>/boot.img`: `build` is the digest of its inputs, `digest` its own. */
export const bootSchema = z.object({
  build: digestSchema,
  digest: digestSchema,
  bytes: z.int().positive(),
});
export type Boot = z.infer<typeof bootSchema>;

/** What tells one certificate from another; its key never leaves the state bucket and the disk. */
export const certificateSchema = z.object({
  serial: z.string().regex(/^[0-9a-f]+$/),
  fingerprint: digestSchema,
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  names: z.array(z.string()),
  selfSigned: z.boolean(),
});
export type Certificate = z.infer<typeof certificateSchema>;

export const imageSchema = z.object({ imageId: z.string(), snapshotId: z.string() });
export type Image = z.infer<typeof imageSchema>;

export const reasonSchema = z.enum(["content", "certificate", "rebuild", "replace", "rollback"]);
export type Reason = z.infer<typeof reasonSchema>;

const filesSchema = z.object({
  files: z.int().nonnegative(),
  /** Of removed files those they had, of all others those they have now. */
  bytes: z.int().nonnegative(),
  /** The first of their keys, in byte order. */
  first: z.array(z.string()),
});

/** What a release changes of the files that are served; the site's own rule files count as files. */
export const changesSchema = z.object({
  /** The release that was live before; there is none before the first. */
  since: z.int().positive().optional(),
  added: filesSchema,
  changed: filesSchema,
  removed: filesSchema,
});
export type Changes = z.infer<typeof changesSchema>;

/** One attempt to make an archive with a certificate live: `releases/<number>.json`. */
export const releaseSchema = z.object({
  number: z.int().positive(),
  reason: reasonSchema,
  execution: z.string(),
  startedAt: z.iso.datetime(),
  /** "restored": a rollback whose kept machine serves again, under the number of its own release. */
  status: z.enum(["preparing", "live", "restored", "unchanged", "failed"]),
  /** The release that a rollback goes back to. */
  to: z.int().positive().optional(),
  listing: digestSchema.optional(),
  archive: archiveSchema.optional(),
  boot: bootSchema.optional(),
  certificate: certificateSchema.optional(),
  image: imageSchema.optional(),
  instanceId: z.string().optional(),
  /** Absent where it cannot be told: before packing, or when nothing is known of what was live before. */
  changes: changesSchema.optional(),
  /** What of the site's own rules is not done, a line each. */
  findings: z.array(z.string()).optional(),
  endedAt: z.iso.datetime().optional(),
  failure: z.object({ error: z.string(), cause: z.string() }).optional(),
});
export type Release = z.infer<typeof releaseSchema>;

/** A rollback holds the site: the bucket's content, which is not what is served, is not deployed again. */
const heldSchema = z.object({
  /** What the bucket lists that was live before the rollback, and the release that served it. */
  listing: digestSchema,
  release: z.int().positive(),
  since: z.iso.datetime(),
});
export type Held = z.infer<typeof heldSchema>;

/** What is served now: `live.json`. Writing it is the commit. */
export const liveSchema = z.object({
  release: z.int().positive(),
  since: z.iso.datetime(),
  listing: digestSchema,
  archive: archiveSchema,
  boot: bootSchema,
  certificate: certificateSchema,
  image: imageSchema,
  instanceId: z.string(),
  held: heldSchema.optional(),
});
export type Live = z.infer<typeof liveSchema>;

/** The last content that could not be made live, so that it is not tried again and again: `refused.json`. */
export const refusedSchema = z.object({
  listing: digestSchema,
  error: z.string(),
  cause: z.string(),
  at: z.iso.datetime(),
  times: z.int().positive(),
  /** The content itself was refused: only other content helps. */
  content: z.boolean(),
});
export type Refused = z.infer<typeof refusedSchema>;

export const LIVE_KEY = "live.json";
export const REFUSED_KEY = "refused.json";

export const archiveKey = (digest: string) => `archives/${digest}.tar`;
/** What that archive was packed from (lib/archive/pack-record.ts). */
export const packRecordKey = (digest: string) => `archives/${digest}.json`;
export const listingKey = (digest: string) => `listings/${digest}.json`;
export const bootKey = (build: string) => `boot/${build}/boot.img`;
export const bootRecordKey = (build: string) => `boot/${build}/record.json`;
export const chainKey = (serial: string) => `certificates/${serial}/chain.pem`;
/** Apart from everything else, so that a policy can name the secrets. */
export const privateKeyKey = (serial: string) => `keys/${serial}.pem`;
export const consoleKey = (release: number, attempt: number) => `${consolesOf(release)}${attempt}.log`;
/** The prefix of a release's consoles, one for each attempt. */
export const consolesOf = (release: number) => `consoles/${padded(release)}-`;
const releaseKey = (number: number) => `releases/${padded(number)}.json`;

/** Releases in names and keys: six digits, so that byte order is number order. */
export function padded(release: number): string {
  return String(release).padStart(6, "0");
}

/** The live release and the version of its record; undefined before the first. */
export function readLive(store: ObjectStore): Promise<{ value: Live; etag: string } | undefined> {
  return getJson(store, LIVE_KEY, liveSchema);
}

export async function readRelease(store: ObjectStore, number: number): Promise<Release | undefined> {
  return (await getJson(store, releaseKey(number), releaseSchema))?.value;
}

/** The numbers of all releases there ever were, lowest first. */
export async function releaseNumbers(store: ObjectStore): Promise<number[]> {
  const keys = await store.list("releases/");
  return keys.map((key) => Number.parseInt(key.slice("releases/".length), 10)).filter(Number.isSafeInteger);
}

export async function writeRelease(store: ObjectStore, release: Release): Promise<void> {
  await putJson(store, releaseKey(release.number), releaseSchema.parse(release));
}

/** Changes a release's record; nothing happens if it does not exist. Only the turn's owner does this. */
export async function updateRelease(
  store: ObjectStore,
  number: number,
  change: Partial<Release>,
): Promise<void> {
  const release = await readRelease(store, number);
  if (release !== undefined) await writeRelease(store, { ...release, ...change });
}

/** The release that an execution opened, if it got that far. It is always the newest one. */
export async function releaseOf(store: ObjectStore, execution: string): Promise<Release | undefined> {
  const newest = (await releaseNumbers(store)).at(-1);
  const release = newest === undefined ? undefined : await readRelease(store, newest);
  return release?.execution === execution ? release : undefined;
}

/** Finds the release that this execution opened, or opens the next number for it. */
export async function openRelease(
  store: ObjectStore,
  opened: Pick<Release, "execution" | "reason" | "startedAt"> & Partial<Release>,
): Promise<Release> {
  for (;;) {
    const found = await releaseOf(store, opened.execution);
    if (found !== undefined) return found;
    const number = ((await releaseNumbers(store)).at(-1) ?? 0) + 1;
    const release: Release = { ...opened, number, status: "preparing" };
    try {
      await putJson(store, releaseKey(number), release, { absent: true });
      return release;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

/**
 * The newest releases' records, newest first: those of one piece after the other until they are `enough`, and those
 * that rollbacks among them went back to, however old.
 */
export async function readReleases(
  store: ObjectStore,
  enough: (releases: readonly Release[]) => boolean = () => true,
  piece = 60,
): Promise<Release[]> {
  const numbers = (await releaseNumbers(store)).toSorted((a, b) => b - a);
  const found = new Map<number, Release>();
  const read = async (some: readonly number[]) => {
    const releases = await Promise.all(some.map((number) => readRelease(store, number)));
    for (const release of releases) if (release !== undefined) found.set(release.number, release);
  };
  for (let next = 0; next < numbers.length; next += piece) {
    await read(numbers.slice(next, next + piece));
    const older = [...found.values()].flatMap(({ to }) => (to === undefined || found.has(to) ? [] : [to]));
    await read([...new Set(older)]);
    const releases = [...found.values()].toSorted((a, b) => b.number - a.number);
    if (enough(releases)) return releases;
  }
  return [...found.values()].toSorted((a, b) => b.number - a.number);
}
