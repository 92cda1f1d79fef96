import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "../unikernel/built.ts";
import { packFixture } from "../unikernel/fixtures.ts";
import { type RunningServer, startServer } from "../unikernel/server.ts";
import { fileCases } from "./cases-files.ts";
import { checkHttp2, http2Cases } from "./cases-http2.ts";
import { requestCases } from "./cases-requests.ts";
import { ruleCases } from "./cases-rules.ts";
import { speaksHttp2 } from "./frames.ts";
import { checkResets } from "./resets.ts";
import { check, type Target } from "./run.ts";
import { cacheControl, files, modified, rules } from "./site.ts";

let directory: string;
let server: RunningServer;
let target: Target;

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

test("clients that reset their connections end nothing but these", async () => {
  assert.deepEqual(await checkResets(target), []);
});

test("HTTP/2 and its limits", async (t) => {
  if (!(await speaksHttp2(target)))
    return t.skip(`${http2Cases.length} cases: the Linux backend speaks HTTP/1.1 alone (docs/unikernel.md)`);
  for (const one of http2Cases) assert.deepEqual(await checkHttp2(target, one), [], one.name);
});
