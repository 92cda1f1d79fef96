import * as z from "zod";
import type { Certificate } from "../releases/records.ts";
import { type Attempts, mayOrderFrom, sameNames } from "./attempts.ts";

/** When the authority would have a certificate renewed (ACME Renewal Information, RFC 9773, 4.2). */
export const windowSchema = z.object({
  start: z.iso.datetime({ offset: true }),
  end: z.iso.datetime({ offset: true }),
});
export type RenewalWindow = z.infer<typeof windowSchema>;

/** All that decides what becomes of the certificate. Times in epoch milliseconds. */
export interface Standing {
  readonly now: number;
  /** What the certificate must be for: the site's names, or its address when it has none. */
  readonly names: readonly string[];
  /** An authority can vouch for the names; else the certificate signs itself. */
  readonly authority: boolean;
  /** The certificate that the next release will show. */
  readonly current: Certificate | undefined;
  /** The fingerprint of the one that the live release shows; undefined before the first release. */
  readonly served: string | undefined;
  readonly window: RenewalWindow | undefined;
  readonly attempts: Attempts;
}

export type Due =
  | { readonly action: "order" | "self-sign" | "deploy"; readonly reason: string }
  /** `next`: when something will be due. */
  | { readonly action: "nothing"; readonly reason: string; readonly next: number };

const HOUR = 60 * 60 * 1000;
/** Whatever the authority suggests: a renewal needs time for failures. Of short lives a third. */
const LAST_CALL = 48 * HOUR;
/** A deployment that failed was told of; it is asked for again after this. */
const DEPLOY_AGAIN = 6 * HOUR;

/** Decides what is to be done about the certificate. Pure. */
export function decide(standing: Standing): Due {
  const { now, names, authority, current, served } = standing;
  const reason = reasonForAnother(standing);
  const orderFrom = mayOrderFrom(standing.attempts, names);
  if (authority && reason !== undefined && orderFrom <= now) return { action: "order", reason };
  if (current === undefined) {
    const next = authority ? orderFrom : now + DEPLOY_AGAIN;
    return { action: "nothing", reason: "the first release makes one", next };
  }
  const own = current.selfSigned || !authority;
  if (own && isStale(current, names, now))
    return { action: "self-sign", reason: reason ?? "it is about to run out" };
  if (served !== undefined && served !== current.fingerprint) {
    return { action: "deploy", reason: `the live release does not show the certificate ${current.serial}` };
  }
  if (authority && reason !== undefined) {
    const until = new Date(orderFrom).toISOString();
    return { action: "nothing", reason: `${reason}, but no order is made before ${until}`, next: orderFrom };
  }
  const next = renewAt(current, standing.window);
  return {
    action: "nothing",
    reason: `the certificate ${current.serial} is renewed on ${new Date(next).toISOString()}`,
    next,
  };
}

/** Whether a self-signed certificate must be replaced: it has other names, or two thirds of its life are over. Pure. */
export function isStale(certificate: Certificate, names: readonly string[], now: number): boolean {
  return !sameNames(certificate.names, names) || now >= renewAt(certificate, undefined);
}

/** Why an authority should be asked for a certificate; undefined when the current one will do. */
function reasonForAnother({ now, names, current, window }: Standing): string | undefined {
  if (current === undefined) return "there is no certificate yet";
  if (!sameNames(current.names, names)) {
    return `the certificate is for ${current.names.join(", ")}, the site's names are ${names.join(", ")}`;
  }
  if (current.selfSigned) return "the certificate is self-signed";
  return now >= renewAt(current, window) ? `it runs out on ${current.notAfter}` : undefined;
}

/**
 * When a certificate is to be renewed: at a moment of the authority's window that the serial number chooses, so
 * that it stays the same from look to look; without a window after two thirds of the lifetime. Pure.
 */
export function renewAt(certificate: Certificate, window: RenewalWindow | undefined): number {
  const from = Date.parse(certificate.notBefore);
  const until = Date.parse(certificate.notAfter);
  const twoThirds = from + ((until - from) * 2) / 3;
  if (window === undefined) return twoThirds;
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
  const part = Number.parseInt(certificate.serial.slice(-8), 16) / 2 ** 32;
  return Math.min(start + Math.max(end - start, 0) * part, until - Math.min(LAST_CALL, (until - from) / 3));
}

/** Hours until a certificate runs out; negative afterwards. Pure. */
export function hoursLeft(certificate: Certificate, now: number): number {
  return (Date.parse(certificate.notAfter) - now) / HOUR;
}
