import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { selfSignedCertificate } from "../../lib/identity/certificate.ts";
import { fileCases } from "./cases-files.ts";
import { requestCases } from "./cases-requests.ts";
import { ruleCases } from "./cases-rules.ts";
import { differences } from "./differences.ts";
import { type RunningNginx, startNginx } from "./nginx.ts";
import { check, type Target } from "./run.ts";

let directory: string;
let server: RunningNginx;
let target: Target;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "http-nginx-"));
  const names = ["example.org", "www.example.org"];
  const notBefore = new Date(Date.now() - 86_400_000);
  const { chainPem, keyPem } = await selfSignedCertificate({ names, notBefore, days: 30 });
  server = await startNginx(directory, chainPem, keyPem);
  const { http, https } = server;
  target = { host: "127.0.0.1", http, https, trust: chainPem, name: "example.org" };
});

after(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const cases = [...fileCases, ...requestCases, ...ruleCases];

test("nginx answers as we do, but for the differences that docs/http.md explains", async (t) => {
  const problems = new Map<string, string[]>();
  const queue = cases.values();
  const worker = async () => {
    for (const one of queue) {
      problems.set(one.name, await check(target, one).catch((error: Error) => [error.message]));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const found = cases.map(({ name }) => name).filter((name) => problems.get(name)?.length !== 0);
  for (const name of found) t.diagnostic(`${name}: ${problems.get(name)?.join("; ")}`);
  const listed = cases
    .map(({ name }) => name)
    .filter((name) => differences.some(({ cases }) => cases.test(name)));
  assert.deepEqual(found, listed);
});
