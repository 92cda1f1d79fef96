import * as z from "zod";
import { getJson, type ObjectStore, putJson } from "../objects.ts";
import { sameNames } from "./attempts.ts";

const NEXT_KEY = "certificates/next.json";

/** When the certificate is to be looked at again, and for which names the last look was. */
const nextSchema = z.object({
  at: z.iso.datetime(),
  names: z.array(z.string()),
  reason: z.string(),
  /** The names do not lead to the site yet: a look is due when they do. */
  waiting: z.boolean(),
});
export type Next = z.infer<typeof nextSchema>;

export async function readNext(store: ObjectStore): Promise<Next | undefined> {
  return (await getJson(store, NEXT_KEY, nextSchema))?.value;
}

export async function writeNext(store: ObjectStore, next: Next): Promise<void> {
  await putJson(store, NEXT_KEY, next);
}

/** What makes a look at the certificate due, as a name for it; undefined when none is. Pure. */
export function lookDue(next: Next | undefined, names: readonly string[], now: number): string | undefined {
  if (next === undefined) return "first";
  if (!sameNames(next.names, names)) return `names-after-${next.at.replaceAll(/\D/g, "")}`;
  return Date.parse(next.at) <= now ? `due-${next.at.replaceAll(/\D/g, "")}` : undefined;
}
