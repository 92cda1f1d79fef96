import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { root } from "../kit/package.ts";
import { get, until } from "../kit/site.ts";
import { TestStack } from "../kit/stack.ts";
import { ended, miragePages } from "./program.ts";
import { Wire } from "./wire.ts";

interface Told {
  readonly outcome: string;
  readonly release: number;
  readonly message: string;
  readonly uploaded: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** `mirage-pages deploy` as a person runs it, from a folder to what visitors get. */
describe("mirage-pages deploy", { timeout: 600_000 }, () => {
  let stack: TestStack;
  let site: string;

  before(async () => {
    site = await mkdtemp(join(tmpdir(), "mp-site-"));
    await mkdir(join(site, "css"));
    await write("index.html", "<h1>One</h1>");
    await write("css/style.css", "h1 { color: red }");
    await write("old.html", "<p>Old</p>");
    await write(".env", "SECRET=1");
    stack = await TestStack.start();
  });
  after(async () => {
    await stack?.stop();
    await rm(site, { recursive: true, force: true });
  });

  const write = (file: string, text: string) => writeFile(join(site, file), text);
  const local = () => ["--local", "--data", stack.dataDir];
  const run = (...args: string[]) => miragePages(stack, ["deploy", ...args, ...local()]);
  const told = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args, "--json");
    assert.equal(code, 0, stdout + stderr);
    const { outcome, release, uploaded, deleted, unchanged } = JSON.parse(stdout) as Told;
    return { outcome, release, uploaded, deleted, unchanged };
  };

  it("before the first upload, without a folder: there is nothing to deploy", async () => {
    const { code, stderr } = await run("--rebuild");
    assert.equal(code, 1);
    assert.match(stderr, /^mirage-pages: NothingToDeploy: .* needs a site that is live/);
  });

  it("uploads a folder and follows it until it is live, as plain lines where there is no terminal", async () => {
    const { code, stdout, stderr } = await run(site);
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(
      stdout,
      /^Left out, for names that begin with a dot: \.env\n3 files to upload \(39 bytes\), 0 to delete, 0 as they are\.\n/,
    );
    assert.match(
      stdout,
      /\n +\d+\.\d s {2}packing the site\n(.*\n)* +\d+\.\d s {2}committing\nRelease 1 is live: https/,
    );
    assert.match(stdout, /\nAll of it took \d+(\.\d)? s\.\n$/);
    assert.match((await get(stack.address, "/")).body, /One/);
    assert.deepEqual(await stack.keys(stack.content), [
      "css/style.css",
      "index.html",
      "mirage-pages.done",
      "old.html",
    ]);
    const s3 = new S3Client(stack.sdk);
    const { ContentType } = await s3.send(
      new HeadObjectCommand({ Bucket: stack.content, Key: "css/style.css" }),
    );
    assert.equal(ContentType, "text/css; charset=utf-8");
  });

  it("uploads nothing that has the same bytes, whatever its time says", async () => {
    await utimes(join(site, "index.html"), new Date(), new Date());
    assert.deepEqual(await told(site), {
      outcome: "nothing",
      release: 1,
      uploaded: 0,
      deleted: 0,
      unchanged: 3,
    });
  });

  it("--dry-run: tells what would change, and changes nothing", async () => {
    await write("index.html", "<h1>Two</h1>");
    await utimes(join(site, "index.html"), new Date(0), new Date(0));
    await write("new.html", "<p>New</p>");
    await rm(join(site, "old.html"));
    const { stdout } = await run(site, "--dry-run");
    assert.match(stdout, /\nupload {2}index\.html\nupload {2}new\.html\ndelete {2}old\.html\n$/);
    assert.ok((await stack.keys(stack.content)).includes("old.html"));
  });

  it("uploads what differs, of the same size and an old time too, and deletes what is gone", async () => {
    assert.deepEqual(await told(site), {
      outcome: "live",
      release: 2,
      uploaded: 2,
      deleted: 1,
      unchanged: 1,
    });
    assert.match((await get(stack.address, "/")).body, /Two/);
    assert.equal((await get(stack.address, "/old.html")).status, 404);
  });

