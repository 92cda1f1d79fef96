import assert from "node:assert/strict";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { verifySite } from "../../cli/start/verify.ts";
import { readPartitions } from "../../lib/disk/partitions.ts";
import { fileSource } from "../../lib/disk/source.ts";
import { exampleSite, get, servedRelease, shell, until } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";

/**
 * The whole pipeline for real: `jekyll build`, `aws s3 sync`, the packaged stack, the buildspec, a machine
 * booted by QEMU from the imported disk, an HTTPS client. The tests build on each other, in this order.
 */
describe("the pipeline", { timeout: 900_000 }, () => {
  let stack: TestStack;
  let folder: string;
  let site: string;
  let ec2: EC2Client;
  /** Called when an instance is about to be launched; a test may spoil its disk there. */
  let beforeLaunch = async (): Promise<void> => {};

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mp-site-"));
    site = join(folder, "_site");
    await exampleSite(site);
    stack = await TestStack.start({
      machineKind: "qemu",
      sources: "real",
      parameters: { accessLog: "full" },
      onCall: async ({ action }) => {
        if (action === "RunInstances") await beforeLaunch();
      },
    });
    ec2 = new EC2Client(stack.sdk);
  });
  after(async () => {
    ec2?.destroy();
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const sync = () => stack.aws("s3", "sync", "--delete", "--only-show-errors", site, `s3://${stack.content}`);
  const machines = async (...states: string[]) => {
    const Filters = [{ Name: "instance-state-name", Values: states }];
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ Filters }));
    return (Reservations ?? [])
      .flatMap(({ Instances }) => Instances ?? [])
      .map(({ InstanceId }) => InstanceId ?? "");
  };
  /** Images and snapshots there are: a failed deployment must add none. */
  const disks = async () => {
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    return [
      ...(Images ?? []).map(({ ImageId }) => ImageId),
      ...(Snapshots ?? []).map(({ SnapshotId }) => SnapshotId),
    ].sort();
  };
  const assertServes = async (release: number) => {
    assert.equal(await servedRelease(stack.address), release);
    assert.equal((await stack.live())?.release, release);
    const { paths, mismatches } = await verifySite(site, stack.address);
    assert.deepEqual(mismatches, []);
    assert.ok(paths > 40, `${paths} paths`);
  };

  it("serves a first site from a machine that was booted from the built, imported disk", async () => {
    const ended = await stack.settleAfter(sync, 300_000);
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    await assertServes(1);
    const redirect = await fetch(`http://${stack.address}/about/?a=b`, { redirect: "manual" });
    assert.equal(redirect.headers.get("location"), `https://${stack.address}/about/?a=b`);
    const [machine] = await machines("running");
    assert.match(
      await stack.aws("ec2", "get-console-output", "--instance-id", machine ?? ""),
      /listening release=1/,
    );
  });

  it("keeps what the machine has logged of its visitors", async () => {
    await stack.invoke("collect-access-log", {});
    const keys = await stack.keys(stack.state, "access-logs/");
    const log = (await Promise.all(keys.map((key) => stack.read(key)))).join("");
    assert.match(log, /^\S+ - - \[[^\]]+\] "GET \/about\/\?a=b HTTP\/1\.1" 301 \d+ "-" "node"$/m);
  });

  it("answers the AWS CLI about everything that it did", async () => {
    const ask = async (...args: string[]) =>
      JSON.parse(await stack.aws(...args, "--output", "json")) as never;
    const { executions } = (await ask(
      ...["stepfunctions", "list-executions", "--state-machine-arn", stack.machineArn("deploy")],
    )) as { executions: { executionArn: string; status: string }[] };
    const arn = executions.find(({ status }) => status === "SUCCEEDED")?.executionArn ?? "";
    const { status } = (await ask("stepfunctions", "describe-execution", "--execution-arn", arn)) as {
      status: string;
    };
    assert.equal(status, "SUCCEEDED");
    const { events } = (await ask("stepfunctions", "get-execution-history", "--execution-arn", arn)) as {
      events: { type: string; stateEnteredEventDetails?: { name: string } }[];
    };
    assert.ok(events.some(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name === "commit"));
    const ec2Answers = async (call: string, ...args: string[]) =>
      JSON.stringify(await ask("ec2", call, ...args));
    assert.match(await ec2Answers("describe-instances"), /"Name": ?"running"/);
    assert.match(await ec2Answers("describe-addresses"), new RegExp(stack.address));
    assert.match(await ec2Answers("describe-images", "--owners", "self"), /mirage-pages-prod-000001-1/);
    assert.match(await ec2Answers("describe-snapshots", "--owner-ids", "self"), /"State": ?"completed"/);
    assert.match(await ec2Answers("describe-import-image-tasks"), /"ImportImageTasks": ?\[\]/);
    const { ids } = (await ask(
      ...["codebuild", "list-builds-for-project", "--project-name", "mirage-pages-prod-build"],
    )) as { ids: string[] };
    assert.match(
      JSON.stringify(await ask("codebuild", "batch-get-builds", "--ids", ...ids)),
      /"buildStatus": ?"SUCCEEDED"/,
    );
    await assert.rejects(stack.aws("ec2", "create-vpc", "--cidr-block", "10.0.0.0/16"), /not implement/);
  });

  it("makes changed and deleted files live with the next sync, and retires the predecessor", async () => {
    const predecessor = (await stack.live())?.instanceId ?? "";
    await writeFile(join(site, "new page.html"), "<p>new</p>");
    await rm(join(site, "robots.txt"));
    const ended = await stack.settleAfter(sync);
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    await assertServes(2);
    assert.equal((await get(stack.address, "/robots.txt")).status, 404);
    await until("the predecessor is stopped", async () => (await machines("stopped")).includes(predecessor));
  });

  it("deploys nothing when the same bytes are uploaded again", async () => {
    const before = await disks();
    const again = () => shell(`touch $(find . -name '*.css') index.html`, site).then(sync);
    const ended = await stack.settleAfter(again);
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["nothing"],
      JSON.stringify(ended),
    );
    await assertServes(2);
    assert.deepEqual(await disks(), before);
  });

  it("leaves the site alone when the new unikernel does not boot, and leaves nothing behind", async () => {
    const before = { disks: await disks(), machines: await machines("running", "stopped") };
    beforeLaunch = () =>
      spoil("boot", async (disk, offset) => {
        await disk.write(Buffer.alloc(64 * 1024), 0, 64 * 1024, offset);
      });
    await writeFile(join(site, "unbootable.html"), "<p>never served</p>");
    const ended = await stack.settleAfter(sync, 240_000);
    beforeLaunch = async () => {};
    assert.equal(ended.length, 1, JSON.stringify(ended));
    assert.equal(ended[0]?.error, "MachineUnreachable");
    assert.match(ended[0]?.cause ?? "", /2 machines were tried/);
    assert.equal(await servedRelease(stack.address), 2);
    assert.deepEqual(await disks(), before.disks);
    assert.deepEqual(
      (await machines("running", "stopped", "pending", "stopping")).sort(),
      before.machines.sort(),
    );
    await rm(join(site, "unbootable.html"));
  });

  it("leaves the site alone when the new machine answers as another release", async () => {
    const before = { disks: await disks(), machines: await machines("running", "stopped") };
    beforeLaunch = () =>
      spoil("identity", async (disk, offset) => {
        // The identity's first member: 512 bytes of header, then the line "release 000…".
        const text = Buffer.alloc(64);
        await disk.read(text, 0, 64, offset + 512);
        const wrong = text
          .toString("latin1")
          .replace(/^release (\d+)/, (_, n: string) => `release ${"9".repeat(n.length)}`);
        await disk.write(Buffer.from(wrong, "latin1"), 0, 64, offset + 512);
      });
    await writeFile(join(site, "liar.html"), "<p>never served</p>");
    const ended = await stack.settleAfter(sync, 240_000);
    beforeLaunch = async () => {};
    assert.equal(ended.length, 1, JSON.stringify(ended));
    assert.equal(ended[0]?.error, "WrongAnswer");
    assert.match(ended[0]?.cause ?? "", /answers as release 9/);
    assert.equal(await servedRelease(stack.address), 2);
    assert.deepEqual(await disks(), before.disks);
    assert.deepEqual(
      (await machines("running", "stopped", "pending", "stopping")).sort(),
      before.machines.sort(),
    );
  });

  it("replaces the live machine by itself when it dies", async () => {
    const dead = (await stack.live())?.instanceId ?? "";
    const ended = await stack.settleAfter(async () => stack.cloud.ec2.machineOf(dead).kill());
    assert.deepEqual(
      ended.map(({ outcome }) => outcome),
      ["live"],
      JSON.stringify(ended),
    );
    const live = await stack.live();
    assert.notEqual(live?.instanceId, dead);
    assert.equal(await servedRelease(stack.address), live?.release);
    assert.equal((await get(stack.address, "/new%20page")).body, "<p>new</p>");
    assert.equal((await get(stack.address, "/liar")).status, 404);
  });

  /** Changes the newest snapshot's disk at the start of one of its partitions. */
  async function spoil(
    name: string,
    change: (disk: Awaited<ReturnType<typeof open>>, offset: number) => Promise<void>,
  ) {
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    const newest = Snapshots?.toSorted((a, b) => Number(b.StartTime) - Number(a.StartTime))[0]?.SnapshotId;
    const disk = await open(join(stack.dataDir, "ec2/snapshots", `${newest}.raw`), "r+");
    try {
      const partition = (await readPartitions(fileSource(disk, (await disk.stat()).size))).find(
        (p) => p.name === name,
      );
      await change(disk, partition?.offset ?? Number.NaN);
    } finally {
      await disk.close();
    }
  }
});
