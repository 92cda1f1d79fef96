import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  DescribeInstancesCommand,
  EC2Client,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { askForRollback } from "../../lib/aws/deployments.ts";
import { padded } from "../../lib/releases/object-keys.ts";
import type { Release } from "../../lib/releases/records.ts";
import { rollbackTargets } from "../../lib/releases/rollback.ts";
import { AwsError } from "../../local/service.ts";
import { get, servedRelease, until } from "../kit/site.ts";
import { type Ended, TestStack } from "../kit/stack.ts";
import { idleExecution, spoilBootPartition, there, withSettings } from "./by-hand.ts";

const KEEP = "3";

/**
 * Rollbacks through the whole state machine. What a release replaced is retired when a test says so. The tests
 * build on each other, in this order.
 */
describe("a rollback", { timeout: 400_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;
  const calls: string[] = [];
  /** Calls ("role service action") that are refused. */
  let refused = /^$/;
  /** Calls that EC2 has no room for. */
  let noRoom = /^$/;

  before(async () => {
    stack = await TestStack.start({
      onCall: ({ service, action, caller }) => {
        const call = `${caller.arn.split("/").at(-1)} ${service} ${action}`;
        calls.push(call);
        if (noRoom.test(call)) {
          throw new AwsError("InsufficientInstanceCapacity", "Insufficient capacity in this zone.", 500);
        }
        if (refused.test(call)) throw new AwsError("AccessDenied", "Refused by the test.", 403);
      },
    });
    ec2 = new EC2Client(stack.sdk);
    for (const name of ["commit", "reconcile"]) withSettings(stack, name, { DRAIN_SECONDS: "3600" });
    for (const name of ["plan-rollback", "retire"]) withSettings(stack, name, { KEEP_RELEASES: KEEP });
    withSettings(stack, "probe", { BOOT_SECONDS: "10" });
    // What asks for a rollback finds the stack as a function does.
    const DEPLOY_MACHINE = stack.machineArn("deploy");
    Object.assign(process.env, stack.cloud.environment, { STATE_BUCKET: stack.state, DEPLOY_MACHINE });
    for (const text of ["one", "two"]) outcomes(await upload(text), ["live"]);
  });
  after(async () => {
    ec2?.destroy();
    await stack?.stop();
  });

  const upload = (text: string) =>
    stack.settleAfter(() => stack.put(stack.content, "index.html", `<h1>${text}</h1>`));
  const rollback = async (to: number) => {
    calls.length = 0;
    const ended = await stack.settleAfter(() => askForRollback(to));
    return ended;
  };
  const outcomes = (ended: readonly Ended[], wanted: readonly string[]) =>
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      wanted,
      JSON.stringify(ended),
    );
  const home = async () => (await get(stack.address, "/")).body;
  const live = async () => there(await stack.live());
  const release = async (number: number): Promise<Release> =>
    there((await stack.releases()).find((one) => one.number === number));
  const newest = async (): Promise<Release> => there((await stack.releases()).at(-1));
  const machine = async (number: number) => there((await release(number)).instanceId);
  const stateOf = async (InstanceId: string) => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name;
  };
  const called = (call: RegExp) => calls.filter((one) => call.test(one));
  const retire = async () => {
    const input = { execution: await idleExecution(stack), drainSeconds: 0 };
    return (await stack.invoke("retire", input)) as { stopped: string[]; terminated: string[] };
  };
  const recordKey = (number: number) => `releases/${padded(number)}.json`;
  /** What a rollback can go to, the last live one first. */
  const targets = async () =>
    rollbackTargets({ live: await live(), releases: await stack.releases(), keep: Number(KEEP) });
  /** The first of them, with its machine stopped. */
  const stoppedTarget = async () => {
    await retire();
    const target = there((await targets())[0]);
    await stops(there(target.instanceId));
    return target;
  };
  const stops = (instanceId: string) =>
    until(`${instanceId} is stopped`, async () => (await stateOf(instanceId)) === "stopped");
  /** Nothing but reconcile, which runs by its own clock, has looked at the content. */
  const readsNoContent = () =>
    assert.deepEqual(
      called(new RegExp(` s3 \\w+ /${stack.content}[/?]`)).filter((call) => !/-reconcile-/.test(call)),
      [],
    );

  it("moves the address back while the predecessor drains", async () => {
    const [first, second] = [await machine(1), await machine(2)];
    const ended = await rollback(1);
    outcomes(ended, ["live"]);
    assert.match(ended[0]?.message ?? "", /^Release 1 is live again: https:/);
    assert.match(
      ended[0]?.message ?? "",
      /the bucket still has the content of release 2, which is not deployed/,
    );
    assert.equal(await servedRelease(stack.address), 1);
    assert.equal(await home(), "<h1>one</h1>");
    const { instanceId, held, listing } = await live();
    assert.equal(instanceId, first);
    assert.deepEqual(
      { listing: held?.listing, release: held?.release },
      { listing: (await release(2)).listing, release: 2 },
    );
    assert.equal(listing, (await release(1)).listing);
    const { number, reason, status, to, changes } = await newest();
    assert.deepEqual(
      { number, reason, status, to },
      { number: 3, reason: "rollback", status: "restored", to: 1 },
    );
    assert.equal(changes?.since, 2);
    assert.deepEqual(changes?.changed, { files: 1, bytes: 12, first: ["index.html"] });
    assert.deepEqual(called(/ec2 (RunInstances|StartInstances|RegisterImage)|ebs|codebuild/), []);
    readsNoContent();
    assert.equal(await stateOf(second), "running", "it drains");
  });

  it("is told to the subscribers", async () => {
    const notes = (await readFile(join(stack.dataDir, "notifications.jsonl"), "utf8")).trim().split("\n");
    const { message } = JSON.parse(notes.at(-1) ?? "") as { message: string };
    assert.match(message, /^Release 1 is live again: .*\nThe site is held there since a rollback/);
  });

  it("holds the site against what the bucket has, whoever asks", async () => {
    const ended = await stack.settleAfter(() =>
      stack.invoke("content-changed", { Records: [{ messageId: "1", body: "{}" }] }),
    );
    outcomes(ended, ["nothing"]);
    assert.match(
      ended[0]?.message ?? "",
      /^Release 1 is held since a rollback: the bucket's content is still that of release 2\.$/,
    );
    assert.deepEqual(await stack.invoke("reconcile", {}), {
      did: "nothing: what is live is what should be",
    });
    assert.equal((await live()).release, 1);
  });

  it("to what is live is nothing to do", async () => {
    const ended = await rollback(1);
    outcomes(ended, ["nothing"]);
    assert.equal(ended[0]?.message, "Release 1 is live already.");
    assert.equal((await newest()).number, 3);
  });

  it("to what is not kept, or never was, names what is", async () => {
    for (const [to, words] of [
      [99, /^Release 99 does not exist\. Kept beside the live one: 2\.$/],
      [
        3,
        /^Release 3 was the rollback to release 1 and has no machine of its own\. Kept beside the live one: 2\.$/,
      ],
    ] as const) {
      const ended = await rollback(to);
      outcomes(ended, ["failed"]);
      assert.equal(ended[0]?.error, "NotKept");
      assert.match(ended[0]?.cause ?? "", words);
    }
    assert.equal(await servedRelease(stack.address), 1);
  });

  it("of a rollback, back to what the bucket has, holds nothing any more, and forgets no refusal", async () => {
    const told = { error: "EmptySite", cause: "Nothing.", at: new Date().toISOString(), times: 1 };
    const refusal = JSON.stringify({ listing: "e".repeat(64), ...told, content: true });
    await stack.put(stack.state, "refused.json", refusal);
    const ended = await rollback(2);
    outcomes(ended, ["live"]);
    assert.doesNotMatch(ended[0]?.message ?? "", /held/);
    const { release, held } = await live();
    assert.deepEqual({ release, held }, { release: 2, held: undefined });
    assert.equal(await stack.read("refused.json"), refusal);
    assert.equal(await home(), "<h1>two</h1>");
  });

  it("starts the kept machine when it has stopped", async () => {
    const first = await machine(1);
    const input = { execution: await idleExecution(stack), drainSeconds: 3600 };
    const nothing = {
      ...{ stopped: [], terminated: [], images: [], snapshots: [], objects: [], abandoned: [], uploads: [] },
    };
    assert.deepEqual(await stack.invoke("retire", input), nothing, "what it has replaced drains yet");
    assert.deepEqual(await retire(), { ...nothing, stopped: [first] });
    await stops(first);
    outcomes(await rollback(1), ["live"]);
    assert.equal(called(/start-machine\S* ec2 StartInstances/).length, 1);
    assert.deepEqual(called(/ec2 RunInstances/), []);
    readsNoContent();
    assert.equal(await home(), "<h1>one</h1>");
    assert.equal((await live()).instanceId, first);
    assert.deepEqual(await retire(), { ...nothing, stopped: [await machine(2)] });
    await stops(await machine(2));
  });

  it("is not undone by a run for the certificate, which takes what is held", async () => {
    const { certificate } = await live();
    const stale = { ...certificate, names: ["203.0.113.9"] };
    await stack.put(stack.state, "certificates/current.json", JSON.stringify(stale));
    const ended = await stack.settleAfter(async () =>
      stack.cloud.scheduler.fire("mirage-pages-prod-certificate"),
    );
    outcomes(ended, ["live"]);
    assert.match(ended[0]?.message ?? "", /The site is held there since a rollback/);
    const { archive, held, ...now } = await live();
    assert.notEqual(now.certificate.serial, certificate.serial);
    assert.equal(archive.digest, (await release(1)).archive?.digest);
    assert.equal(held?.release, 2);
    assert.equal(await home(), "<h1>one</h1>");
    const again = await rollback(1);
    assert.equal(again[0]?.message, `Release ${now.release} serves what release 1 did.`);
  });

  it("nor by a dead machine, which is replaced by another of what is held", async () => {
    const { instanceId, held } = await live();
    const ended = await stack.settleAfter(async () => {
      await ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId], SkipOsShutdown: true }));
    });
    outcomes(ended, ["live"]);
    assert.equal((await newest()).reason, "replace");
    assert.deepEqual((await live()).held, held);
    assert.equal(await home(), "<h1>one</h1>");
  });

  it("to a machine with an older certificate serves at once, and the current one follows", async () => {
    const current = (await live()).certificate;
    const ended = await rollback(2);
    outcomes(ended, ["live", "live"]);
    assert.match(ended[0]?.message ?? "", /^Release 2 is live again/);
    const { release: number, certificate, archive, held } = await live();
    assert.equal((await release(number)).reason, "certificate");
    assert.deepEqual(certificate, current);
    assert.equal(archive.digest, (await release(2)).archive?.digest);
    assert.equal(held, undefined);
  });

  it("to a release whose certificate has run out takes its archive and today's certificate", async () => {
    const [target] = await targets();
    const notAfter = new Date(Date.now() - 1000).toISOString();
    const expired = { ...target, certificate: { ...there(target?.certificate), notAfter } };
    await stack.put(stack.state, recordKey(there(target).number), JSON.stringify(expired));
    const { certificate } = await live();
    const ended = await rollback(there(target).number);
    outcomes(ended, ["live"]);
    const words = `\nIt has the content of release ${target?.number}\\.\nThe site is held there`;
    assert.match(ended[0]?.message ?? "", new RegExp(words));
    const { number, reason, status, to, archive, boot } = await newest();
    assert.deepEqual({ reason, status, to }, { reason: "rollback", status: "live", to: target?.number });
    assert.deepEqual({ archive, boot }, { archive: target?.archive, boot: target?.boot });
    const now = await live();
    assert.equal(now.release, number);
    assert.deepEqual(now.certificate, certificate);
    assert.equal(await servedRelease(stack.address), number);
    assert.equal(await home(), "<h1>one</h1>");
    assert.deepEqual(called(/StartInstances|codebuild/), []);
    readsNoContent();
  });

  it("to a release whose machine is gone takes its archive", async () => {
    const target = there((await targets())[0]);
    const InstanceIds = [there(target.instanceId)];
    await ec2.send(new TerminateInstancesCommand({ InstanceIds, SkipOsShutdown: true }));
    outcomes(await rollback(target.number), ["live"]);
    const { number, to } = await newest();
    assert.deepEqual([to, (await live()).release], [target.number, number]);
    assert.equal(await home(), "<h1>two</h1>");
  });

  it("is undone by the next change of the content, which is deployed", async () => {
    outcomes(await rollback(there((await targets())[0]).number), ["live"]);
    assert.equal(await home(), "<h1>one</h1>");
    outcomes(await upload("three"), ["live"]);
    assert.equal(await home(), "<h1>three</h1>");
    assert.equal((await live()).held, undefined);
    assert.equal(await stack.read("refused.json"), undefined);
  });

  it("keeps the machine that was live last, whatever its number is", async () => {
    const before = await live();
    outcomes(await upload("four"), ["live"]);
    outcomes(await rollback(before.release), ["live"]);
    outcomes(await upload("five"), ["live"]);
    assert.equal((await targets())[0]?.number, before.release);
    const { stopped, terminated } = await retire();
    assert.ok(stopped.includes(before.instanceId), "the predecessor");
    assert.ok(!terminated.includes(before.instanceId));
  });

  it("waits for the deployment that runs; several are done one by one, in the order they were asked for", async () => {
    const [second, first] = (await targets()).map(({ number }) => number);
    const next = (await newest()).number + 1;
    const ended = await stack.settleAfter(async () => {
      await stack.put(stack.content, "index.html", "<h1>six</h1>");
      await until("the deployment has begun", async () => (await newest()).number === next);
      await askForRollback(there(first));
      await askForRollback(there(second));
    });
    // An event of the upload that comes late finds nothing to do.
    const done = ended.filter(({ outcome }) => outcome !== "nothing");
    assert.deepEqual(
      done.map(({ outcome, message }) => `${outcome} ${/^Release \d+/.exec(message)?.[0]}`),
      [`live Release ${next}`, `live Release ${first}`, `live Release ${second}`],
      JSON.stringify(ended),
    );
    assert.equal((await live()).held?.release, next);
    assert.equal(await servedRelease(stack.address), second);
  });

  it("that fails after the move is taken back: address, started machine, record", async () => {
    const { release: before, held } = await live();
    const target = await stoppedTarget();
    refused = /commit\S* s3 PUT .*\/live\.json/;
    const ended = await rollback(target.number);
    refused = /^$/;
    outcomes(ended, ["failed"]);
    assert.equal(ended[0]?.error, "AccessDenied");
    assert.equal(called(/move-address\S* ec2 AssociateAddress/).length, 1);
    assert.equal(called(/undo\S* ec2 AssociateAddress/).length, 1);
    assert.equal(await servedRelease(stack.address), before);
    assert.deepEqual((await live()).held, held);
    await stops(there(target.instanceId));
    const { status, to } = await newest();
    assert.deepEqual({ status, to }, { status: "failed", to: target.number });
    outcomes(await rollback(target.number), ["live"]);
    assert.equal(await servedRelease(stack.address), target.number);
  });

  it("to a machine that does not boot any more gives it up and takes the archive", async () => {
    const target = await stoppedTarget();
    const instanceId = there(target.instanceId);
    await spoilBoot(instanceId);
    outcomes(await rollback(target.number), ["live"]);
    const { number, to, status } = await newest();
    assert.deepEqual({ to, status }, { to: target.number, status: "live" });
    assert.equal(await servedRelease(stack.address), number);
    const console = there(await stack.read(`consoles/${padded(target.number)}-1.log`));
    assert.match(console, /No bootable option/);
    assert.ok(["shutting-down", "terminated"].includes(there(await stateOf(instanceId))));
  });

  it("to a machine that EC2 has no room to start takes the archive", async () => {
    const target = await stoppedTarget();
    noRoom = /start-machine\S* ec2 StartInstances/;
    outcomes(await rollback(target.number), ["live"]);
    noRoom = /^$/;
    const { number, to, status, failure } = await newest();
    assert.deepEqual({ to, status, failure }, { to: target.number, status: "live", failure: undefined });
    assert.equal(await servedRelease(stack.address), number);
  });

  it("that was withdrawn before its turn is nothing to do", async () => {
    const execution = await idleExecution(stack);
    const request = { kind: "rollback", key: "requests/rollback/gone.json", etag: '"1"' };
    assert.deepEqual(await stack.invoke("plan-rollback", { execution, request }), {
      action: "nothing",
      message: "The rollback was withdrawn.",
    });
  });

  /** Overwrites the beginning of the boot partition on a machine's disk. */
  async function spoilBoot(instanceId: string): Promise<void> {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
    const volume = there(Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId);
    await spoilBootPartition(join(stack.dataDir, "ec2/volumes", `${volume}.raw`));
  }
});