  it("after a rollback: says by which command this content comes back", async () => {
    const { code } = await miragePages(stack, ["rollback", ...local()]);
    assert.equal(code, 0);
    const { code: refused, stderr } = await run(site);
    assert.equal(refused, 1);
    assert.match(stderr, /held at release 1 by a rollback, .* To go there: mirage-pages rollback 2\n$/);
    assert.equal((await miragePages(stack, ["rollback", "2", ...local()])).code, 0);
  });

  it("without a folder: deploys what the bucket holds, which is nothing to do when it is live", async () => {
    assert.equal((await told()).outcome, "nothing");
    const { outcome, release } = await told("--rebuild");
    assert.deepEqual({ outcome, release }, { outcome: "live", release: 5 });
  });

  it("Ctrl-C says what goes on without us, which it does", async () => {
    await write("index.html", "<h1>Three</h1>");
    const program = join(root, "cli/mirage-pages.mjs");
    const child = spawn(program, ["deploy", site, ...local()], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    const exit = new Promise<number | null>((done) => child.on("exit", done));
    await until("a deployment has begun", async () => stdout.includes("planning"), 60_000);
    child.kill("SIGINT");
    assert.equal(await exit, 130);
    assert.equal(stderr, "\nThe deployment goes on without us: see `mirage-pages status`.\n");
    await until("it is live", async () => (await get(stack.address, "/")).body.includes("Three"), 60_000);
  });

  it("goes on to the end when nobody reads any more", async () => {
    await write("index.html", "<h1>Piped</h1>");
    const program = [join(root, "cli/mirage-pages.mjs"), "deploy", site, ...local()].join(" ");
    const { stdout, stderr } = await ended(
      "sh",
      ["-c", `{ ${program}; echo "code $?" >&2; } | head -n 1`],
      {},
    );
    assert.match(stdout, /^Left out, .*\n$/);
    assert.equal(stderr, "code 0\n");
    assert.match((await get(stack.address, "/")).body, /Piped/);
  });

  it("a network that is gone for a while is waited for; one that stays away ends in words", async (t) => {
    const wire = await Wire.to(stack.cloud.endpoint);
    t.after(() => wire.cut());
    await write("index.html", "<h1>Four</h1>");
    const { accessKeyId, secretAccessKey } = stack.sdk.credentials;
    const env = { ...process.env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const args = ["deploy", site, "--endpoint", wire.url];
    const child = spawn(join(root, "cli/mirage-pages.mjs"), args, {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    const exit = new Promise<number | null>((done) => child.on("exit", done));
    await until("a deployment has begun", async () => stdout.includes("planning"), 60_000);
    await wire.cut();
    await until(
      "it says so",
      async () => /AWS does not answer \(.*\): asking again\.\n/.test(stdout),
      60_000,
    );
    await wire.mend();
    assert.equal(await exit, 0, stdout);
    assert.match(stdout, /\nAWS answers again\.\n(.*\n)*Release \d+ is live: /);
    await wire.cut();
    const { code, stderr } = await miragePages(stack, ["status", "--endpoint", wire.url], env);
    assert.equal(code, 1);
    assert.match(stderr, /^mirage-pages: AWS cannot be asked: .*ECONNREFUSED/);
  });

  it("what the site's checks would refuse is refused before anything is uploaded", async () => {
    await mkdir(join(site, "a"));
    await write("a/c\\b.html", "x");
    const { code, stderr } = await run(site);
    assert.equal(code, 1);
    assert.match(stderr, /^mirage-pages: Nothing was uploaded: it would be refused\. .*backslash/);
    await rm(join(site, "a"), { recursive: true });
  });

  it("the source of a site is none, unless it is forced to be", async () => {
    await write("_config.yml", "title: x");
    const { code, stderr } = await run(site);
    assert.equal(code, 1);
    assert.match(stderr, /is the source of a Jekyll site \(it has _config\.yml\), .*\n\(--force deploys/);
    assert.match((await run(site, "--force", "--dry-run")).stdout, /upload {2}_config\.yml/);
  });

  it("wrong uses end with 2", async () => {
    assert.equal((await run(site, "--rebuild")).code, 2);
    assert.equal((await run("--dry-run")).code, 2);
  });
});
