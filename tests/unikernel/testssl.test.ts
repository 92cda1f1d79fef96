import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HSTS } from "../../lib/site/policy.ts";
import { serious, testssl } from "../kit/testssl.ts";
import { build } from "./built.ts";
import { packFixture } from "./fixtures.ts";
import { issuedCertificate } from "./issued.ts";
import { startServer } from "./server.ts";

/** Protocols, ciphers, forward secrecy, preferences, certificate, headers, known attacks; the bench runs them all. */
const CHECKS = ["-p", "-s", "-f", "-P", "-S", "-h", "-U"];

test("testssl.sh finds nothing worse than LOW", { timeout: 900_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "testssl-"));
  const name = "site.test";
  const { root, ...certificate } = await issuedCertificate(name);
  const files = { "index.html": "<h1>one</h1>" };
  const fixture = await packFixture({ directory, files, names: [name], hsts: HSTS, certificate });
  const server = await startServer((await build()).server, fixture);
  try {
    const findings = await testssl({ address: "127.0.0.1", port: server.https, name, root }, CHECKS);
    assert.deepEqual(serious(findings), []);
    const told = new Map(findings.map(({ id, finding }) => [id, finding]));
    for (const [id, wanted] of Object.entries({
      TLS1: /^not offered/,
      TLS1_2: /^offered/,
      TLS1_3: /^offered/,
      cert_chain_of_trust: /^passed/,
      HSTS_time: /^730 days/,
      heartbleed: /^not vulnerable/,
    }))
      assert.match(told.get(id) ?? `${id} was not looked at`, wanted);
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
});
