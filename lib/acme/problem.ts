import * as z from "zod";

const namedSchema = z.object({ type: z.string().optional(), detail: z.string().optional() });
/** A problem document of an ACME server (RFC 7807; RFC 8555, 6.7), as far as we look at it. */
const problemSchema = namedSchema.extend({
  subproblems: z
    .array(namedSchema.extend({ identifier: z.object({ value: z.string() }).optional() }))
    .optional(),
});

/** An ACME server refused something; the message is in its own words. */
export class AcmeProblem extends Error {
  override readonly name = "AcmeProblem";
  /** The last part of its type: rateLimited, badNonce, unauthorized, …; empty when it gave none. */
  readonly type: string;
  readonly status: number;
  /** When the server would be asked again, in epoch milliseconds; 0 when it does not say. */
  readonly retryAt: number;

  constructor(words: string, { type = "", status = 0, retryAt = 0 } = {}) {
    super(words);
    this.type = type;
    this.status = status;
    this.retryAt = retryAt;
  }

  /** Asking again in a moment may help: the server has a fault, and does not ask for a longer pause. */
  get passing(): boolean {
    return this.status >= 500 && this.type !== "rateLimited" && this.retryAt < Date.now() + LONGEST_PAUSE;
  }
}

/** Longer pauses are for the next run, not for this one. */
const LONGEST_PAUSE = 60_000;

const shortType = (type = "") => type.slice(type.lastIndexOf(":") + 1);

/** The problem that a body tells of; undefined for one that is none. */
export function problemFrom(
  body: unknown,
  status: number,
  retryAfter: string | undefined,
  now = Date.now(),
): AcmeProblem | undefined {
  const parsed = problemSchema.safeParse(body);
  const { type, detail, subproblems } = parsed.success ? parsed.data : {};
  if (status < 400 && type === undefined && detail === undefined) return undefined;
  const words = [
    detail ?? `HTTP status ${status} without a reason`,
    ...(subproblems ?? []).map(({ identifier, detail: sub }) => `${identifier?.value ?? "?"}: ${sub ?? "?"}`),
  ];
  return new AcmeProblem(words.join("\n"), {
    type: shortType(type),
    status,
    retryAt: retryTime(retryAfter, now),
  });
}

/** A Retry-After header, seconds or a date (RFC 9110, 10.2.3), in epoch milliseconds; 0 for none. */
export function retryTime(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  if (/^\d+$/.test(header)) return now + Number(header) * 1000;
  return Date.parse(header) || 0;
}
