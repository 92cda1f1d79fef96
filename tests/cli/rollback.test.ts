import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TestStack } from "../kit/stack.ts";
import { miragePages } from "./program.ts";

/** `mirage-pages releases` and `mirage-pages rollback`, on a site that has two releases. */
describe("the commands about releases", { timeout: 600_000 }, () => {
  let stack: TestStack;

  before(async () => {
    stack = await TestStack.start();
    for (const text of ["one", "two"]) {
      const ended = await stack.settleAfter(() => stack.put(stack.content, "index.html", `<h1>${text}</h1>`));
      assert.equal(ended.at(-1)?.outcome, "live", JSON.stringify(ended));
    }
  });
  after(() => stack?.stop());

  const run = (...args: string[]) => miragePages(stack, [...args, "--local", "--data", stack.dataDir]);
  const listed = async () => {
    const { code, stdout } = await run("releases", "--json");
    assert.equal(code, 0);
    return JSON.parse(stdout) as {
      live: number;
      held: { release: number } | null;
      releases: { number: number; reason: string; state: string; files: number; to?: number }[];
    };
  };

  it("releases: newest first, what is live and what is kept", async () => {
    const { code, stdout } = await run("releases");
    assert.equal(code, 0);
    const [heading, empty, ...lines] = stdout.trimEnd().split("\n");
    assert.deepEqual([heading, empty], [`https://${stack.address}/`, ""]);
    assert.equal(lines.length, 2);
    assert.match(
      lines[0] ?? "",
      /^● 2 {2}live {7}20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}content {2}1 files, 12 bytes$/,
    );
    assert.match(lines[1] ?? "", /^ {2}1 {2}kept /);
    assert.equal((await run("releases", "--count", "1")).stdout.split("\n").length, 4);
    const { stdout: changes } = await run("releases", "--changes");
    assert.match(
      changes,
      / {2}\+0 ~1 −0 files, 12 bytes of them new\n.* {2}\+1 ~0 −0 files, 12 bytes of them new\n$/,
    );
  });

  it("status: what is live, by what machine and certificate", async () => {
    await stack.invoke("reconcile", {});
    const { code, stdout } = await run("status");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^site {10}https:\/\/\S+\nlive {10}release 2 since 20\d\d-\S+ \S+ UTC, 1 files, 12 bytes\n/,
    );
    assert.match(stdout, /\nmachine {7}i-\w+, answers\ncertificate {3}self-signed, until 20/);
    assert.doesNotMatch(stdout, /held|under way|waiting|not deployed/);
  });

  it("status --all: the machines, images and the month's cost as well", async () => {
    const { stdout } = await run("status", "--all");
    assert.match(stdout, /\nmachines {6}i-\w+ {2}running {2}release 2 /);
    assert.match(stdout, /\nimages {8}ami-\w+ {2}release 2\n {14}ami-\w+ {2}release 1\n/);
    assert.match(stdout, /\ncost {10}about \$9\.\d\d a month with the last 30 days' 2 deployments\n/);
  });

  it("status: what could not be deployed, and a machine that does not answer, which is exit code 1", async () => {
    const { instanceId } = (await stack.live()) ?? {};
    const seen = { answers: false, final: false, reason: "it is silent" };
    await stack.put(stack.state, "health.json", JSON.stringify({ instanceId, misses: 1, seen }));
    const at = new Date().toISOString();
    const listing = "0".repeat(64);
    const refused = { listing, error: "NoIndex", cause: "There is none.", at, times: 1, content: true };
    await stack.put(stack.state, "refused.json", JSON.stringify(refused));
    const { code, stdout } = await run("status");
    assert.equal(code, 1);
    assert.match(stdout, /, did not answer: it is silent\n/);
    assert.match(stdout, /\nnot deployed {2}NoIndex: There is none\.\n/);
    for (const key of ["health.json", "refused.json"]) await stack.delete(stack.state, key);
  });

  it("rollback: goes to the release before, and says what that means", async () => {
    const { code, stdout, stderr } = await run("rollback");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Going back from release 2 to release 1\.\n/);
    assert.match(stdout, /\n +\d+\.\d s {2}moving the address\n/);
    assert.match(
      stdout,
      /\nRelease 1 is live again: https:\/\/\S+ \(1 files\)\nThe site is held there since a rollback/,
    );
    const { live, held, releases } = await listed();
    assert.deepEqual({ live, held: held?.release }, { live: 1, held: 2 });
    interface Status {
      live: { release: number };
      held: { release: number };
      underWay: null;
      waiting: string[];
    }
    const status = JSON.parse((await run("status", "--json")).stdout) as Status;
    assert.deepEqual(
      [status.live.release, status.held.release, status.underWay, status.waiting],
      [1, 2, null, []],
    );
    assert.deepEqual(
      releases.map(({ number, reason, state, to }) => ({ number, reason, state, to })),
      [
        { number: 3, reason: "rollback", state: "restored", to: 1 },
        { number: 2, reason: "content", state: "kept", to: undefined },
        { number: 1, reason: "content", state: "live", to: undefined },
      ],
    );
    assert.match(
      (await run("releases")).stdout,
      /\nHeld by a rollback: the bucket has the content of release 2;/,
    );
  });

  it("rollback --json: back again, told for programs", async () => {
    const { code, stdout } = await run("rollback", "2", "--json");
    assert.equal(code, 0);
    const { outcome, to, release, seconds } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual({ outcome, to, release }, { outcome: "live", to: 2, release: 2 });
    assert.ok(typeof seconds === "number" && seconds > 0);
    assert.equal((await listed()).held, null);
  });

  it("rollback to what is live: nothing to do, which is no failure", async () => {
    const { code, stdout } = await run("rollback", "2");
    assert.equal(code, 0);
    assert.equal(stdout, "Nothing to do: release 2 is live.\n");
  });

  it("rollback to what is not kept: says what is, and asks for nothing", async () => {
    const { code, stdout, stderr } = await run("rollback", "99");
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.equal(stderr, "mirage-pages: Release 99 does not exist. Kept beside the live one: 1.\n");
    assert.equal((await listed()).releases.length, 4);
  });

  it("a release that is no number: exit code 2", async () => {
    const { code, stderr } = await run("rollback", "first");
    assert.equal(code, 2);
    assert.match(stderr, /A release is a number, as 12\./);
    assert.equal((await run("releases", "--count", "none")).code, 2);
  });

  it("a stack that is not there: says so, and how to name another", async () => {
    const { code, stderr } = await run("releases", "--stage", "trial");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^mirage-pages: There is no stack mirage-pages-trial in us-east-1 of account 0{12}\. Make it \(npx serverless deploy/,
    );
  });
});
