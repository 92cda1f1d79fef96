import assert from "node:assert/strict";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, get } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import {
  BadCertificate,
  describeCertificate,
  selfSignedCertificate,
} from "../../../lib/identity/certificate.ts";

const notBefore = new Date("2026-11-01T00:00:00.900Z");
const names = ["example.org", "*.example.org", "127.0.0.1", "::1"];

test("Node's own X.509 reads the same as we do", async () => {
  const certificate = await selfSignedCertificate({ names, notBefore, days: 90 });
  const leaf = new X509Certificate(certificate.chainPem);
  assert.equal(leaf.subject, "CN=example.org");
  assert.equal(
    leaf.subjectAltName,
    "DNS:example.org, DNS:*.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  assert.equal(leaf.serialNumber.toLowerCase(), certificate.serial);
  assert.equal(new Date(leaf.validFrom).toISOString(), "2026-11-01T00:00:00.000Z");
  assert.equal(new Date(leaf.validTo).toISOString(), certificate.notAfter.toISOString());
  assert.equal(certificate.notAfter.toISOString(), "2027-01-30T00:00:00.000Z");
  assert.equal(createHash("sha256").update(leaf.raw).digest("hex"), certificate.fingerprint);
  const key = createPrivateKey(certificate.keyPem);
  assert.equal(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.ok(leaf.checkPrivateKey(key));
  assert.ok(leaf.verify(leaf.publicKey));
  assert.deepEqual(certificate.names, names);
  assert.ok(certificate.selfSigned);
  const { chainPem, keyPem, ...description } = certificate;
  assert.deepEqual(await describeCertificate(chainPem), description);
  assert.match(chainPem, /^-----BEGIN CERTIFICATE-----\n[\s\S]*\n-----END CERTIFICATE-----\n$/);
  assert.match(keyPem, /^-----BEGIN PRIVATE KEY-----\n[\s\S]*\n-----END PRIVATE KEY-----\n$/);
});

test("a client that trusts it speaks TLS to a server that has it, by address and by name", async (t) => {
  const { chainPem, keyPem } = await selfSignedCertificate({
    names: ["localhost", "127.0.0.1"],
    notBefore: new Date(Date.now() - 60_000),
    days: 1,
  });
  const server = createServer({ cert: chainPem, key: keyPem }, (_, response) => response.end("hello"));
  t.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  for (const servername of ["localhost", ""]) {
    const request = get({ host: "127.0.0.1", port, servername, ca: chainPem, agent: false });
    const [response] = await once(request, "response");
    assert.equal(response.statusCode, 200);
    response.resume();
    await once(response, "end");
  }
});

test("serials are positive, 16 bytes and never the same; so are the keys", async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, () => selfSignedCertificate({ names: ["a.example"], notBefore, days: 1 })),
  );
  for (const { serial } of made) assert.match(serial, /^[4-7][0-9a-f]{31}$/);
  assert.equal(new Set(made.map(({ serial }) => serial)).size, made.length);
  assert.equal(new Set(made.map(({ keyPem }) => keyPem)).size, made.length);
});

test("a name too long for a common name still stands among the alternative names", async () => {
  const name = `${"a".repeat(60)}.example.org`;
  const { chainPem } = await selfSignedCertificate({ names: [name], notBefore, days: 1 });
  const leaf = new X509Certificate(chainPem);
  assert.equal(leaf.subject, "CN=mirage-pages");
  assert.equal(leaf.checkHost(name), name);
});

test("describes the leaf of a longer chain", async () => {
  const first = await selfSignedCertificate({ names: ["a.example"], notBefore, days: 1 });
  const second = await selfSignedCertificate({ names: ["b.example"], notBefore, days: 1 });
  const { names: leaf, chainLength } = await describeCertificate(first.chainPem + second.chainPem);
  assert.deepEqual(leaf, ["a.example"]);
  assert.equal(chainLength, 2);
});

test("refuses no names, no days, and chains that are none", async () => {
  await assert.rejects(selfSignedCertificate({ names: [], notBefore, days: 1 }), BadCertificate);
  await assert.rejects(selfSignedCertificate({ names: ["a"], notBefore, days: 0 }), BadCertificate);
  for (const chain of ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    await assert.rejects(describeCertificate(chain), BadCertificate);
  }
});
