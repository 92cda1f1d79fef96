import * as z from "zod";
import type { ObjectStore } from "../objects.ts";
import { getJson, putJson } from "../objects.ts";

const ATTEMPTS_KEY = "certificates/attempts.json";

/** What an authority was asked for and how it went: kept across runs, so that its limits are kept too. */
const attemptsSchema = z.object({
  /** The names of the last order. */
  names: z.array(z.string()),
  /** Orders that failed since the last good one, and until when none is made. */
  failures: z.int().nonnegative(),
  notBefore: z.iso.datetime(),
  /** Certificates that were issued in the last days. */
  issued: z.array(z.object({ at: z.iso.datetime(), names: z.array(z.string()) })),
});
export type Attempts = z.infer<typeof attemptsSchema>;

export const NO_ATTEMPTS: Attempts = {
  names: [],
  failures: 0,
  notBefore: new Date(0).toISOString(),
  issued: [],
};

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** At most 3 failed orders an hour at first; Let's Encrypt allows 5 failed authorisations of a name. */
const FIRST_PAUSE = 15 * MINUTE;
const LONGEST_PAUSE = 6 * 60 * MINUTE;
/** So many at least fit into what is left. */
const PAUSES_LEFT = 36;
/** https://letsencrypt.org/docs/rate-limits/: 5 certificates for one exact set of names in 7 days. */
const ISSUED_IN_A_WEEK = 5;

export async function readAttempts(store: ObjectStore): Promise<Attempts> {
  return (await getJson(store, ATTEMPTS_KEY, attemptsSchema))?.value ?? NO_ATTEMPTS;
}

export async function writeAttempts(store: ObjectStore, attempts: Attempts): Promise<void> {
  await putJson(store, ATTEMPTS_KEY, attempts);
}

/** Whether two certificates are for the same names, in whatever order. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join(" ") === b.toSorted().join(" ");
}

/** From when on these names may be ordered again; times in epoch milliseconds. Pure. */
export function mayOrderFrom(attempts: Attempts, names: readonly string[]): number {
  const pause = sameNames(attempts.names, names) ? Date.parse(attempts.notBefore) : 0;
  const issued = attempts.issued.filter((one) => sameNames(one.names, names)).map(({ at }) => Date.parse(at));
  const oldest = issued.toSorted((a, b) => b - a)[ISSUED_IN_A_WEEK - 1];
  return Math.max(pause, oldest === undefined ? 0 : oldest + 7 * DAY);
}

/**
 * After an order that failed: 15 minutes, doubling to 6 hours, or as long as the authority says. The shorter the
 * life that is left to the certificate (milliseconds), the shorter the pauses. Pure.
 */
export function afterFailure(
  attempts: Attempts,
  names: readonly string[],
  now: number,
  { retryAt = 0, left = Number.POSITIVE_INFINITY } = {},
): Attempts {
  const failures = sameNames(attempts.names, names) ? attempts.failures + 1 : 1;
  const longest = Math.max(FIRST_PAUSE, Math.min(LONGEST_PAUSE, left / PAUSES_LEFT));
  const pause = Math.min(FIRST_PAUSE * 2 ** (failures - 1), longest);
  const notBefore = new Date(Math.max(now + pause, retryAt)).toISOString();
  return { ...attempts, names: [...names], failures, notBefore };
}

/** After a certificate was issued. Pure. */
export function afterIssue(attempts: Attempts, names: readonly string[], now: number): Attempts {
  const recent = attempts.issued.filter(({ at }) => Date.parse(at) > now - 8 * DAY);
  const issued = [...recent, { at: new Date(now).toISOString(), names: [...names] }];
  return { names: [...names], failures: 0, notBefore: new Date(0).toISOString(), issued };
}
