import { getJson } from "../../lib/objects.ts";
import { REFUSED_KEY } from "../../lib/releases/object-keys.ts";
import { refusedSchema } from "../../lib/releases/records.ts";
import { readLive } from "../../lib/releases/stored.ts";
import { isRefusal } from "../../lib/site/errors.ts";
import { checkListing } from "../../lib/site/listing.ts";
import { CommandFailed } from "../failure.ts";
import type { Site } from "../read/site.ts";
import { contentLive } from "../watch/deployments.ts";
import type { Audience, Result } from "../watch/watch.ts";
import { type SiteFiles, siteFiles } from "./files.ts";
import { notASite } from "./source.ts";

/** The files of a folder that is a site. Throws CommandFailed, saying what it is instead; `force` takes sources too. */
export async function checkedFiles(folder: string, force: boolean): Promise<SiteFiles> {
  const found = await siteFiles(folder);
  if (found.files.length === 0) throw new CommandFailed(`${folder} has no file that belongs to a site.`);
  const problem = force ? undefined : notASite(folder);
  if (problem !== undefined) throw new CommandFailed(`${problem}\n(--force deploys the folder as it is.)`);
  try {
    checkListing(found.files.map(({ key, size }) => ({ key, size, etag: "", lastModified: "" })));
  } catch (error) {
    if (isRefusal(error))
      throw new CommandFailed(`Nothing was uploaded: it would be refused. ${error.message}`);
    throw error;
  }
  return found;
}

/** What there is to wait for, when a bucket has a listing. `changed`: it has it since a moment ago. */
export interface Wanted {
  readonly listing: string;
  readonly before: ReadonlySet<string>;
  readonly changed: boolean;
}

/** Sees to it that what the bucket lists is live, unless it is, cannot be, or is held back by a rollback. */
export async function bringLive(
  site: Site,
  { listing, before, changed }: Wanted,
  audience: Audience,
  signal: AbortSignal,
): Promise<Result> {
  const live = (await readLive(site.store))?.value;
  if (live?.listing === listing) {
    const message = `Nothing to do: release ${live.release} serves just this. ${site.url}`;
    return { outcome: "nothing", release: live.release, message };
  }
  if (live?.held?.listing === listing) {
    const { release } = live.held;
    throw new CommandFailed(
      `The site is held at release ${live.release} by a rollback, and this is what release ${release} serves. ` +
        `To go there: mirage-pages rollback ${release}`,
    );
  }
  const refused = (await getJson(site.store, REFUSED_KEY, refusedSchema))?.value;
  if (!changed && refused?.content && refused.listing === listing)
    throw new CommandFailed(`This content was refused: ${refused.error}: ${refused.cause}`);
  return contentLive(site, { listing, before, told: changed }, audience, signal);
}
