import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../kit/package.ts";
import { until } from "../kit/site.ts";

/** `npm start` as a person runs it: as a process of its own, ended by signals. */
describe("npm start", { timeout: 300_000 }, () => {
  let folder: string;
  let site: string;
  const block = `127.${randomInt(100, 250)}.${randomInt(1, 250)}`;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mp-start-"));
    site = join(folder, "_site");
    await mkdir(site);
    await writeFile(join(site, "index.html"), "<h1>Started</h1>");
  });
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

  const start = (...args: string[]) => {
    const all = ["start", "--", "--site", site, "--data", join(folder, "data"), "--block", block, ...args];
    const npm = spawn("npm", all, { cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const run = { npm, output: "", ended: new Promise<number | null>((done) => npm.on("exit", done)) };
    for (const stream of [npm.stdout, npm.stderr])
      stream.on("data", (chunk) => (run.output += String(chunk)));
    return run;
  };
  /** Processes that name the test's folder: whatever the run started does. */
  const processes = async () => {
    const found: string[] = [];
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (command.includes(folder) && Number(pid) !== process.pid) found.push(command.replaceAll("\0", " "));
    }
    return found;
  };
  const assertNothingLeft = async () => {
    await until("its processes are gone", async () => (await processes()).length === 0, 10_000);
    assert.equal(existsSync(join(folder, "data/lock.json")), false, "the lock is still there");
  };
  const endsBy = async (signal: NodeJS.Signals, target: (npm: ChildProcess) => number) => {
    const run = start("--port", "0");
    await until("it uploads", async () => run.output.includes("Uploading"), 60_000);
    process.kill(target(run.npm), signal);
    await run.ended;
    await assertNothingLeft();
  };

  it("says which port is in use, and leaves nothing", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await until("the other program listens", async () => other.listening);
    const { port } = other.address() as { port: number };
    const run = start("--once", "--port", String(port));
    assert.equal(await run.ended, 1);
    assert.match(run.output, new RegExp(`Port ${port} on 127.0.0.1 is in use`));
    await assertNothingLeft();
    other.close();
  });

  it("refuses a folder without files before it starts anything", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    const run = start("--once", "--port", "0", "--site", empty);
    assert.equal(await run.ended, 1);
    assert.match(run.output, /there is no file in .*--site takes the folder of a built site/);
  });

  it("tells why content is refused, and tells it again when it is started again", async () => {
    const bad = join(folder, "bad");
    await mkdir(join(bad, "sub"), { recursive: true });
    await writeFile(join(bad, "sub/page.html"), "<p>no index</p>");
    const args = ["--once", "--port", "0", "--site", bad, "--data", join(folder, "bad-data")];
    const first = start(...args);
    assert.equal(await first.ended, 1);
    assert.match(first.output, /The deployment failed: NoIndex: The content bucket has no index.html/);
    const second = start(...args);
    assert.equal(await second.ended, 1);
    assert.match(second.output, /This content was refused before: NoIndex/);
    await assertNothingLeft();
  });

  it("leaves no process, no lock and no port when it is interrupted at the keyboard", () =>
    endsBy("SIGINT", ({ pid = 0 }) => -pid));

  it("leaves no process, no lock and no port when npm is terminated", () =>
    endsBy("SIGTERM", ({ pid = 0 }) => pid));

  it("makes the site live, compares every path and reports with --once, interrupted before or not", async () => {
    const report = join(folder, "report.json");
    const run = start("--once", "--port", "0", "--report", report);
    assert.equal(await run.ended, 0, run.output);
    assert.match(
      run.output,
      /^Declared in the stack, without effect on this machine: AWS::S3::Bucket \(BucketEncryption, .*, AWS::EC2::Route,/m,
    );
    await assertNothingLeft();
    const told = JSON.parse(readFileSync(report, "utf8")) as {
      release: number;
      url: string;
      site: { files: number; bytes: number };
      seconds: Record<string, number>;
      states: Record<string, number>;
      disk: { bytes: number };
      verified: { paths: number; mismatches: number };
    };
    assert.deepEqual(told.site, { files: 1, bytes: 16 });
    assert.deepEqual(told.verified, { paths: 2, mismatches: 0 });
    assert.equal(told.url, `https://${block}.1/`);
    assert.ok(
      told.release >= 1 && told.disk.bytes > 2 ** 20 && told.disk.bytes <= 32 * 2 ** 20,
      JSON.stringify(told),
    );
    const { total = 0, settle = 0, build = 0, boot = 0, own = 0 } = told.seconds;
    assert.ok(Math.abs(total - settle - build - boot - own) < 0.01, JSON.stringify(told.seconds));
    assert.ok((told.states.commit ?? 0) > 0 && (told.states.settle ?? 0) > 0, JSON.stringify(told.states));
  });

  it("leaves nothing when it is interrupted while the site is up, and the machine as it was", async () => {
    const run = start("--port", "0");
    await until("it stays up", async () => run.output.includes("Ctrl-C ends everything"), 60_000);
    const [page = ""] = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(run.output) ?? [];
    assert.equal((await fetch(page, { redirect: "manual" })).status, 303, run.output);
    process.kill(-(run.npm.pid ?? 0), "SIGINT");
    await run.ended;
    await assertNothingLeft();
  });

  it("compiles nothing and deploys nothing the second time", async () => {
    const run = start("--once", "--port", "0");
    assert.equal(await run.ended, 0, run.output);
    assert.doesNotMatch(run.output, /compiling|Packaging the stack|booting and probing/);
    assert.match(run.output, /2 of 2 paths are as in the upload/);
  });

  it("has a local authority certify a name, and shows what it certified", async () => {
    const run = start("--once", "--port", "0", "--domain", "site.test", "--acme", "pebble");
    assert.equal(await run.ended, 0, run.output);
    assert.match(run.output, /the authority looks\n.*having it issued\n.*keeping it\n.*asking for a release/);
    assert.match(run.output, /served: certificate [0-9a-f]+, until 20/);
    assert.match(
      run.output,
      new RegExp(`curl --cacert .*root\\.pem --resolve site\\.test:443:${block}\\.1 `),
    );
    await assertNothingLeft();
  });

  it("refuses an authority without a name for it to certify", async () => {
    const run = start("--once", "--port", "0", "--acme", "pebble");
    assert.equal(await run.ended, 1);
    assert.match(run.output, /--acme needs the name that is to be certified/);
  });
});
