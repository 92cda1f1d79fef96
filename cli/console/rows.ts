import { listed } from "../read/releases.ts";
import type { Records } from "../read/site.ts";
import type { ReleaseRow } from "./view.ts";

/** So many releases are listed. */
const COUNT = 30;

/** The newest releases with what changed in each. Pure. */
export function rowsOf(records: Records): ReleaseRow[] {
  return listed(records)
    .slice(0, COUNT)
    .map(({ changes = null, ...release }) => ({ ...release, changes }));
}
