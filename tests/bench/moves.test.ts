import assert from "node:assert/strict";
import { test } from "node:test";
import { visitors } from "../../bench/visitors.ts";
import { TestStack } from "../kit/stack.ts";

test("no new connection fails while the address moves from machine to machine", {
  timeout: 300_000,
}, async (t) => {
  const stack = await TestStack.start();
  try {
    const deploy = async (n: number) => {
      const upload = () => stack.put(stack.content, "index.html", `<h1>deployment ${n}</h1>`);
      assert.ok((await stack.settleAfter(upload, 240_000)).some(({ outcome }) => outcome === "live"));
    };
    await deploy(0);
    const isPage = (body: string) => /^<h1>deployment \d<\/h1>$/.test(body);
    const rates = { fresh: 5, kept: 10, connections: 5 };
    const visiting = visitors({ address: stack.address, ...rates, isPage });
    try {
      for (const n of [1, 2]) await deploy(n);
    } finally {
      await visiting.stop();
    }
    const { fresh, kept, failedFresh, cutFresh, cut, wrong } = visiting.seen;
    t.diagnostic(
      `${fresh} new and ${kept} kept requests; ${cutFresh.length} and ${cut.length} were cut by the moves`,
    );
    assert.ok(fresh > 20 && kept > 20, `${fresh} and ${kept} requests`);
    assert.deepEqual([failedFresh, wrong], [[], []]);
    // Each connection that was kept is cut once a move at most.
    assert.ok(cut.length <= 2 * rates.connections, `${cut.length} were cut`);
  } finally {
    await stack.stop();
  }
});
