import { AwsError } from "../../../local/service.ts";
import type { Chance } from "../world/random.ts";
import type { BuildFate } from "./builds.ts";
import type { InvocationFault } from "./lambda.ts";
import type { Fate } from "./machines.ts";

/** How a call goes wrong. "after" kinds happened all the same. */
export type CallFault =
  | { readonly kind: "refused"; readonly error: AwsError }
  | { readonly kind: "reset before" | "reset after" | "timeout after" | "error after" }
  | { readonly kind: "killed before" | "killed after" };

/** How bad the weather of a history is: probabilities. */
interface Weather {
  readonly call: number;
  readonly kill: number;
  readonly invocation: number;
  readonly machine: number;
  readonly build: number;
  readonly event: number;
  readonly stale: number;
}

const WEATHERS: Readonly<Record<string, Weather>> = {
  calm: { call: 0, kill: 0, invocation: 0, machine: 0, build: 0, event: 0, stale: 0.2 },
  light: { call: 0.01, kill: 0.001, invocation: 0.01, machine: 0.05, build: 0.03, event: 0.05, stale: 0.5 },
  rough: { call: 0.05, kill: 0.004, invocation: 0.04, machine: 0.2, build: 0.1, event: 0.1, stale: 0.5 },
  broken: { call: 0.25, kill: 0.02, invocation: 0.1, machine: 0.4, build: 0.3, event: 0.2, stale: 0.8 },
};

/** Everything that can go wrong, drawn from the seed; nothing does any more once it has cleared up. */
export class Faults {
  readonly weather: string;
  readonly #weather: Weather;
  readonly #chance: Chance;
  readonly #now: () => number;
  readonly #clearsAt: number;
  /** Times in which a service hardly answers: outages of AWS. */
  readonly #outages: readonly { readonly service: string; readonly from: number; readonly to: number }[];

