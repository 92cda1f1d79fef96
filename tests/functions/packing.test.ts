import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { verifyArchive } from "../../cli/archive/verify.ts";
import { bufferSource } from "../../lib/disk/source.ts";
import { archiveKey } from "../../lib/releases/object-keys.ts";
import { TestStack } from "../kit/stack.ts";
import { there } from "./by-hand.ts";

/** What packing a site again costs. The tests build on each other, in this order. */
describe("packing again", { timeout: 120_000 }, () => {
  let stack: TestStack;
  const large = randomBytes(24 * 1024 * 1024);
  /** Of pack-site: calls as "GET /bucket/key", and which objects it needed permission to read. */
  let calls: string[] = [];
  let read: string[] = [];

  before(async () => {
    stack = await TestStack.start({
      onCall: ({ action, caller }) => {
        if (caller.arn.includes("-pack-site-")) calls.push(action);
      },
      onDecision: ({ role, question }) => {
        if (role.includes("-pack-site-") && question.action === "s3:GetObject") read.push(question.resource);
      },
    });
  });
  after(() => stack?.stop());

  /** Deploys one changed page and tells the archive, which is in order. */
  const deploy = async (page: string) => {
    [calls, read] = [[], []];
    const [ended] = await stack.settleAfter(() => stack.put(stack.content, "index.html", page));
    assert.equal(ended?.outcome, "live", JSON.stringify(ended));
    const { digest } = there(await stack.live()).archive;
    const bytes = await stack.bytes(archiveKey(digest));
    assert.deepEqual((await verifyArchive(bufferSource(bytes), digest)).problems, []);
    assert.ok(bytes.includes(page) && bytes.includes(large.subarray(0, 100)));
    return digest;
  };
  const readsOf = (key: string) => calls.filter((call) => call === `GET /${key}`).length;

  it("what has not changed is neither read nor sent: S3 copies it", async () => {
    const ended = await stack.settleAfter(async () => {
      await stack.put(stack.content, "large.bin", large);
      await stack.put(stack.content, "index.html", "<h1>one</h1>");
    });
    assert.equal(ended.at(-1)?.outcome, "live", JSON.stringify(ended));
    const first = there(await stack.live()).archive.digest;
    // In the seconds after it was written an object may be written again unseen.
    await pause(3_000);
    await deploy("<h1>two</h1>");
    assert.equal(readsOf(`${stack.content}/large.bin`), 0);
    const needed = read.filter((arn) => arn.endsWith(archiveKey(first))).length;
    const copies = needed - readsOf(`${stack.state}/${archiveKey(first)}`);
    assert.ok(copies > 0, `${needed} permissions to read the archive before, ${copies} for copies`);
  });

  it("an archive that was written since is not copied from, the site is packed from nothing", async () => {
    const key = archiveKey(there(await stack.live()).archive.digest);
    const damaged = await stack.bytes(key);
    damaged.fill(0, damaged.length - 1_000_000, damaged.length - 900_000);
    await stack.put(stack.state, key, damaged);
    await deploy("<h1>three</h1>");
    assert.equal(readsOf(`${stack.content}/large.bin`), 1);
  });
});
