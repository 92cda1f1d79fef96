import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { there, withSettings } from "../functions/by-hand.ts";
import { quickBuild } from "../kit/package.ts";
import { get, servedRelease } from "../kit/site.ts";
import { type Ended, TestStack } from "../kit/stack.ts";

const HOME = "<h1>home</h1>";
const COMPILER_SAYS = "ld cannot find -lmissing";

const unsafe = ["docs/../secret.html", "back\\slash.html", "bell\u0007.html"];

const outcomes = (ended: readonly Ended[]) => ended.map(({ outcome }) => outcome);

/**
 * Bad input after a good release: one failed execution that says what is wrong, and nothing else happens.
 * (Objects of more than 1 GiB and buckets of more than 50,000 are refused by the same function as these, in
 * tests/lib/site/listing.test.ts, where they cost nothing.) The tests build on each other, in this order.
 */
describe("refusals", { timeout: 300_000 }, () => {
  let stack: TestStack;
  let ec2: EC2Client;
  let folder: string;
  /** Called before the service sees a call, with "role service action". */
  let beforeCall = async (_call: string): Promise<void> => {};
  const calls: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mp-refusals-"));
    const breaks = `      - if [ -e ${folder}/broken ]; then echo "${COMPILER_SAYS}"; exit 1; fi\n`;
    const buildspec = there(quickBuild["buildspec.yml"]).replace("commands:\n", `commands:\n${breaks}`);
    stack = await TestStack.start({
      sources: { "buildspec.yml": buildspec },
      onCall: ({ service, action, caller }) => {
        const call = `${caller.arn.split("/").at(-1)} ${service} ${action}`;
        calls.push(call);
        return beforeCall(call);
      },
    });
    ec2 = new EC2Client(stack.sdk);
    const ended = await stack.settleAfter(() => stack.put(stack.content, "index.html", HOME));
    assert.deepEqual(outcomes(ended), ["live"], JSON.stringify(ended));
  });
  after(async () => {
    ec2?.destroy();
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const put = (key: string, body = "x") => stack.put(stack.content, key, body);
  const remove = (key: string) => stack.delete(stack.content, key);

  /** Everything that a deployment makes outside its records. */
  async function belongings() {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({}));
    const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
    const { Snapshots } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    const instances = (Reservations ?? []).flatMap(({ Instances }) => Instances ?? []);
    const left = instances.filter(
      ({ State }) => !["shutting-down", "terminated"].includes(State?.Name ?? ""),
    );
    return {
      instances: left.map(({ InstanceId }) => InstanceId).sort(),
      images: (Images ?? []).map(({ ImageId }) => ImageId).sort(),
      snapshots: (Snapshots ?? []).map(({ SnapshotId }) => SnapshotId).sort(),
      lock: await stack.read("turn/lock.json"),
      requests: await stack.keys(stack.state, "requests/"),
      imports: await stack.keys(stack.state, "imports/"),
      live: await stack.live(),
    };
  }

  /** Does something that must be refused: once, clearly, and without any effect. */
  async function assertRefused(
    act: () => Promise<unknown>,
    error: string,
    ...words: RegExp[]
  ): Promise<void> {
    const before = await belongings();
    assert.equal(before.lock, undefined);
    const ended = await stack.settleAfter(act, 40_000);
    assert.equal(ended.length, 1, JSON.stringify(ended));
    assert.deepEqual({ status: ended[0]?.status, error: ended[0]?.error }, { status: "FAILED", error });
    for (const word of words) assert.match(ended[0]?.cause ?? "", word);
    assert.deepEqual(await belongings(), before);
    assert.equal((await get(stack.address, "/")).body, HOME);
    const notes = (await readFile(join(stack.dataDir, "notifications.jsonl"), "utf8")).trim().split("\n");
    const { message } = JSON.parse(notes.at(-1) ?? "{}") as { message: string };
    assert.ok(message.startsWith(`${error}: ${ended[0]?.cause}`), message);
  }

  it("an empty bucket does not blank the site", async () => {
    await assertRefused(
      () => remove("index.html"),
      "EmptySite",
      /holds no file: deploying it would blank the site, so the live one stays/,
      /Upload the site, or set allowEmpty/,
    );
  });

  it("a site without index.html is refused, and told where one is", async () => {
    await assertRefused(
      () => put("_site/index.html"),
      "NoIndex",
      /no index\.html at its top/,
      /There is "_site\/index\.html": was the folder above the site uploaded/,
    );
  });

  it("the same bytes with another date are nothing to deploy", async () => {
    const before = await belongings();
    const ended = await stack.settleAfter(async () => {
      await put("index.html", HOME);
      await remove("_site/index.html");
    });
    assert.deepEqual(outcomes(ended), ["nothing"], JSON.stringify(ended));
    const { live, ...others } = await belongings();
    assert.deepEqual({ ...others, live: before.live }, before);
    assert.equal(live?.release, before.live?.release);
    assert.equal(live?.instanceId, before.live?.instanceId);
    assert.notEqual(live?.listing, before.live?.listing, "so that it is not packed again and again");
  });

  it("keys that no URL can name are refused, all of them in one message", async () => {
    await assertRefused(
      async () => {
        for (const key of unsafe) await put(key);
      },
      "UnsafeKey",
      /^3 keys in the content bucket cannot be served: /,
      /"docs\/\.\.\/secret\.html" has a "\.\." segment/,
      /"back\\\\slash\.html" has a backslash/,
      /"bell\\u0007\.html" has a control character/,
      /Rename or delete them and sync again\.$/,
    );
  });

  it("two keys at one URL path are refused, both named", async () => {
    await assertRefused(
      async () => {
        for (const key of unsafe) await remove(key);
        await put("caf\u00e9.html");
        await put("cafe\u0301.html");
      },
      "DuplicatePath",
      /from "cafe\u0301\.html" and from "caf\u00e9\.html"/,
      /Delete or rename one of each pair/,
    );
  });

  it("a build that fails is told with the last lines of its log", async () => {
    await writeFile(join(folder, "broken"), "");
    await assertRefused(
      async () => {
        for (const key of await stack.keys(stack.state, "boot/"))
          if (key.endsWith("record.json")) await stack.delete(stack.state, key);
        await remove("caf\u00e9.html");
        await remove("cafe\u0301.html");
        await put("new.html");
      },
      "BuildFailed",
      /The unikernel did not build \(FAILED, phase BUILD: .*exit status 1/,
      new RegExp(`\\n${COMPILER_SAYS}\\n`),
    );
    await rm(join(folder, "broken"));
  });

  it("a good upload deploys again, after all that", async () => {
    const ended = await stack.settleAfter(() => put("new.html", "new"));
    assert.deepEqual(outcomes(ended), ["live"], JSON.stringify(ended));
    assert.equal((await get(stack.address, "/new.html")).body, "new");
    assert.equal((await get(stack.address, "/caf%C3%A9.html")).status, 404);
    assert.equal(await stack.read("refused.json"), undefined);
  });

  it("an object that is written while the site is packed: its newer content is deployed", async () => {
    let changed = 0;
    beforeCall = async (call) => {
      if (changed > 0 || !/pack-site.* s3 GET .*\/changing\.html$/.test(call)) return;
      changed += 1;
      await put("changing.html", "second, and longer");
    };
    const ended = await stack.settleAfter(() => put("changing.html", "first"));
    beforeCall = async () => {};
    assert.equal(changed, 1, "it was written between listing and reading");
    assert.deepEqual(
      outcomes(ended).filter((outcome) => outcome !== "nothing"),
      ["live"],
      JSON.stringify(ended),
    );
    assert.equal((await get(stack.address, "/changing.html")).body, "second, and longer");
    const release = (await stack.releases()).at(-1);
    assert.equal(release?.number, (await stack.live())?.release, "starting over opens no further release");
  });

  it("a sync of 2,000 files is one release, and costs few writes of the state bucket", async (t) => {
    const site = join(folder, "many");
    for (let page = 0; page < 2000; page += 1) {
      const directory = join(site, `section-${page % 20}`);
      if (page < 20) await mkdir(directory, { recursive: true });
      await writeFile(join(directory, `page-${page}.html`), `<p>page ${page}</p>`);
    }
    await writeFile(join(site, "index.html"), HOME);
    const liveBefore = (await stack.live())?.release ?? 0;
    const [batchesBefore, callsBefore] = [await batches(), calls.length];
    const ended = await stack.settleAfter(
      () => stack.aws("s3", "sync", "--delete", "--only-show-errors", site, `s3://${stack.content}`),
      240_000,
    );
    assert.deepEqual(
      outcomes(ended).filter((outcome) => outcome !== "nothing"),
      ["live"],
      JSON.stringify(ended),
    );
    assert.equal((await stack.live())?.archive.files, 2001);
    assert.equal(await servedRelease(stack.address), await newestLive());
    assert.ok((await newestLive()) > liveBefore);
    assert.equal((await get(stack.address, "/section-19/page-1999.html")).body, "<p>page 1999</p>");

    // Two invocations run at once: a conditional write that fails makes room for one that did not.
    const writes = calls
      .slice(callsBefore)
      .filter((call) => /^mirage-pages-prod-content-changed-\S+ s3 (PUT|DELETE|POST) /.test(call)).length;
    const count = (await batches()) - batchesBefore;
    t.diagnostic(`2,003 events in ${count} batches, ${writes} writes of the state bucket`);
    assert.ok(count >= 2003 / 10, `${count} batches`);
    assert.ok(writes <= 2 * count, `${writes} writes for ${count} batches`);
  });

  async function newestLive(): Promise<number> {
    const releases = (await stack.releases()).filter(({ status }) => status === "live");
    return releases.at(-1)?.number ?? 0;
  }

  /** How often content-changed has been invoked. */
  async function batches(): Promise<number> {
    const group = join(
      stack.dataDir,
      "logs",
      encodeURIComponent("/aws/lambda/mirage-pages-prod-content-changed"),
    );
    const logs = await Promise.all(
      (await readdir(group)).map((stream) => readFile(join(group, stream), "utf8")),
    );
    return logs.join("").match(/START RequestId/g)?.length ?? 0;
  }
});

describe("allowEmpty", { timeout: 120_000 }, () => {
  it("deploys an empty bucket when its owner has said so", async (t) => {
    const stack = await TestStack.start();
    t.after(() => stack.stop());
    for (const name of ["plan", "pack-site"]) withSettings(stack, name, { ALLOW_EMPTY: "true" });
    const first = await stack.settleAfter(() => stack.put(stack.content, "index.html", HOME));
    assert.deepEqual(outcomes(first), ["live"], JSON.stringify(first));
    const second = await stack.settleAfter(() => stack.delete(stack.content, "index.html"));
    assert.deepEqual(outcomes(second), ["live"], JSON.stringify(second));
    assert.equal((await get(stack.address, "/")).status, 404);
    assert.equal(await servedRelease(stack.address), 2);
    assert.equal((await stack.live())?.archive.files, 0);
  });
});
