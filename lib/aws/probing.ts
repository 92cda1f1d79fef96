import { readIndex } from "../archive/reader.ts";
import type { Expected } from "../contracts/deploy.ts";
import { PROBED_PATHS, probeMachine } from "../probe/probe.ts";
import { archiveKey } from "../releases/object-keys.ts";
import { setting } from "../settings.ts";
import { objectSource } from "./bucket.ts";

/** Probes an address for a release, reading the index from the kept archive. See `probeMachine`. */
export async function probeExpected(
  address: string,
  expected: Expected,
  limit = PROBED_PATHS,
): Promise<number> {
  const { digest, bytes } = expected.archive;
  const index = await readIndex(objectSource(setting("STATE_BUCKET"), archiveKey(digest), bytes));
  return probeMachine(address, expected, index, limit);
}
