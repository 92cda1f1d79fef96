import { ConditionFailed, getJson, type ObjectStore, putJson } from "../objects.ts";
import { LIVE_KEY, releaseKey } from "./object-keys.ts";
import { type Live, liveSchema, type Release, releaseSchema } from "./records.ts";

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

async function newestRelease(store: ObjectStore): Promise<Release | undefined> {
  const newest = (await releaseNumbers(store)).at(-1);
  return newest === undefined ? undefined : await readRelease(store, newest);
}

/** The release that an execution opened, if it got that far. It is always the newest one. */
export async function releaseOf(store: ObjectStore, execution: string): Promise<Release | undefined> {
  const newest = await newestRelease(store);
  return newest?.execution === execution ? newest : undefined;
}

/**
 * Finds the release that this execution opened, or opens the next number for it. Of two runs at once one opens it:
 * the number follows the record that was looked at, so that the other cannot be passed by.
 */
export async function openRelease(
  store: ObjectStore,
  opened: Pick<Release, "execution" | "reason" | "startedAt"> & Partial<Release>,
): Promise<Release> {
  for (;;) {
    const newest = await newestRelease(store);
    if (newest?.execution === opened.execution) return newest;
    const number = (newest?.number ?? 0) + 1;
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
