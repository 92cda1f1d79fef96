import { readIndex } from "../archive/reader.ts";
import type { SiteIndex } from "../archive/site-index.ts";
import type { Expected } from "../contracts/deploy.ts";
import { PROBED_PATHS, probeMachine } from "../probe/probe.ts";
import { archiveKey } from "../releases/object-keys.ts";
import { setting } from "../settings.ts";
import { objectSource } from "./bucket.ts";

/** Probes a machine's address, up to so many paths of its site, and returns how many were compared. */
export type Probe = (address: string, limit?: number) => Promise<number>;

/**
 * Probes addresses for a release as `probeMachine` does, with the index of the kept archive: it is read when the first
 * machine is probed, and once however often that is.
 */
export function proberOf(expected: Expected): Probe {
  const { digest, bytes } = expected.archive;
  let index: Promise<SiteIndex> | undefined;
  return async (address, limit = PROBED_PATHS) => {
    index ??= readIndex(objectSource(setting("STATE_BUCKET"), archiveKey(digest), bytes));
    return probeMachine(address, expected, await index, limit);
  };
}
