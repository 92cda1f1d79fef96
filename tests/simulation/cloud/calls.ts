import type { State } from "../../../local/ec2/state.ts";
import { AwsError } from "../../../local/service.ts";
import type { Clock } from "../world/clock.ts";
import type { Answered, Asked } from "../world/exchange.ts";
import { current, never } from "../world/life.ts";
import type { CallFault, Faults } from "./faults.ts";
import type { Front } from "./front.ts";
import { Invocation } from "./lambda.ts";

/** A call that AWS carried out, whatever its caller heard of it. */
export interface Carried {
  readonly service: string;
  /** "RunInstances", or "PUT /bucket/key" for the REST services. */
  readonly action: string;
  readonly asked: Asked;
  readonly status: number;
  /** Undefined for a person's call. */
  readonly invocation: Invocation | undefined;
}

export interface CallsOptions {
  readonly clock: Clock;
  readonly front: Front;
  readonly faults: Faults;
  readonly ec2State: () => Readonly<State>;
  readonly trace: (line: string) => void;
  readonly onCarried: (call: Carried) => void;
  /** Told of every fault that befalls a function. */
  readonly onFault: (invocation: Invocation) => void;
}

/** Every call to AWS: takes time, goes wrong as the faults have it, and is told to whoever watches. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #fresh: Fresh;

  constructor(options: CallsOptions) {
    this.#options = options;
    this.#fresh = new Fresh(options);
  }

  readonly carry = async (service: string, asked: Asked): Promise<Answered> => {
    const { clock, faults, trace } = this.#options;
    const life = current();
    const invocation = life instanceof Invocation ? life : undefined;
    const action = actionOf(service, asked);
    const fault = invocation === undefined ? undefined : faults.call(service, action);
    if (fault !== undefined && invocation !== undefined) this.#options.onFault(invocation);
    await clock.sleep(faults.latency() * 1000);
    if (invocation?.ended === true) return never();
    const who = invocation === undefined ? "a person" : `${invocation.name}#${invocation.number}`;
    const answered = await this.#carryOut(service, action, asked, fault, invocation);
    const refused = answered.status >= 400 ? ` (${codeOf(answered)})` : "";
    trace(`${who}: ${action} → ${answered.status}${refused}${fault === undefined ? "" : `, ${fault.kind}`}`);
    if (fault?.kind === "killed after") {
      invocation?.kill();
      return never();
    }
    await clock.sleep(faults.latency() * 1000);
    if (fault?.kind === "timeout after") await clock.sleep(30_000);
    if (fault?.kind === "timeout after" || fault?.kind === "reset after") throw broken();
    if (fault?.kind === "error after") return this.#options.front.refuse(service, asked, lost);
    return answered;
  };

  async #carryOut(
    service: string,
    action: string,
    asked: Asked,
    fault: CallFault | undefined,
    invocation: Invocation | undefined,
  ): Promise<Answered> {
    const { front, trace, onCarried } = this.#options;
    if (fault?.kind === "refused") return front.refuse(service, asked, fault.error);
    if (fault?.kind === "reset before") {
      trace(`${invocation?.name}#${invocation?.number}: ${action} is not heard, ${fault.kind}`);
      throw broken();
    }
    if (fault?.kind === "killed before") {
      trace(`${invocation?.name}#${invocation?.number}: killed before ${action}`);
      invocation?.kill();
      return never();
    }
    const answered = await this.#fresh.call(service, action, asked);
    if (answered.status < 400) onCarried({ service, action, asked, status: answered.status, invocation });
    return answered;
  }
}

const lost = new AwsError(
  "InternalError",
  "An internal error has occurred, after the call was carried out.",
  500,
);

/** As the SDK's request handler names a connection that broke. */
function broken(): Error {
  return Object.assign(new Error("read ECONNRESET"), { name: "TimeoutError", code: "ECONNRESET" });
}

function actionOf(service: string, asked: Asked): string {
  if (service === "ec2" || service === "sns") {
    return new URLSearchParams(asked.body.toString()).get("Action") ?? "";
  }
  const target = asked.headers["x-amz-target"];
  const url = asked.url.replace(/[?&]x-id=\w+/, "");
  return target?.split(".").at(-1) ?? `${asked.method} ${decodeURIComponent(url)}`;
}

function codeOf({ headers, body }: Answered): string {
  return headers["x-amzn-errortype"] ?? /<Code>(.*?)<\/Code>/.exec(body.toString("utf8"))?.[1] ?? "no code";
}

type Kind = "instances" | "images" | "snapshots";
const KINDS: readonly Kind[] = ["instances", "images", "snapshots"];

const UNKNOWN: Readonly<Record<string, readonly [code: string, text: string]>> = {
  i: ["InvalidInstanceID.NotFound", "The instance ID does not exist"],
  ami: ["InvalidAMIID.NotFound", "The image id does not exist"],
  snap: ["InvalidSnapshot.NotFound", "The snapshot does not exist."],
};

/** EC2 is eventually consistent: what was just made is found by its id, and in lists, only after a while. */
class Fresh {
  readonly #options: CallsOptions;
  readonly #known = new Set<string>();
  readonly #unseen = new Map<string, number>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  async call(service: string, action: string, asked: Asked): Promise<Answered> {
    const { front, ec2State } = this.#options;
    if (service !== "ec2" && service !== "ebs") return front.call(service, asked);
    const named = decodeURIComponent(`${asked.url} ${service === "ec2" ? asked.body.toString() : ""}`);
    for (const [id, kind = ""] of named.matchAll(/\b(i|ami|snap)-0[0-9a-f]{16}\b/g)) {
      if (this.#hides(id)) return front.refuse(service, asked, unknown(service, kind));
    }
    const lists = /^Describe(Instances|Images|Snapshots)$/.test(action);
    const hidden = lists ? this.#takeAway(ec2State()) : [];
    const answering = front.call(service, asked);
    try {
      return await answering;
    } finally {
      for (const { home, id, record } of hidden) home[id] ??= record;
      this.#note();
    }
  }

  #hides(id: string): boolean {
    const until = this.#unseen.get(id);
    return until !== undefined && until > this.#options.clock.now;
  }

  #takeAway(state: Readonly<State>) {
    const hidden: { home: Record<string, unknown>; id: string; record: unknown }[] = [];
    for (const kind of KINDS) {
      const home: Record<string, unknown> = state[kind];
      for (const [id, record] of Object.entries(home)) {
        if (!this.#hides(id)) continue;
        hidden.push({ home, id, record });
        delete home[id];
      }
    }
    return hidden;
  }

  #note(): void {
    const { clock, ec2State, faults } = this.#options;
    for (const kind of KINDS) {
      for (const id of Object.keys(ec2State()[kind])) {
        if (this.#known.has(id)) continue;
        this.#known.add(id);
        this.#unseen.set(id, clock.now + faults.unseenSeconds() * 1000);
      }
    }
  }
}

function unknown(service: string, kind: string): AwsError {
  if (service === "ebs") {
    return new AwsError("ResourceNotFoundException", "The snapshot does not exist.", 404);
  }
  const [code, text] = UNKNOWN[kind] ?? ["InvalidID", "It does not exist."];
  return new AwsError(code, text);
}
