import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "../unikernel/built.ts";
import { packFixture } from "../unikernel/fixtures.ts";
import { type RunningServer, startServer } from "../unikernel/server.ts";
import { fileCases } from "./cases-files.ts";
import { checkHttp2, http2Cases } from "./cases-http2.ts";
import { requestCases } from "./cases-requests.ts";
import { ruleCases } from "./cases-rules.ts";
import { checks } from "./checks.ts";
import { speaksHttp2 } from "./frames.ts";
import { check, type Target } from "./run.ts";
import { cacheControl, files, modified, rules } from "./site.ts";
import { checkSlow } from "./slow.ts";

let directory: string;
let server: RunningServer;
let target: Target;
let slow: Promise<string[]>;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "http-linux-"));
  const names = ["example.org", "www.example.org"];
  const fixture = await packFixture({
    directory,
    files: { ...files, ...rules },
    cacheControl,
    modified,
    names,
    hsts: "max-age=1",
  });
  assert.deepEqual(fixture.findings, [
    "_redirects line 12: The file style.css answers at /style.css; write 301! to go before it.",
  ]);
  server = await startServer((await build()).server, fixture);
  const { http, https } = server;
  target = { host: "127.0.0.1", http, https, trust: fixture.certificate, name: "example.org" };
  // Beside everything else: it waits for ten seconds.
  slow = checkSlow(target);
});

after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const cases = [...fileCases, ...requestCases, ...ruleCases];

test("there are no two cases of one name", () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

for (const one of cases) {
  test(one.name, async () => assert.deepEqual(await check(target, one), []));
}

for (const { name, check } of checks) {
  test(name, { timeout: 120_000 }, async () => {
    const before = await openFiles();
    assert.deepEqual(await check(target), []);
    // What the server has not closed yet, it must close soon.
    for (let tries = 0; tries < 40 && (await openFiles()) > before; tries++) await sleep(50);
    assert.ok((await openFiles()) <= before, `${await openFiles()} files are open, ${before} were`);
  });
}

test("no drip of bytes puts off the end of a slow client", async () => assert.deepEqual(await slow, []));

const openFiles = async () => (await readdir(`/proc/${server.process.pid}/fd`)).length;

test("HTTP/2 and its limits", async (t) => {
  if (!(await speaksHttp2(target)))
    return t.skip(`${http2Cases.length} cases: the Linux backend speaks HTTP/1.1 alone (docs/unikernel.md)`);
  for (const one of http2Cases) assert.deepEqual(await checkHttp2(target, one), [], one.name);
});
