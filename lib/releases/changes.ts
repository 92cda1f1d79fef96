import type { PackRecord } from "../archive/pack-record.ts";
import { compareBytes } from "../site/keys.ts";
import type { Changes } from "./records.ts";

/** How many keys are named of each kind; the counts are of all. */
const named = 20;

interface File {
  readonly key: string;
  readonly size: number;
  /** Equal where the same is served under the key. */
  readonly version: string;
}

/**
 * What is added, changed and removed between the archive that release `live` serves and another one, from what
 * they were packed of; nothing else is read. `live` undefined: before the first release everything is added.
 * Returns undefined when `before` is not known.
 */
export function changesSince(
  live: number | undefined,
  before: PackRecord | undefined,
  after: PackRecord,
): Changes | undefined {
  if (live === undefined) return { added: summary(filesOf(after)), changed: none(), removed: none() };
  if (before === undefined) return undefined;
  // A record of an older mirage-pages does not tell the rule files: of these nothing can be said then.
  const withRules = before.rules !== undefined && after.rules !== undefined;
  const earlier = new Map(filesOf(before, withRules).map((file) => [file.key, file]));
  const added: File[] = [];
  const changed: File[] = [];
  for (const file of filesOf(after, withRules)) {
    const was = earlier.get(file.key);
    if (was === undefined) added.push(file);
    else if (was.version !== file.version) changed.push(file);
    earlier.delete(file.key);
  }
  const removed = [...earlier.values()];
  return { since: live, added: summary(added), changed: summary(changed), removed: summary(removed) };
}

/** The changes of a release that serves the archive of release `live` again. */
export function noChanges(live: number): Changes {
  return { since: live, added: none(), changed: none(), removed: none() };
}

/** The files of a record, in byte order of their keys. */
function filesOf({ objects, rules }: PackRecord, withRules = true): File[] {
  const served = objects.map(({ key, size, digest, cacheControl }) => ({
    key,
    size,
    version: JSON.stringify([digest, cacheControl]),
  }));
  const ruled = (withRules ? (rules ?? []) : []).map(({ key, size, digest }) => ({
    key,
    size,
    version: digest,
  }));
  return [...served, ...ruled].sort((a, b) => compareBytes(a.key, b.key));
}

function summary(files: readonly File[]): Changes["added"] {
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    first: files.slice(0, named).map(({ key }) => key),
  };
}

const none = () => summary([]);
