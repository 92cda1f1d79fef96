import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { BadArchive } from "../../../lib/archive/tar.ts";
import { type Identity, identityTar, readIdentity } from "../../../lib/identity/identity.ts";
import { run, scratch } from "../scratch.ts";

const identity: Identity = {
  release: 12,
  archive: { digest: "0123456789abcdef".repeat(4), bytes: 123_456 },
  names: ["example.org", "www.example.org"],
  hsts: "max-age=31536000; includeSubDomains",
  challenge: "https://answer.example:8443/base",
  accessLog: { addresses: "truncated", secret: "fedcba9876543210".repeat(4) },
  chainPem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  keyPem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
};

test("tar lists its three members in order, and their text is as the format says", async (t) => {
  const file = join(await scratch(t), "identity.tar");
  await writeFile(file, identityTar(identity));
  assert.equal(await run("tar", "-tf", file), "identity\nchain.pem\nkey.pem\n");
  assert.equal(
    await run("tar", "-xOf", file, "identity"),
    `release 12\narchive ${identity.archive.digest}\narchive-size 123456\n` +
      "names example.org www.example.org\nhsts max-age=31536000; includeSubDomains\n" +
      "challenge https://answer.example:8443/base\n" +
      `access-log truncated ${"fedcba9876543210".repeat(4)}\n`,
  );
  assert.equal(await run("tar", "-xOf", file, "chain.pem"), identity.chainPem);
  assert.equal(await run("tar", "-xOf", file, "key.pem"), identity.keyPem);
});

test("comes back as it was written, whatever may be absent, zeros after it or not", () => {
  const without = (absent: Partial<Identity>) => ({ ...identity, ...absent });
  const shorter = [{ names: undefined }, { hsts: undefined }, { challenge: undefined }].map(without);
  const { accessLog: _, ...unwatched } = identity;
  for (const value of [identity, unwatched, ...shorter]) {
    const bytes = identityTar(value);
    assert.deepEqual(readIdentity(bytes), value);
    assert.deepEqual(readIdentity(Buffer.concat([bytes, Buffer.alloc(524_288 - bytes.length)])), value);
    assert.ok(identityTar(readIdentity(bytes)).equals(bytes));
  }
});

test("the archive may be a packed site itself: digest and bytes are all that is taken", () => {
  const archive = { ...identity.archive, files: 3 };
  assert.deepEqual(readIdentity(identityTar({ ...identity, archive })), identity);
});

const bad: Partial<Identity>[] = [
  { release: 0 },
  { release: 1.5 },
  { archive: { digest: "short", bytes: 1 } },
  { archive: { digest: "A".repeat(64), bytes: 1 } },
  { archive: { digest: "a".repeat(64), bytes: -1 } },
  { names: [] },
  { names: ["EXAMPLE.org"] },
  { names: ["a\nrelease 13"] },
  { names: ["a b"] },
  { hsts: "max-age=1\r\nSet-Cookie: a" },
  { hsts: "" },
  { challenge: "https://answer.example/" },
  { challenge: "https://answer.example\r\nrelease 13" },
  { challenge: "ftp://answer.example" },
  { challenge: "" },
  { accessLog: { addresses: "truncated", secret: "short" } },
  { accessLog: { addresses: "full", secret: `${"a".repeat(63)}\n` } },
  { chainPem: "" },
  { keyPem: "-----BEGIN EC PRIVATE KEY-----\n" },
];

for (const change of bad) {
  test(`does not pack ${JSON.stringify(change)}`, () => {
    assert.throws(() => identityTar({ ...identity, ...change }), RangeError);
  });
}

test("refuses what is damaged", () => {
  const bytes = identityTar(identity);
  assert.throws(() => readIdentity(bytes.subarray(0, 600)), BadArchive);
  assert.throws(() => readIdentity(bytes.subarray(0, 2000)), BadArchive);
  assert.throws(() => readIdentity(Buffer.alloc(4096)), BadArchive);
  assert.throws(() => readIdentity(Buffer.alloc(0)), BadArchive);
  assert.throws(() => readIdentity(bytes.subarray(1024)), /stands in its place/);
  const text = bytes.toString("latin1");
  assert.throws(
    () => readIdentity(Buffer.from(text.replace("release 12", "release xx"), "latin1")),
    BadArchive,
  );
  assert.throws(
    () => readIdentity(Buffer.from(text.replace("archive-size 1", "archive-size x"), "latin1")),
    BadArchive,
  );
  const unknown = Buffer.from(text.replace("hsts ", "hstx "), "latin1");
  assert.equal(readIdentity(unknown).hsts, undefined, "an unknown line is passed over");
});
