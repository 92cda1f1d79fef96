import * as z from "zod";
import { sameNames } from "../certificates/attempts.ts";
import { NotKept } from "../errors.ts";
import type { Certificate, Live, Release } from "./records.ts";
import { keptReleases, lastLiveFirst, servesTheSame } from "./retention.ts";

/** What a request of the kind `rollback` says: the number of the release to go back to. */
export const rollbackSchema = z.object({ to: z.int().positive() });

/** What decides about a rollback. `releases` as the records have them, `keep` as the stack's parameter. */
export interface Past {
  readonly live: Live;
  readonly releases: readonly Release[];
  readonly keep: number;
}

const parts = ["listing", "archive", "boot", "certificate", "image"] as const;
/** A release with all that it takes to serve it again. */
export type Kept = Release & { [K in (typeof parts)[number]]: NonNullable<Release[K]> };

/**
 * The releases that a rollback can go to, the last live one first: that is where it goes when none is named. The
 * live one is none of them. Pure.
 */
export function rollbackTargets({ live, releases, keep }: Past): Kept[] {
  const kept = keptReleases({ live, releases, keep });
  return lastLiveFirst(releases)
    .filter(({ number }) => kept.has(number) && number !== live.release)
    .filter(isWhole);
}

function isWhole(release: Release): release is Kept {
  return parts.every((part) => release[part] !== undefined);
}

/**
 * The release of a number, if a rollback can go to it; undefined where there is nothing to do, because it is live
 * or what is live serves the same. Throws NotKept, which says which ones there are. Pure.
 */
export function rollbackTarget(past: Past, number: number): Kept | undefined {
  const { live, releases } = past;
  const named = releases.find((release) => release.number === number);
  const same = named?.status === "live" && servesTheSame(live, named);
  if (number === live.release || same) return undefined;
  const targets = rollbackTargets(past);
  const target = targets.find((release) => release.number === number);
  if (target !== undefined) return target;
  const there = targets.map((release) => release.number).join(", ");
  const choice = there === "" ? "No other release is kept." : `Kept beside the live one: ${there}.`;
  throw new NotKept(`Release ${number} ${whyNot(past, number)}. ${choice}`);
}

function whyNot({ releases }: Past, number: number): string {
  const release = releases.find((one) => one.number === number);
  switch (release?.status) {
    case undefined:
      return releases.some((one) => one.number > number) ? "is no longer kept" : "does not exist";
    case "preparing":
      return "never became live";
    case "failed":
      return "failed and never became live";
    case "unchanged":
      return "served what was live already and has no machine of its own";
    case "restored":
      return `was the rollback to release ${release?.to} and has no machine of its own`;
    default:
      return "is no longer kept";
  }
}

/** A certificate that runs out sooner than this is not brought back: its successor takes a deployment. */
const MARGIN_MS = 60 * 60 * 1000;

/** Whether a machine with this certificate may serve the site's names; `now` in epoch milliseconds. Pure. */
export function isValidFor(certificate: Certificate, names: readonly string[], now: number): boolean {
  const { notBefore, notAfter } = certificate;
  const inTime = Date.parse(notBefore) <= now && now + MARGIN_MS < Date.parse(notAfter);
  return inTime && sameNames(certificate.names, names);
}
