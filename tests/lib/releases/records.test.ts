import assert from "node:assert/strict";
import { test } from "node:test";
import { getJson, putJson } from "../../../lib/objects.ts";
import { LIVE_KEY, padded } from "../../../lib/releases/object-keys.ts";
import { liveSchema } from "../../../lib/releases/records.ts";
import {
  openRelease,
  readLive,
  readRelease,
  readReleases,
  releaseNumbers,
  releaseOf,
  updateRelease,
  writeRelease,
} from "../../../lib/releases/stored.ts";
import { MemoryStore } from "../memory-store.ts";
import { live, release } from "./records.fixtures.ts";

const startedAt = "2026-01-01T00:00:00.000Z";
const opened = (execution: string) => ({ execution, reason: "content" as const, startedAt });

test("release numbers in keys sort as numbers do", () => {
  const numbers = [1, 9, 10, 99, 100, 99_999, 100_000];
  assert.deepEqual(numbers.map(padded).sort(), numbers.map(padded));
});

test("an execution that opens its release again gets the same one", async () => {
  const store = new MemoryStore();
  const first = await openRelease(store, opened("a"));
  assert.equal(first.number, 1);
  assert.deepEqual(await openRelease(store, opened("a")), first);
  assert.deepEqual(await releaseNumbers(store), [1]);
});

test("two runs of an execution's step open one release, also when one opens it after the other has looked", async () => {
  class Overtaken extends MemoryStore {
    #looked = false;

    override async get(key: string) {
      const found = await super.get(key);
      if (!this.#looked) {
        this.#looked = true;
        await openRelease(this, opened("a"));
      }
      return found;
    }
  }
  const store = new Overtaken();
  await writeRelease(store, release(1));
  assert.equal((await openRelease(store, opened("a"))).number, 2);
  assert.deepEqual(await releaseNumbers(store), [1, 2]);
});

test("executions that open releases at the same time get numbers of their own, without gaps", async () => {
  const store = new MemoryStore();
  const names = Array.from({ length: 8 }, (_, i) => `execution-${i}`);
  const releases = await Promise.all(names.map((name) => openRelease(store, opened(name))));
  assert.deepEqual(
    releases.map(({ number }) => number).sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  for (const { number, execution } of releases)
    assert.equal((await readRelease(store, number))?.execution, execution);
});

test("a release belongs to the execution that opened it, and to no other", async () => {
  const store = new MemoryStore();
  assert.equal(await releaseOf(store, "a"), undefined);
  await openRelease(store, opened("a"));
  assert.equal((await releaseOf(store, "a"))?.number, 1);
  assert.equal(await releaseOf(store, "b"), undefined);
});

test("changing a release keeps what the change does not name; one that is not there stays away", async () => {
  const store = new MemoryStore();
  await writeRelease(store, release(1, { status: "preparing" }));
  await updateRelease(store, 1, { status: "live", instanceId: "i-1" });
  assert.deepEqual(await readRelease(store, 1), release(1, { status: "live", instanceId: "i-1" }));
  await updateRelease(store, 2, { status: "live" });
  assert.deepEqual(await releaseNumbers(store), [1]);
});

test("the newest releases come first, in pieces until there are enough", async () => {
  const store = new MemoryStore();
  for (const number of [1, 2, 9, 10, 11]) await writeRelease(store, release(number));
  const numbers = async (least: number) =>
    (await readReleases(store, ({ length }) => length >= least, 2)).map(({ number }) => number);
  assert.deepEqual(await numbers(0), [11, 10]);
  assert.deepEqual(await numbers(3), [11, 10, 9, 2]);
  assert.deepEqual(await numbers(9), [11, 10, 9, 2, 1]);
});

test("what a rollback went back to is read with it, however old it is", async () => {
  const store = new MemoryStore();
  for (const number of [1, 2, 3, 4]) await writeRelease(store, release(number));
  await writeRelease(store, release(5, { reason: "rollback", status: "restored", to: 1 }));
  await writeRelease(store, release(6, { reason: "rollback", status: "failed", to: 99 }));
  assert.deepEqual(
    (await readReleases(store, undefined, 2)).map(({ number }) => number),
    [6, 5, 1],
  );
});

test("the live record comes with its version, and a damaged one is named", async () => {
  const store = new MemoryStore();
  assert.equal(await readLive(store), undefined);
  const etag = await putJson(store, LIVE_KEY, live());
  assert.deepEqual(await readLive(store), { value: live(), etag });
  await store.put(LIVE_KEY, '{"release":0}');
  await assert.rejects(readLive(store), /The record live\.json cannot be read/);
  await store.put(LIVE_KEY, "{");
  await assert.rejects(getJson(store, LIVE_KEY, liveSchema), /The record live\.json cannot be read/);
});
