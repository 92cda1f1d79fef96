import { executionLife } from "../../lib/aws/executions.ts";
import { getJson } from "../../lib/objects.ts";
import { HEALTH_KEY, type Health, healthSchema } from "../../lib/probe/health.ts";
import { REFUSED_KEY } from "../../lib/releases/object-keys.ts";
import { type Held, type Live, type Refused, refusedSchema } from "../../lib/releases/records.ts";
import { readLive } from "../../lib/releases/stored.ts";
import { REQUESTS_PREFIX, turnHolder } from "../../lib/turn.ts";
import { visitsOf } from "./executions.ts";
import type { Site } from "./site.ts";
import { stepsOf } from "./steps.ts";

/** How a site stands. Times as ISO 8601, sizes in bytes. */
export interface Standing {
  readonly url: string;
  readonly live: Omit<Live, "held"> | null;
  readonly held: Held | null;
  /** What the five-minute check saw of the live machine; null before its first look at it. */
  readonly seen: Health["seen"] | null;
  /** The execution that has the turn, and what it is doing. */
  readonly underWay: { readonly execution: string; readonly step: string } | null;
  /** Kinds of the requests that wait. */
  readonly waiting: readonly string[];
  /** The last content that could not be made live. */
  readonly refused: Refused | null;
}

/** Reads how a site stands from its records. */
export async function standingOf({ url, store }: Site): Promise<Standing> {
  const [read, health, refused, waiting, holder] = await Promise.all([
    readLive(store),
    getJson(store, HEALTH_KEY, healthSchema),
    getJson(store, REFUSED_KEY, refusedSchema),
    store.list(REQUESTS_PREFIX),
    turnHolder(store),
  ]);
  const live = read?.value;
  const { held, ...served } = live ?? {};
  return {
    url,
    live: live === undefined ? null : (served as Live),
    held: held ?? null,
    seen: health !== undefined && health.value.instanceId === live?.instanceId ? health.value.seen : null,
    underWay: holder === undefined ? null : await doing(holder.owner),
    waiting: waiting.map((key) => key.slice(REQUESTS_PREFIX.length).replace(/[/.].*$/, "")),
    refused: refused === undefined || refused.value.listing === live?.listing ? null : refused.value,
  };
}

/** What an execution does just now; null for one that has ended and only left its lock. */
async function doing(execution: string): Promise<Standing["underWay"]> {
  if (!(await executionLife(execution)).running) return null;
  return { execution, step: stepsOf(await visitsOf(execution)).at(-1)?.title ?? "beginning" };
}