  constructor(chance: Chance, span: { readonly from: number; readonly to: number }, now: () => number) {
    this.weather = chance.pick(["calm", "light", "light", "rough", "rough", "rough", "broken"]);
    this.#weather = WEATHERS[this.weather] as Weather;
    this.#chance = chance;
    this.#now = now;
    this.#clearsAt = span.to;
    const outages = this.weather === "calm" ? 0 : chance.whole(0, 2);
    this.#outages = Array.from({ length: outages }, () => {
      const from = chance.between(span.from, span.to);
      const service = chance.pick(["s3", "ec2", "ebs", "states", "sns"]);
      return { service, from, to: from + chance.between(5_000, 240_000) };
    });
  }

  /** Whether it has cleared up: from now on everything works. */
  get over(): boolean {
    return this.#now() >= this.#clearsAt;
  }

  /** What goes wrong with a function's call of a service. */
  call(service: string, action: string): CallFault | undefined {
    if (this.over) return undefined;
    const { call, kill, machine } = this.#weather;
    if (STARTS.has(action) && this.#chance.happens(machine / 4)) return { kind: "refused", error: noRoom };
    if (this.#chance.happens(kill)) {
      return { kind: this.#chance.happens(0.5) ? "killed before" : "killed after" };
    }
    const now = this.#now();
    const out = this.#outages.some((one) => one.service === service && now >= one.from && now < one.to);
    if (!this.#chance.happens(out ? 0.9 : call)) return undefined;
    const kinds = [
      "throttled",
      "throttled",
      "failed",
      "reset before",
      "reset after",
      "timeout after",
      "error after",
    ];
    const kind = this.#chance.pick(kinds);
    if (kind === "throttled") return { kind: "refused", error: throttled(service) };
    if (kind === "failed") return { kind: "refused", error: failed(service) };
    return { kind } as CallFault;
  }

  /** Seconds that one way of a call takes. */
  latency(): number {
    const chance = this.#chance;
    if (this.over || !chance.happens(0.01)) return chance.between(0.003, 0.04);
    return chance.happens(0.2) ? chance.between(2, 8) : chance.between(0.1, 2);
  }

  startSeconds(): number {
    return this.#chance.happens(0.1) ? this.#chance.between(0.2, 1.5) : this.#chance.between(0.005, 0.03);
  }

  invocation(): InvocationFault {
    const chance = this.#chance;
    if (this.over || !chance.happens(this.#weather.invocation)) return {};
    switch (chance.whole(0, 3)) {
      case 0:
        return {
          refused: chance.pick(["ServiceException", "TooManyRequestsException", "SdkClientException"]),
        };
      case 1:
        return { unheard: true };
      default:
        return { againAfter: chance.happens(0.5) ? 0 : chance.between(0, 5) };
    }
  }

  machine(bootSeconds: number): Fate {
    const chance = this.#chance;
    const normal: Fate = { bootSeconds: chance.between(3, 12), deaf: false };
    if (this.over || !chance.happens(this.#weather.machine)) return normal;
    switch (chance.whole(0, 5)) {
      case 0:
        return { ...normal, deaf: true };
      case 1:
        return { ...normal, bootSeconds: chance.between(0.5, 1.5) * bootSeconds };
      case 2:
        return { ...normal, diesAfter: chance.between(0, 2 * normal.bootSeconds) };
      case 3:
        return { ...normal, diesAfter: normal.bootSeconds + chance.between(0, 15) };
      case 4:
        return { ...normal, diesAfter: normal.bootSeconds + chance.between(10, 1200) };
      default:
        return { ...normal, hangsAfter: normal.bootSeconds + chance.between(0, 1200) };
    }
  }

  /** Seconds after which a machine that has just got the address dies; undefined: it does not, for that. */
  stumble(): number | undefined {
    if (this.over || !this.#chance.happens(this.#weather.machine / 2)) return undefined;
    return this.#chance.between(0, 3);
  }

  build(): BuildFate {
    const chance = this.#chance;
    const seconds = chance.between(3, 12);
    if (this.over || !chance.happens(this.#weather.build)) return { seconds, ends: "SUCCEEDED" };
    if (chance.happens(0.2)) return { seconds: 60, ends: "TIMED_OUT" };
    return chance.happens(0.2) ? { seconds, ends: "SUCCEEDED", empty: true } : { seconds, ends: "FAILED" };
  }

  /** How an import of a disk goes: how long it takes, and whether VM Import gives it up (its task ends as deleted). */
  import(): { readonly seconds: number; readonly fails: boolean } {
    const chance = this.#chance;
    const seconds = chance.between(1, 8);
    return { seconds, fails: !this.over && chance.happens(this.#weather.build) };
  }

  /** Seconds until a fresh image, snapshot or instance is found by its id and in lists. */
  unseenSeconds(): number {
    const chance = this.#chance;
    if (this.over || !chance.happens(this.#weather.stale)) return 0;
    return chance.happens(0.05) ? chance.between(5, 40) : chance.between(0, 4);
  }

  /** Seconds until an event is delivered, one number for each time that it is. */
  deliveries(): number[] {
    const chance = this.#chance;
    const once = () =>
      !this.over && chance.happens(this.#weather.event / 4)
        ? chance.between(20, 150)
        : chance.between(0.2, 3);
    return !this.over && chance.happens(this.#weather.event) ? [once(), once()] : [once()];
  }

  /** An event's text, now and then with something in it that nobody expects: events say no more than "look". */
  eventBody(text: string): string {
    if (this.over || !this.#chance.happens(this.#weather.event / 4)) return text;
    return this.#chance.pick([
      "",
      "null",
      "[]",
      text.slice(0, text.length / 2),
      '{"detail":{"object":null}}',
    ]);
  }

  /** Seconds that an address takes to lead elsewhere. */
  addressSeconds(): number {
    return this.#chance.between(0, 4);
  }
}

/** Calls that need room in a zone. */
const STARTS = new Set(["RunInstances", "StartInstances"]);
const noRoom = new AwsError(
  "InsufficientInstanceCapacity",
  "We currently do not have sufficient t3.nano capacity in the Availability Zone you requested.",
  500,
);

function throttled(service: string): AwsError {
  switch (service) {
    case "s3":
      return new AwsError("SlowDown", "Please reduce your request rate.", 503);
    case "ec2":
      return new AwsError("RequestLimitExceeded", "Request limit exceeded.", 503);
    case "ebs":
      return new AwsError("RequestThrottledException", "The number of requests exceeds the limit.", 400);
    default:
      return new AwsError("ThrottlingException", "Rate exceeded", 400);
  }
}

function failed(service: string): AwsError {
  const code = service === "s3" ? "InternalError" : service === "ec2" ? "InternalError" : "InternalFailure";
  return new AwsError(code, "We encountered an internal error. Please try again.", 500);
}
