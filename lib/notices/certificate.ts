import { hoursLeft } from "../certificates/due.ts";
import type { Certificate } from "../releases/records.ts";
import { hours } from "../words.ts";
import { nextStep } from "./next-steps.ts";
import type { Notice } from "./notice.ts";

/** What put-off-certificate knows of an order that failed. */
export interface FailedOrder {
  readonly names: readonly string[];
  readonly execution: string;
  readonly error: string;
  readonly cause: string;
  /** When the next order may be made. */
  readonly next: string;
  readonly current: Certificate | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Says that there is no new certificate. Pure. A new one is told with the release that shows it. */
export function certificateNotice(order: FailedOrder): Notice {
  const { names, execution, error, cause, next, current, now } = order;
  return {
    kind: "certificate-failed",
    site: names[0] ?? "",
    headline: `no new certificate (${error}), ${validity(current, now)}`,
    story: `${error}: ${cause}\n\nThe site is as it was. The next attempt is made after ${next}.`,
    nextSteps: [nextStep(error)],
    facts: [
      ["Names", names.join(", ")],
      ["Present certificate", current === undefined ? "none" : `valid until ${current.notAfter}`],
    ],
    execution,
    details: {
      ...{ outcome: "failed", error, next, names: names.join(" ") },
      ...(current && { certificateUntil: current.notAfter }),
    },
  };
}

function validity(certificate: Certificate | undefined, now: number): string {
  if (certificate === undefined) return "there is none yet";
  if (certificate.selfSigned) return "the present one is self-signed";
  const left = hoursLeft(certificate, now);
  return left < 0 ? "the present one has run out" : `the present one is valid for ${hours(left)}`;
}
