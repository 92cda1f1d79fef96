import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeOrder,
  claimOrder,
  endOrder,
  ownOrder,
  readOrder,
  type Wanted,
} from "../../../lib/acme/order.ts";
import { MemoryStore } from "../memory-store.ts";

const wanted: Wanted = { names: ["site.test"], authority: "https://ca.test/dir", challenge: "http-01" };
const url = "https://ca.test/order/1";

function world(running: readonly string[], at = "2026-11-01T00:00:00Z") {
  const store = new MemoryStore();
  const life = async (owner: string) =>
    running.includes(owner) ? ({ running: true } as const) : ({ running: false, endedAt: 0 } as const);
  return { store, now: () => Date.parse(at), life };
}

test("of runs that begin at the same time one has the order; the others are told who", async () => {
  const runs = ["a", "b", "c", "d"];
  const shared = world(runs);
  const told = await Promise.all(runs.map((run) => claimOrder(shared, run, wanted)));
  const owner = (await readOrder(shared.store))?.value.owner;
  assert.deepEqual(
    told.map((other, i) => other ?? runs[i]),
    runs.map(() => owner),
  );
});

test("a run that is started again goes on with its own order", async () => {
  const own = world(["a"]);
  await claimOrder(own, "a", wanted);
  await changeOrder(own.store, "a", { url });
  assert.equal(await claimOrder(own, "a", wanted), undefined);
  assert.equal((await ownOrder(own.store, "a")).value.url, url);
});

test("a dead run's order is gone on with, unless it is for something else, or old", async () => {
  const urlAfter = async (change: Partial<Wanted>, at?: string) => {
    const first = world([]);
    await claimOrder(first, "dead", wanted);
    await changeOrder(first.store, "dead", { url, finalized: true });
    const second = { ...world(["b"], at), store: first.store };
    assert.equal(await claimOrder(second, "b", { ...wanted, ...change }), undefined);
    const { value } = await ownOrder(first.store, "b");
    return value.finalized ? value.url : undefined;
  };
  assert.equal(await urlAfter({}), url);
  assert.equal(await urlAfter({ names: ["site.test", "new.test"] }), undefined);
  assert.equal(await urlAfter({ authority: "https://other.test/dir" }), undefined);
  assert.equal(await urlAfter({ challenge: "dns-01" }), undefined);
  assert.equal(await urlAfter({}, "2026-11-01T23:00:00Z"), url);
  assert.equal(await urlAfter({}, "2026-11-02T01:00:00Z"), undefined);
});

test("a run that lost its order changes nothing of it any more", async () => {
  const shared = world([]);
  await claimOrder(shared, "dead", wanted);
  await claimOrder({ ...world(["b"]), store: shared.store }, "b", wanted);
  await assert.rejects(changeOrder(shared.store, "dead", { url }), { name: "OrderLost" });
  await endOrder(shared.store, "dead");
  assert.equal((await ownOrder(shared.store, "b")).value.owner, "b");
  await endOrder(shared.store, "b");
  assert.equal(await readOrder(shared.store), undefined);
});
