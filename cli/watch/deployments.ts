import { askForRollback, deploy } from "../../lib/aws/deployments.ts";
import { NotKept } from "../../lib/errors.ts";
import { getJson } from "../../lib/objects.ts";
import { contentListing } from "../../lib/releases/content-listing.ts";
import { REFUSED_KEY } from "../../lib/releases/object-keys.ts";
import { refusedSchema } from "../../lib/releases/records.ts";
import { type Past, rollbackTarget, rollbackTargets } from "../../lib/releases/rollback.ts";
import { readLive } from "../../lib/releases/stored.ts";
import { REQUESTS_PREFIX } from "../../lib/turn.ts";
import { CommandFailed } from "../failure.ts";
import type { Site } from "../read/site.ts";
import { type Audience, endedBefore, type Result, resultOf, watch } from "./watch.ts";

/** What of a site is needed to watch its content becoming live. */
type ContentPlace = Pick<Site, "store" | "url" | "contentBucket"> & {
  readonly machines: Pick<Site["machines"], "deploy">;
};

/** How long the bucket's own events may take before we ask for the deployment ourselves. */
const EVENTS_MS = 15_000;

/**
 * Watches until the content of a listing is live, or was refused. `before`: executions that had ended before the
 * upload began. `told`: the bucket tells of it by itself; else, and when that takes long, it is asked for here.
 */
export async function contentLive(
  { machines, store, url, contentBucket }: ContentPlace,
  { listing, before, told }: { listing: string; before: ReadonlySet<string>; told: boolean },
  audience: Audience,
  signal: AbortSignal,
): Promise<Result> {
  let asked = !told;
  if (asked) await deploy("content");
  const begin = Date.now();
  const isLive = async (): Promise<Result | undefined> => {
    const live = (await readLive(store))?.value;
    if (live?.listing !== listing) return undefined;
    return { outcome: "live", release: live.release, message: `Release ${live.release} is live: ${url}` };
  };
  return watch(
    {
      machine: machines.deploy,
      before,
      judge: async (ended) => {
        const live = await isLive();
        if (ended === undefined) {
          if (live === undefined && !asked && Date.now() - begin > EVENTS_MS) {
            await deploy("content");
            asked = true;
          }
          return live && { ...live, outcome: "nothing" };
        }
        const result = resultOf(ended);
        if (live !== undefined) return result.release === live.release ? result : live;
        if (result.outcome === "live" && (await contentListing(contentBucket)) !== listing) {
          const { message } = result;
          return { ...result, message: `${message}\nSomebody else changed the bucket meanwhile.` };
        }
        const refused = (await getJson(store, REFUSED_KEY, refusedSchema))?.value;
        // Another content's failure is not ours: it was listed before the upload had ended, and ours waits.
        const ours = refused?.listing === listing || (await store.list(REQUESTS_PREFIX)).length === 0;
        return result.outcome === "failed" && ours ? result : undefined;
      },
    },
    audience,
    signal,
  );
}

/** Asks for the live content to be compiled and deployed again, and watches it to its end. */
export async function rebuild(
  { machines }: Pick<Site, "machines">,
  audience: Audience,
  signal: AbortSignal,
): Promise<Result> {
  const machine = machines.deploy;
  const before = await endedBefore(machine);
  await deploy("rebuild");
  return watch({ machine, before, ...workingOn(`${REQUESTS_PREFIX}rebuild.json`) }, audience, signal);
}

/**
 * The number of the release that a rollback goes to: the one that was live last, unless another is wanted; undefined
 * where what is live serves the same. Throws CommandFailed when that one is not kept, or none is. Pure.
 */
export function destination(past: Past, wanted: number | undefined): number | undefined {
  const to = wanted ?? rollbackTargets(past)[0]?.number;
  if (to === undefined) throw new CommandFailed("No other release is kept: there is nothing to go back to.");
  try {
    return rollbackTarget(past, to)?.number;
  } catch (error) {
    if (error instanceof NotKept) throw new CommandFailed(error.message);
    throw error;
  }
}

/** Asks for a rollback to a release and watches it to its end. */
export async function goBack(
  { machines }: Pick<Site, "machines">,
  to: number,
  audience: Audience,
  signal: AbortSignal,
): Promise<Result> {
  const machine = machines.deploy;
  const before = await endedBefore(machine);
  return watch({ machine, before, ...workingOn(await askForRollback(to)) }, audience, signal);
}

/** The execution that works a request off, and what comes of it. */
function workingOn(key: string) {
  return {
    isOurs: ({ request }: { readonly request: { readonly key: string } | null }) => request?.key === key,
    judge: async (ended: Parameters<typeof resultOf>[0] | undefined) => ended && resultOf(ended),
  };
}
