import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { TurnLost } from "../../lib/errors.ts";
import { ConditionFailed, type ObjectStore } from "../../lib/objects.ts";
import {
  assertTurn,
  consumeRequest,
  firstRequest,
  LOCK_KEY,
  REQUESTS_PREFIX,
  releaseTurn,
  requestDeployment,
  starterFor,
  TAKE_OVER_AFTER_SECONDS,
  type TurnWorld,
  takeTurn,
} from "../../lib/turn.ts";
import { explore, type History, Scheduler } from "./interleavings.ts";
import { MemoryStore } from "./memory-store.ts";

const REQUEST = `${REQUESTS_PREFIX}content.json`;
const etagOf = (body: string) => `"${createHash("md5").update(body).digest("hex").slice(0, 8)}"`;

interface Faults {
  /** How many executions may be stopped from outside, at any moment. */
  readonly deaths: number;
  /** How many steps may be run a second time, as Step Functions does after a lost answer. */
  readonly repeats: number;
  /** One more upload that comes when the first one is live and its execution is ending. */
  readonly late?: boolean;
  /** Deliberate damage to the protocol: the check must find it. */
  readonly broken?: "no take-over wait" | "look before letting go" | "consume unseen version";
}

interface Execution {
  ended?: number;
  /** A Lambda of it runs: it goes on when its execution is stopped. */
  inLambda: boolean;
}

/**
 * Uploads happen at any time; every upload's event writes a request and may start an execution; executions
 * take turns, each makes what the bucket holds live. The steps are those of the state machine, made of the
 * real functions of lib/turn.ts.
 */
class TurnHistory implements History {
  readonly scheduler = new Scheduler();
  readonly #faults: Faults;
  readonly #objects = new Map<string, string>();
  readonly #executions = new Map<string, Execution>();
  #now = 0;
  #content = 0;
  #live = 0;
  #deaths = 0;
  #repeats = 0;
  #lateCame = false;
  #sleepers: (() => void)[] = [];

