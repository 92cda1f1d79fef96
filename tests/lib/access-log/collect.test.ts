import assert from "node:assert/strict";
import { test } from "node:test";
import { type Collected, type Cursor, collect } from "../../../lib/access-log/collect.ts";
import { NoReport, type Report, readReport } from "../../../lib/access-log/report.ts";
import type { ObjectStore } from "../../../lib/objects.ts";
import { chance } from "../../simulation/world/random.ts";
import { MemoryStore } from "../memory-store.ts";

/** A machine's log as unikernel/lib/visitors.ml keeps it, of at most so many lines. */
class Machine {
  readonly #room: number;
  readonly #perAnswer: number;
  #boot = 1;
  #first = 1;
  #lines: string[] = [];
  readonly all: string[] = [];
  forgotten = 0;

  constructor(room: number, perAnswer: number) {
    this.#room = room;
    this.#perAnswer = perAnswer;
  }

  visit(): void {
    const line = `192.0.2.0 - - [23/Nov/2026:08:05:07 +0000] "GET /${this.all.length}"`;
    this.all.push(line);
    this.#lines.push(line);
    while (this.#lines.length > this.#room) {
      this.#lines.shift();
      this.#first += 1;
      this.forgotten += 1;
    }
  }

  restart(): void {
    this.forgotten += this.#lines.length;
    this.#boot += 1;
    this.#first = 1;
    this.#lines = [];
  }

  answer(kept: Cursor | undefined): Report {
    while (kept?.boot === String(this.#boot) && this.#first <= kept.last && this.#lines.length > 0) {
      this.#lines.shift();
      this.#first += 1;
    }
    const lines = this.#lines.slice(0, this.#perAnswer);
    const newest = this.#first + this.#lines.length - 1;
    const requests = newest;
    const counters = { uptime: 1, requests, bytes: 0, notModified: 0, connections: 0, handshakeFailures: 0 };
    const responses = { "2xx": requests, "3xx": 0, "4xx": 0, "5xx": 0 };
    const last = this.#first + lines.length - 1;
    return { ...counters, responses, boot: String(this.#boot), first: this.#first, last, newest, lines };
  }
}

/** All lines that are kept, in the order of the objects' names. */
async function keptLines(store: ObjectStore): Promise<string[]> {
  const bodies = await Promise.all((await store.list("access-logs/")).map((key) => store.get(key)));
  return bodies.flatMap((object) => object?.body.trimEnd().split("\n") ?? []);
}

test("keeps every line once, in objects named after the day and the first line", async () => {
  const [store, machine] = [new MemoryStore(), new Machine(100, 4)];
  const run = () => collect(store, 12, async (kept) => machine.answer(kept));
  assert.equal((await run()).lines, 0);
  for (let i = 0; i < 10; i++) machine.visit();
  const { lines, lost, counted } = await run();
  assert.deepEqual([lines, lost, counted.requests, counted.responses["2xx"]], [10, 0, 10, 10]);
  machine.visit();
  assert.deepEqual([(await run()).lines, (await run()).lines], [1, 0]);
  assert.deepEqual(await keptLines(store), machine.all);
  const names = [1, 5, 9, 11].map(
    (n) => `access-logs/2026/11/23/000012-1-${String(n).padStart(12, "0")}.log`,
  );
  assert.deepEqual(await store.list("access-logs/"), names);
});

test("says how many lines were lost, and begins anew after a restart", async () => {
  const [store, machine] = [new MemoryStore(), new Machine(5, 10)];
  const run = () => collect(store, 1, async (kept) => machine.answer(kept));
  for (let i = 0; i < 8; i++) machine.visit();
  assert.deepEqual(pick(await run()), [5, 3, 8]);
  machine.restart();
  machine.visit();
  machine.visit();
  assert.deepEqual(pick(await run()), [2, 0, 2], "what was there before is not counted off");
});

const pick = ({ lines, lost, counted }: Collected) => [lines, lost, counted.requests];

/**
 * Runs that die at any call and others beside them, while visits come, lines are forgotten and the machine is
 * started anew: what is kept is each line at most once, and all but those that the machine itself forgot.
 */
test("neither loses nor doubles a line whatever dies, and whoever runs beside", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = chance(seed, "collect");
    const next = (below: number) => random.whole(0, below - 1);
    const [store, machine] = [new MemoryStore(), new Machine(next(2) === 0 ? 1000 : 12, 1 + next(6))];
    const died = new Error("died");
    const told: Collected[] = [];
    const mortal = new Proxy<ObjectStore>(store, {
      get:
        (target, name: keyof ObjectStore) =>
        async (...args: unknown[]) => {
          if (next(9) === 0) throw died;
          const result = await (target[name] as (...args: unknown[]) => Promise<unknown>).apply(target, args);
          // It has happened, and nobody hears of it.
          if (next(9) === 0) throw died;
          return result;
        },
    });
    const run = async (through: ObjectStore) => {
      try {
        const answer = async (kept: Cursor | undefined) => {
          for (let i = next(4); i > 0; i--) machine.visit();
          return machine.answer(kept);
        };
        told.push(await collect(through, 3, answer));
      } catch (error) {
        if (error !== died) throw error;
      }
    };
    for (let round = 0; round < 12; round++) {
      for (let i = next(10); i > 0; i--) machine.visit();
      await Promise.all(Array.from({ length: 1 + next(3) }, () => run(mortal)));
      if (next(12) === 0) machine.restart();
    }
    for (let lines = 1; lines > 0; ) {
      const last = await collect(store, 3, async (kept) => machine.answer(kept));
      told.push(last);
      lines = last.lines;
    }
    const kept = await keptLines(store);
    assert.equal(new Set(kept).size, kept.length, `seed ${seed}: a line is kept twice`);
    const missing = machine.all.filter((line) => !kept.includes(line)).length;
    assert.ok(missing <= machine.forgotten, `seed ${seed}: ${missing} lost, ${machine.forgotten} forgotten`);
    const said = told.reduce((sum, { lost }) => sum + lost, 0);
    assert.ok(said <= machine.forgotten, `seed ${seed}: more lost by what is said than forgotten`);
  }
});

test("trusts nothing in an answer", () => {
  const report = new Machine(5, 5).answer(undefined);
  const { lines: _, ...summary } = report;
  const text = (change: object, lines = "") => `${JSON.stringify({ ...summary, ...change })}\n${lines}`;
  assert.deepEqual(readReport(text({})), report);
  assert.deepEqual(readReport(text({ last: 2, newest: 2 }, "a\nb\n")).lines, ["a", "b"]);
  for (const wrong of [
    "",
    "{}\n",
    "[]\n",
    text({ boot: "../x" }),
    text({ first: 0 }),
    text({ requests: -1 }),
    text({ last: 2, newest: 2 }, "a\n"),
    text({ last: 1, newest: 1 }, "a\nb\n"),
    text({ last: 1, newest: 1 }, "a"),
    text({ last: 1, newest: 0 }, "a\n"),
  ]) {
    assert.throws(() => readReport(wrong), NoReport, wrong);
  }
});
