import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attempts,
  afterFailure,
  afterIssue,
  mayOrderFrom,
  NO_ATTEMPTS,
} from "../../../lib/certificates/attempts.ts";
import { decide, type RenewalWindow } from "../../../lib/certificates/due.ts";
import { lookDue, type Next } from "../../../lib/certificates/next.ts";
import type { Certificate } from "../../../lib/releases/records.ts";
import { digest } from "../releases/records.fixtures.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const names = ["site.test"];

/** One call in five fails. No repetition below the state machine's own is counted: the worst case. */
const FAULTS = 0.2;
/** Calls of each step of statemachine/certificate.asl.yaml, to the authority and to AWS. */
const STEPS: readonly (readonly [name: string, calls: number])[] = [
  ["check", 5],
  ["order", 5],
  ["present", 5],
  ["poll", 1],
  ["validate", 5],
  ["finalize", 6],
  ["store", 6],
  ["deploy", 3],
];
/** `Retry` of the steps: once, and eight times again. */
const TRIES = 9;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A year of a site whose certificates live so long, in virtual time, by the code that decides on AWS. */
class Year {
  readonly validations: number[] = [];
  readonly issues: number[] = [];
  readonly orders: number[] = [];
  leastLeft = Number.POSITIVE_INFINITY;
  readonly #chance: () => number;
  readonly #lifetime: number;
  readonly #renewalInfo: boolean;
  /** The clock of the stack goes wrong by this much. */
  readonly #skew: number;
  #now = Date.parse("2026-11-01T00:00:00Z");
  #attempts: Attempts = NO_ATTEMPTS;
  /** Issued and not stored yet: it is fetched by the next run. */
  #issued: Certificate | undefined;
  #current: Certificate | undefined;
  #served: Certificate | undefined;
  #next: Next | undefined;

  constructor(seed: number, lifetime: number, renewalInfo: boolean, skew: number) {
    this.#chance = random(seed);
    this.#lifetime = lifetime;
    this.#renewalInfo = renewalInfo;
    this.#skew = skew;
  }

  run(): this {
    const start = this.#now;
    for (; this.#now < start + 365 * DAY; this.#now += 5 * MINUTE) {
      const due = lookDue(this.#next, names, this.#clock) !== undefined;
      const scheduled = Math.floor((this.#now - start) / (5 * MINUTE)) % 144 === 0;
      if (due || scheduled) this.#machine();
      if (this.#served !== undefined) {
        this.leastLeft = Math.min(this.leastLeft, Date.parse(this.#served.notAfter) - this.#now);
      }
    }
    return this;
  }

  get #clock(): number {
    return this.#now + this.#skew;
  }

  #machine(): void {
    const due = this.#step("check") ? this.#decide() : undefined;
    if (due === undefined) this.#putOff(false);
    if (due === "order" && !this.#order()) this.#putOff(true);
    else if ((due === "order" || due === "deploy") && this.#step("deploy") && this.#call()) {
      this.#served = this.#current;
    }
  }

  #order(): boolean {
    if (this.#issued === undefined && !this.#getIssued()) return false;
    if (!this.#step("order") || !this.#step("store")) return false;
    this.#attempts = afterIssue(this.#attempts, names, this.#clock);
    this.#current = this.#issued;
    this.#issued = undefined;
    return true;
  }

  #getIssued(): boolean {
    this.orders.push(this.#now);
    for (const name of ["order", "present", "poll", "validate"]) if (!this.#step(name)) return false;
    // The authority's own look fails as often as any call.
    if (!this.#call()) {
      this.validations.push(this.#now);
      return false;
    }
    if (!this.#step("finalize")) return false;
    this.issues.push(this.#now);
    this.#issued = this.#issue();
    return true;
  }

  #decide(): string {
    const due = decide({
      now: this.#clock,
      names,
      authority: true,
      current: this.#current,
      served: this.#served?.fingerprint ?? "none",
      window: this.#window(),
      attempts: this.#attempts,
    });
    const at = due.action === "nothing" ? due.next : this.#clock + 6 * HOUR;
    this.#next = { at: new Date(at).toISOString(), names, reason: "", waiting: false };
    return due.action;
  }

  #putOff(ordered: boolean): void {
    if (ordered) {
      const left = this.#current && Date.parse(this.#current.notAfter) - this.#clock;
      this.#attempts = afterFailure(this.#attempts, names, this.#clock, {
        ...(left !== undefined && { left }),
      });
    }
    const at = Math.max(mayOrderFrom(this.#attempts, names), this.#clock + 15 * MINUTE);
    this.#next = { at: new Date(at).toISOString(), names, reason: "", waiting: false };
  }

  #window(): RenewalWindow | undefined {
    if (!this.#renewalInfo || this.#current === undefined || !this.#call()) return undefined;
    const from = Date.parse(this.#current.notBefore);
    const at = (part: number) => new Date(from + this.#lifetime * part).toISOString();
    return { start: at(0.64), end: at(0.68) };
  }

  #issue(): Certificate {
    const number = this.issues.length;
    return {
      serial: Math.floor(this.#chance() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
      fingerprint: digest("a").slice(8) + number.toString(16).padStart(8, "0"),
      notBefore: new Date(this.#now - HOUR).toISOString(),
      notAfter: new Date(this.#now - HOUR + this.#lifetime).toISOString(),
      names,
      selfSigned: false,
    };
  }

  #step(name: string): boolean {
    const calls = STEPS.find(([step]) => step === name)?.[1] ?? 1;
    return Array.from({ length: TRIES }).some(() => Array.from({ length: calls }).every(() => this.#call()));
  }

  #call(): boolean {
    return this.#chance() >= FAULTS;
  }
}

/** The most events in any stretch of so many milliseconds. */
function most(events: readonly number[], stretch: number): number {
  return Math.max(
    0,
    ...events.map((from) => events.filter((at) => at >= from && at < from + stretch).length),
  );
}

for (const [life, lifetime] of Object.entries({
  "160 h": 160 * HOUR,
  "45 days": 45 * DAY,
  "90 days": 90 * DAY,
})) {
  for (const renewalInfo of [true, false]) {
    test(`a year with certificates of ${life}, ${renewalInfo ? "with" : "without"} renewal information`, () => {
      let leastLeft = Number.POSITIVE_INFINITY;
      let orders = 0;
      for (const [i, skew] of [0, 0, HOUR, -HOUR].entries()) {
        const year = new Year(i + 1, lifetime, renewalInfo, skew).run();
        leastLeft = Math.min(leastLeft, year.leastLeft);
        orders = Math.max(orders, year.orders.length);
        assert.ok(year.leastLeft > DAY, `${year.leastLeft / HOUR} h were left, seed ${i + 1}`);
        // https://letsencrypt.org/docs/rate-limits/
        assert.ok(most(year.validations, HOUR) < 5, "failed authorisations in an hour");
        assert.ok(most(year.issues, 7 * DAY) <= 5, "certificates for one set of names in seven days");
        assert.ok(most(year.orders, 3 * HOUR) < 300, "orders in three hours");
      }
      console.log(`${life}: at least ${(leastLeft / HOUR).toFixed(1)} h left, at most ${orders} orders`);
    });
  }
}