  constructor(uploads: number, faults: Faults) {
    this.#faults = faults;
    for (let i = 1; i <= uploads; i += 1) this.scheduler.start(() => this.#upload(`upload${i}`));
  }

  #store(process: string): ObjectStore {
    const act = <T>(name: string, perform: () => T) => this.scheduler.act(process, name, perform);
    const require = (key: string, condition?: { absent: true } | { etag: string }) => {
      const body = this.#objects.get(key);
      const holds =
        condition === undefined ||
        ("absent" in condition ? body === undefined : body !== undefined && etagOf(body) === condition.etag);
      if (!holds) throw new ConditionFailed(key);
    };
    return {
      get: (key) =>
        act(`get ${key}`, () => {
          const body = this.#objects.get(key);
          return body === undefined ? undefined : { body, etag: etagOf(body) };
        }),
      put: (key, body, condition) =>
        act(`put ${key}`, () => {
          require(key, condition);
          this.#objects.set(key, body);
          return etagOf(body);
        }),
      putSecret: () => Promise.reject(new Error("The protocol has no secrets.")),
      delete: (key, condition) =>
        act(`delete ${key}`, () => {
          if (!this.#objects.has(key)) return;
          require(key, condition);
          this.#objects.delete(key);
        }),
      list: (prefix) =>
        act(`list ${prefix}`, () => [...this.#objects.keys()].filter((key) => key.startsWith(prefix))),
    };
  }

  #world(process: string): TurnWorld {
    return {
      store: this.#store(process),
      now: () => this.#now,
      life: (owner) =>
        this.scheduler.act(process, `look at ${owner}`, () => {
          const ended = this.#executions.get(owner)?.ended;
          const endedAt = this.#faults.broken === "no take-over wait" ? -1e9 : (ended ?? 0);
          return ended === undefined ? { running: true } : { running: false, endedAt };
        }),
    };
  }

  async #upload(name: string): Promise<void> {
    await this.scheduler.act(name, "uploads", () => {
      this.#content += 1;
    });
    const world = this.#world(name);
    const starter = await requestDeployment(world, {
      key: REQUEST,
      body: { kind: "content" },
      nonce: name,
    });
    if (starter !== undefined) this.#startExecution(starter.startAs);
  }

  #startExecution(name: string): void {
    if (this.#executions.has(name)) return;
    const execution: Execution = { inLambda: false };
    this.#executions.set(name, execution);
    this.scheduler.start(async () => {
      await this.#deploy(name, execution).catch((error: unknown) => {
        if (!(error instanceof TurnLost || error instanceof Stopped)) throw error;
      });
      execution.ended ??= this.#now;
    });
  }

  /** One Task state: it runs to its end even when its execution is stopped meanwhile, and maybe twice. */
  async #step<T>(name: string, execution: Execution, body: () => Promise<T>): Promise<T> {
    if (execution.ended !== undefined) throw new Stopped();
    execution.inLambda = true;
    try {
      let result = await body();
      if (this.#repeats < this.#faults.repeats) {
        const again = await this.scheduler.act(name, "is it run again?", () => this.#mayRepeat());
        if (again && execution.ended === undefined) result = await body();
      }
      return result;
    } finally {
      execution.inLambda = false;
    }
  }

  #mayRepeat(): boolean {
    if (this.#repeats >= this.#faults.repeats) return false;
    this.#repeats += 1;
    return true;
  }

  async #deploy(name: string, execution: Execution): Promise<void> {
    const world = this.#world(name);
    const { broken } = this.#faults;
    for (;;) {
      const turn = await this.#step(name, execution, () => takeTurn(world, name));
      if (turn.taken) break;
      if (turn.waitSeconds === undefined) return;
      const until = this.#now + turn.waitSeconds * 1000;
      await this.#sleepUntil(until);
    }
    const request = await this.#step(name, execution, () => firstRequest(world.store));
    // An idle turn works nothing off and so crosses nothing off.
    const covered =
      request &&
      (await this.#step(name, execution, async () => {
        const settled = await world.store.get(REQUEST);
        const content = await this.scheduler.act(name, "lists the bucket", () => this.#content);
        return { content, etag: settled?.etag ?? request.etag };
      }));
    if (covered !== undefined) {
      await this.#step(name, execution, async () => {
        await assertTurn(world.store, name);
        await this.scheduler.act(name, "makes it live", () => this.#makeLive(name, covered.content));
      });
    }
    const waiting = await this.#step(name, execution, async () => {
      if (broken === "look before letting go") {
        const early = await world.store.list(REQUESTS_PREFIX);
        if (covered !== undefined) await consumeRequest(world.store, REQUEST, covered.etag);
        await releaseTurn(world.store, name);
        return early.filter((key) => key !== REQUEST);
      }
      if (broken === "consume unseen version" && covered !== undefined) await world.store.delete(REQUEST);
      else if (covered !== undefined) await consumeRequest(world.store, REQUEST, covered.etag);
      return releaseTurn(world.store, name);
    });
    if (waiting.length > 0) this.#startExecution(`next-${name}`);
  }

  /** Wait states end when the world lets time pass. */
  async #sleepUntil(until: number): Promise<void> {
    while (this.#now < until) await new Promise<void>((wake) => this.#sleepers.push(wake));
  }

  #makeLive(name: string, content: number): void {
    const owner = this.#owner();
    if (owner !== name)
      throw new Error(`VIOLATION: ${name} changes the site while ${owner ?? "nobody"} has the turn`);
    if (content < this.#live) throw new Error(`VIOLATION: ${name} replaces newer content`);
    this.#live = content;
    if (this.#faults.late && !this.#lateCame) {
      this.#lateCame = true;
      this.scheduler.start(() => this.#upload("late"));
    }
  }

  #owner(): string | undefined {
    const lock = this.#objects.get(LOCK_KEY);
    return lock === undefined ? undefined : (JSON.parse(lock) as { owner: string }).owner;
  }

  events() {
    const running = [...this.#executions].filter(([, { ended }]) => ended === undefined);
    const deaths = this.#deaths < this.#faults.deaths ? running : [];
    // A Lambda's time limit is shorter than the wait before a take-over: it does not pass while one runs on.
    const dead = [...this.#executions.values()].filter(({ ended }) => ended !== undefined);
    const quiet = !dead.some(({ inLambda }) => inLambda);
    return [
      ...deaths.map(([name, execution]) => ({
        name: `${name} is stopped`,
        happen: () => {
          execution.ended = this.#now;
          this.#deaths += 1;
        },
      })),
      ...(this.#sleepers.length > 0 && quiet
        ? [{ name: "time passes", happen: () => this.#passTime() }]
        : []),
    ];
  }

  #passTime(): void {
    this.#now += (TAKE_OVER_AFTER_SECONDS + 1) * 1000;
    for (const wake of this.#sleepers.splice(0)) wake();
  }

  fingerprint = () =>
    JSON.stringify([
      [...this.#objects].toSorted(),
      [...this.#executions].toSorted(),
      this.#now,
      this.#content,
      this.#live,
      this.#deaths,
      this.#repeats,
    ]);

  check(): void {
    const violation = this.scheduler.observed.findLast((line) => line.includes("VIOLATION"));
    assert.equal(violation, undefined);
    const fault = this.scheduler.observed.findLast((line) => line.startsWith("error "));
    assert.equal(fault, undefined);
  }

  /** Everything is quiet: the newest content is live, unless a death left what reconcile will find. */
  checkEnd(): void {
    const requests = [...this.#objects.keys()].filter((key) => key.startsWith(REQUESTS_PREFIX));
    if (requests.length > 0 || this.#owner() !== undefined) {
      assert.ok(this.#deaths > 0, `nobody died, yet this is left: ${[...this.#objects.keys()].join(", ")}`);
      return;
    }
    assert.equal(
      this.#live,
      this.#content,
      "the bucket's newest content is not live and no request waits for it",
    );
  }
}

class Stopped extends Error {}

const run = (uploads: number, faults: Faults) => explore(() => new TurnHistory(uploads, faults), 400_000);

describe("the turn protocol, over all interleavings", () => {
  it("loses no upload and lets one execution change things at a time: two owners", async () => {
    const { states, ends } = await run(2, { deaths: 0, repeats: 0 });
    assert.ok(states > 300 && ends > 3, `${states} states, ${ends} ends`);
  });
  it("the same with an owner that dies at any moment", async () => {
    await run(2, { deaths: 1, repeats: 0 });
  });
  it("the same with a step that is run twice", async () => {
    await run(2, { deaths: 0, repeats: 1 });
  });
  it("the same with a request that comes when the owner has done its work", async () => {
    const { states } = await run(1, { deaths: 0, repeats: 0, late: true });
    assert.ok(states > 100, `${states} states`);
    await run(1, { deaths: 1, repeats: 0, late: true });
  });

  const faults: [NonNullable<Faults["broken"]>, Omit<Faults, "broken">][] = [
    ["no take-over wait", { deaths: 1, repeats: 0 }],
    ["look before letting go", { deaths: 0, repeats: 0 }],
    ["consume unseen version", { deaths: 0, repeats: 0 }],
  ];
  for (const [broken, others] of faults) {
    it(`finds what goes wrong with "${broken}"`, async () => {
      await assert.rejects(run(2, { ...others, broken }));
    });
  }
});

describe("a turn that one run of a function takes for itself", () => {
  it("is neither taken nor let go of by another run of the same execution, until that run is surely over", async () => {
    const store = new MemoryStore();
    let now = 0;
    const world: TurnWorld = { store, now: () => now, life: async () => ({ running: true }) };
    const taken = { taken: true, takenOver: false };
    assert.deepEqual(await takeTurn(world, "e", "first"), taken);
    assert.deepEqual(await takeTurn(world, "e", "first"), taken, "its answer was lost");
    now = 10_000;
    const waitSeconds = TAKE_OVER_AFTER_SECONDS - 10;
    assert.deepEqual(await takeTurn(world, "e", "second"), { taken: false, owner: "e", waitSeconds });
    await releaseTurn(store, "e", "second");
    assert.deepEqual(await takeTurn(world, "other"), { taken: false, owner: "e" });
    now = TAKE_OVER_AFTER_SECONDS * 1000;
    assert.deepEqual(await takeTurn(world, "e", "second"), { taken: true, takenOver: true });
    await releaseTurn(store, "e", "first");
    assert.deepEqual(await takeTurn(world, "other"), { taken: false, owner: "e" });
    await releaseTurn(store, "e", "second");
    assert.deepEqual(await takeTurn(world, "other"), taken);
  });
});

describe("starterFor", () => {
  it("gives one name to all who notice the same dead owner", async () => {
    const lock = { body: JSON.stringify({ owner: "dead", takenAt: "2026-01-01T00:00:00Z" }), etag: '"e-1"' };
    const store = { get: async () => lock } as unknown as ObjectStore;
    const world: TurnWorld = { store, now: () => 0, life: async () => ({ running: false, endedAt: 0 }) };
    assert.deepEqual(await starterFor(world, "a"), await starterFor(world, "b"));
  });
});
