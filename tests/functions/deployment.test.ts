import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { contracts } from "../../lib/contracts.ts";
import type { ChatNotice } from "../../lib/notices/notice.ts";
import type { Notification } from "../../local/sns/notifications.ts";
import { get } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import { ByHand, eventually, failure, idleExecution, there } from "./by-hand.ts";

/**
 * The steps of one deployment, invoked one by one through the Lambda API, each with the role and environment
 * that the stack gives it. Every step is run twice: Step Functions may do so, and nothing may come of it.
 * The tests build on each other, in this order.
 */
describe("a deployment's functions", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let deployment: ByHand;
  let sfn: SFNClient;
  const calls: string[] = [];
  const count = (call: RegExp) => calls.filter((one) => call.test(one)).length;

  before(async () => {
    stack = await TestStack.start({
      onCall: ({ service, action, caller }) => {
        calls.push(`${caller.arn.split("/").at(-1)} ${service} ${action}`);
      },
    });
    sfn = new SFNClient(stack.sdk);
  });
  after(async () => {
    sfn?.destroy();
    await stack?.stop();
  });

  it("take-turn: takes a free turn, finds nothing to do, and takes its own turn again", async () => {
    deployment = await ByHand.begin(stack);
    const { turn, request } = await deployment.takeTurn();
    assert.deepEqual({ turn, request }, { turn: "idle", request: null });
  });

  it("take-turn: leaves the work to the owner of the turn", async () => {
    const other = await idleExecution(stack);
    const { turn, message } = await deployment.step("take-turn", { execution: other });
    assert.equal(turn, "elsewhere");
    assert.ok(message.includes(deployment.execution), message);
  });

  it("content-changed: writes one request for a batch, however large, and starts nobody beside the owner", async () => {
    const before = count(/^mirage-pages-prod-content-changed-us-east-1 s3 (PUT|DELETE)/);
    const Records = Array.from({ length: 10 }, (_, i) => ({ messageId: String(i), body: "{}" }));
    assert.equal(await stack.invoke("content-changed", { Records }), null);
    assert.equal(count(/^mirage-pages-prod-content-changed-us-east-1 s3 (PUT|DELETE)/), before + 1);
    assert.equal(count(/content-changed.* StartExecution/), 0);
    const { turn, request } = await deployment.takeTurn();
    assert.equal(turn, "taken");
    assert.equal(request?.kind, "content");
    await deployment.step("release-turn", { execution: idleOwner(), request: there(request) });
  });

  it("settle: two looks that saw the same settle; the marker is no part of the listing", async () => {
    await deployment.upload({ "index.html": "<h1>one</h1>", "mirage-pages.done": "done" });
    await stack.delete(stack.content, "mirage-pages.done");
    await deployment.upload({ "about.html": "<h1>about</h1>" });
    const first = await deployment.settleOnce({ listing: null, rounds: 0 });
    assert.equal(first.settled, false);
    assert.equal(await stack.read(`listings/${first.listing}.json`), undefined);
    const second = await deployment.settleOnce(first);
    assert.deepEqual(
      { settled: second.settled, rounds: second.rounds, files: second.files, bytes: second.bytes },
      { settled: true, rounds: 2, files: 2, bytes: 26 },
    );
    assert.equal(second.listing, first.listing);
    const kept = JSON.parse(there(await stack.read(`listings/${second.listing}.json`))) as { key: string }[];
    assert.deepEqual(
      kept.map(({ key }) => key),
      ["about.html", "index.html"],
    );
    // An event that comes late writes the request anew, between looks, too.
    const again = await deployment.settleOnce(first);
    assert.deepEqual({ ...again, request: second.request }, second);
  });

  it("settle: gives up with NeverSettled after its last round", async () => {
    await assert.rejects(
      deployment.settleOnce({ listing: null, rounds: 1499 }),
      failure("NeverSettled", /still changing after 1500 looks; the live site stays as it is/),
    );
  });

  it("plan: refuses to redeploy where nothing is live, with NothingToDeploy", async () => {
    const { execution } = deployment;
    for (const kind of ["certificate", "rebuild", "replace", "rollback"] as const) {
      const request = { kind, key: `requests/${kind}.json`, etag: '"1"' };
      await assert.rejects(
        deployment.step("plan", { execution, request, listing: null }),
        failure("NothingToDeploy", new RegExp(`"${kind}" needs a site that is live; upload one`)),
      );
    }
    assert.deepEqual(await stack.releases(), []);
  });

  it("plan: opens one release and one certificate, however often it is run", async () => {
    await deployment.settle();
    const planned = await deployment.plan();
    assert.equal(planned.action, "deploy");
    assert.equal(planned.release, 1);
    assert.equal(planned.certificate?.selfSigned, true);
    assert.deepEqual(planned.certificate?.names, [stack.address]);
    assert.deepEqual(await deployment.plan(), planned);
    assert.equal((await stack.releases()).length, 1);
    assert.equal((await stack.keys(stack.state, "certificates/")).length, 2);
    assert.equal((await stack.keys(stack.state, "keys/")).length, 1);
  });

  it("start-build, poll-build: one build for the sources; then its boot partition is found", async () => {
    const started = await deployment.startBuild();
    assert.equal(started.done, false);
    assert.equal((await deployment.startBuild()).buildId, started.buildId);
    const boot = await deployment.build();
    assert.equal(boot.build, started.build);
    assert.equal(boot.bytes, 1_048_576);
    const builds = count(/codebuild StartBuild/);
    assert.deepEqual(await deployment.startBuild(), { done: true, build: boot.build, boot });
    assert.equal(count(/codebuild StartBuild/), builds, "no second build");
    const poll = { build: boot.build, buildId: there(started.buildId) };
    assert.deepEqual((await deployment.step("poll-build", poll)).boot, boot);
  });

  it("poll-build: a build that nobody knows is BuildFailed", async () => {
    const { build } = deployment.boot;
    const buildId = "mirage-pages-prod-build:00000000-0000-0000-0000-000000000000";
    await assert.rejects(
      deployment.step("poll-build", { build, buildId }),
      failure("BuildFailed", /is gone; deploy again/),
    );
  });

  it("pack-site: packs to the same archive each time, and uploads it once", async () => {
    const packed = await deployment.pack();
    assert.equal(packed.unchanged, false);
    assert.equal(packed.archive.files, 2);
    const uploads = count(/s3 (PUT|POST) .*\/archives\/\w+\.tar/);
    assert.ok(uploads > 0);
    assert.deepEqual(await deployment.pack(), packed);
    assert.equal(count(/s3 (PUT|POST) .*\/archives\/\w+\.tar/), uploads);
    const [release] = await stack.releases();
    assert.deepEqual(release?.archive, packed.archive);
    assert.deepEqual(release?.boot, deployment.boot);
    const none = { files: 0, bytes: 0, first: [] };
    const added = { files: 2, bytes: 26, first: ["about.html", "index.html"] };
    assert.deepEqual(release?.changes, { added, changed: none, removed: none });
  });

  it("start-import: writes the disk into one snapshot", async () => {
    const first = await deployment.startImport();
    assert.equal(first.mode, "direct");
    assert.ok(first.writtenBytes > 1_048_576, `${first.writtenBytes} bytes`);
    const again = await deployment.startImport();
    assert.equal(again.importId, first.importId);
    assert.equal(again.writtenBytes, 0, "a completed snapshot is not written again");
    const { snapshotId } = await deployment.pollImport();
    assert.equal(snapshotId, first.importId);
  });

  it("register-image, launch-instance: one image, one machine", async () => {
    const image = await deployment.register();
    assert.deepEqual(await deployment.register(), image);
    const machine = await deployment.launch();
    assert.deepEqual(await deployment.launch(), machine);
    const [release] = await stack.releases();
    assert.deepEqual(release?.image, image);
    assert.equal(release?.instanceId, machine.instanceId);
  });

  it("probe: compares every path of the new machine at its own address", async () => {
    const { address, paths } = await deployment.probe();
    assert.notEqual(address, stack.address);
    assert.equal(paths, 4);
    const { lookedAt, ...again } = await deployment.probe();
    assert.deepEqual(again, { ready: true, reason: "4 paths compared", address, paths });
    assert.ok(Date.now() - Date.parse(lookedAt) < 10_000, lookedAt);
  });

  it("move-address, probe-address: the site's address is at the new machine", async () => {
    const { address, previous } = await deployment.moveAddress();
    assert.deepEqual({ address, previous }, { address: stack.address, previous: undefined });
    assert.equal((await deployment.moveAddress()).previous, undefined);
    const { address: probed } = await deployment.probeAddress();
    assert.equal(probed, stack.address);
    assert.equal((await get(stack.address, "/about")).body, "<h1>about</h1>");
  });

  it("commit: the release is live since one moment, and is retired after once", async () => {
    const done = await deployment.commit();
    const live = there(await stack.live());
    assert.equal(done.outcome, "live");
    assert.equal(done.url, `https://${stack.address}/`);
    assert.deepEqual(
      { release: live.release, instanceId: live.instanceId, image: live.image },
      { release: 1, instanceId: deployment.machine.instanceId, image: deployment.image },
    );
    assert.deepEqual(await deployment.commit(), done);
    assert.deepEqual(await stack.live(), live);
    const adopted = { ...live, listing: "a".repeat(64) };
    await stack.put(stack.state, "live.json", JSON.stringify(adopted));
    await deployment.commit();
    assert.deepEqual(await stack.live(), adopted, "a second run that comes late");
    await stack.put(stack.state, "live.json", JSON.stringify(live));
    const { executions } = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: stack.machineArn("retire") }),
    );
    const retiring = (executions ?? []).filter(({ name }) => name?.startsWith("retire-after-000001"));
    assert.equal(retiring.length, 1);
  });

  it("pack-site: what was not written since is taken from the live archive", async () => {
    const reads = () => count(new RegExp(`pack-site-us-east-1 s3 GET /${stack.content}/`));
    const before = reads();
    assert.ok(before > 0);
    // In the second in which an object was written, it may be written again unseen.
    const { unchanged, archive } = await eventually("no object is read", async () => {
      const sofar = reads();
      const packed = await deployment.pack();
      return reads() === sofar ? packed : undefined;
    });
    assert.equal(unchanged, true);
    assert.deepEqual(archive, (await stack.live())?.archive);
  });

  it("plan: there is nothing to do for a listing that is live", async () => {
    const { execution, request, listing } = deployment;
    const planned = await deployment.step("plan", { execution, request, listing });
    assert.deepEqual(planned, {
      action: "nothing",
      message: "Release 1 serves just this content already.",
    });
  });

  it("notify: tells the topic, people in words and programs in JSON, in a subject that SNS takes", async () => {
    const { execution } = deployment;
    const told = { execution, outcome: "live", release: 1, message: "Release 1 is live: größer" } as const;
    const subject = `${stack.address}: release 1 is live (no file changed)`;
    assert.deepEqual(await deployment.step("notify", told), { subject });
    const failed = { execution, outcome: "failed", release: null, message: "BuildFailed: no" } as const;
    assert.deepEqual(await deployment.step("notify", failed), {
      subject: `${stack.address}: release 1 failed (BuildFailed), release 1 goes on`,
    });
    const text = await readFile(join(stack.dataDir, "notifications.jsonl"), "utf8");
    const [first, second] = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Notification);
    assert.equal(first?.subject, subject);
    assert.match(first?.message ?? "", /^Release 1 is live: größer\n\nSite: https:/);
    // It was packed once more after it had become live.
    assert.match(first?.message ?? "", /\nAdded: nothing\nChanged: nothing\nRemoved: nothing\n/);
    assert.ok(first?.message.includes(`\nExecution: ${execution}\n`));
    assert.match(second?.message ?? "", /^BuildFailed: no\n\nWhat to do: Read the last lines/);
    const chat = JSON.parse(first?.json ?? "") as ChatNotice;
    assert.equal(chat.content.title, subject);
    assert.equal(chat.metadata.additionalContext.filesAdded, "0");
  });

  it("release-turn: crosses the request off in the covered version only, and starts the next turn once", async () => {
    const { execution, request } = deployment;
    await stack.put(stack.content, "late.html", "<h1>late</h1>");
    const newer = await deployment.takeTurn();
    for (let look = 0; newer.request?.etag === request.etag && look < 50; look += 1)
      Object.assign(newer, await deployment.takeTurn());
    assert.notEqual(newer.request?.etag, request.etag);
    const { next } = await deployment.step("release-turn", { execution, request });
    const { name } = await sfn.send(
      new DescribeExecutionCommand({
        executionArn: `${stack.machineArn("deploy").replace(":stateMachine:", ":execution:")}:${next}`,
      }),
    );
    assert.equal(name, next);
  });

  it("every step refuses what its contract does not allow, with ContractViolation", async () => {
    for (const name of Object.keys(contracts)) {
      await assert.rejects(
        stack.invoke(name, { stray: true }),
        failure("ContractViolation", new RegExp(`^The input of ${name} is not what its contract says: `)),
      );
    }
  });

  /** An owner that is not the turn's: letting go of nothing. */
  function idleOwner(): string {
    return `${deployment.execution}-of-somebody-else`;
  }
});
