import assert from "node:assert/strict";
import { mkdir, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { extractSite } from "../../../cli/archive/extract.ts";
import { CommandFailed } from "../../../cli/failure.ts";
import { membersOf } from "../../../lib/archive/members.ts";
import { readIndex } from "../../../lib/archive/reader.ts";
import { BadArchive, memberHeader, padding, tarEnd } from "../../../lib/archive/tar.ts";
import { BadDisk } from "../../../lib/disk/gpt.ts";
import { readPartitions } from "../../../lib/disk/partitions.ts";
import { bufferSource, fileSource } from "../../../lib/disk/source.ts";
import { identityTar, readIdentity } from "../../../lib/identity/identity.ts";
import { packFixture, writeFixtureDisk } from "../../unikernel/fixtures.ts";
import { scratch } from "../scratch.ts";
import { keys } from "./words.ts";

/** Archives, identities and disks that are damaged, cut off or made up: read, or refused by name. */
const seed = 20261123;

interface Damage {
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly cut: number;
  readonly moved: number;
}
const damages = fc.array(
  fc.record({
    at: fc.nat(6_000),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(
        ...["../", "x", "77777777777", "\0\0\0\0", "9 path=a\n"].map((text) => Buffer.from(text)),
      ),
    ),
    cut: fc.oneof(fc.constant(0), fc.nat(1_500)),
    moved: fc.oneof(fc.constant(0), fc.constantFrom(-512, 512, 1)),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(whole: Buffer, all: readonly Damage[]): Buffer {
  return all.reduce((bytes, { at, bytes: written, cut, moved }) => {
    const place = at % Math.max(1, bytes.length);
    const copy = Buffer.from(bytes);
    Buffer.from(written).copy(copy, place);
    const end = moved > 0 ? Buffer.alloc(moved) : Buffer.alloc(0);
    return Buffer.concat([copy, end]).subarray(0, copy.length + moved - cut);
  }, whole);
}

/** A source that fails the test when it is asked for what it has not. */
function guarded(bytes: Buffer) {
  const { read } = bufferSource(bytes);
  return {
    size: bytes.length,
    read: (offset: number, length: number) => {
      assert.ok(
        offset >= 0 && length >= 0 && offset + length <= bytes.length,
        `${length} at ${offset} of ${bytes.length}`,
      );
      return read(offset, length);
    },
  };
}

async function onlyRefused(
  act: () => Promise<unknown>,
  ...errors: readonly (new (
    ...args: never[]
  ) => Error)[]
): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    assert.ok(
      errors.some((one) => error instanceof one),
      String(error instanceof Error ? error.stack : error),
    );
    return false;
  }
}

const member = (name: string, body: Buffer) =>
  Buffer.concat([memberHeader(name, body.length), body, Buffer.alloc(padding(body.length))]);

test("an archive is read within its bytes, whatever they are", async (t) => {
  const directory = await scratch(t);
  const { archive } = await packFixture({
    directory,
    files: { "index.html": "x".repeat(700), [`${"long/".repeat(30)}a`]: "b" },
  });
  await fc.assert(
    fc.asyncProperty(damages, async (all) => {
      const source = guarded(damaged(archive, all));
      await onlyRefused(() => readIndex(source), BadArchive);
      await onlyRefused(() => Array.fromAsync(membersOf(source)), BadArchive);
    }),
    { numRuns: 2_000, seed },
  );
});

test("whatever names an archive has, nothing is extracted beside its directory", async (t) => {
  const directory = await scratch(t);
  let extracted = 0;
  let round = 0;
  const tree = () =>
    readdir(directory, { recursive: true }).then((names) =>
      names.filter((name) => !/^out\d+(\/|$)/.test(name)),
    );
  await mkdir(join(directory, "beside"));
  await fc.assert(
    fc.asyncProperty(fc.array(keys, { maxLength: 3 }), async (names) => {
      const headers = names.filter(
        (name) => name.isWellFormed() && !/[\0\n]/.test(name) && Buffer.byteLength(name) < 1_000,
      );
      const bytes = Buffer.concat([
        ...headers.map((name) => member(`site/${name}`, Buffer.from("x"))),
        tarEnd,
      ]);
      const out = join(directory, `out${round}`);
      round += 1;
      if (await onlyRefused(() => extractSite(bufferSource(bytes), out, false), BadArchive, CommandFailed))
        extracted += 1;
      assert.deepEqual(await tree(), ["beside"]);
    }),
    { numRuns: 300, seed },
  );
  assert.ok(extracted > 30, `${extracted} were extracted`);
});

test("an identity is read or refused, whatever its bytes are", () => {
  const archive = { digest: "a".repeat(64), bytes: 1 };
  const pem = { chainPem: "-----BEGIN CERTIFICATE-----\n", keyPem: "-----BEGIN PRIVATE KEY-----\n" };
  const tar = identityTar({ release: 1, archive, names: ["example.org"], hsts: "max-age=1", ...pem });
  fc.assert(
    fc.property(damages, (all) => {
      try {
        const { release, names = [], hsts = "x" } = readIdentity(damaged(tar, all));
        assert.ok(Number.isSafeInteger(release) && release > 0);
        for (const value of [...names, hsts]) assert.match(value, /^[\x20-\x7e]+$/);
      } catch (error) {
        assert.ok(error instanceof BadArchive, String(error));
      }
    }),
    { numRuns: 5_000, seed },
  );
});

test("a disk's partitions lie within it, or it is refused", async (t) => {
  const directory = await scratch(t);
  const fixture = await packFixture({ directory, files: { "index.html": "x" } });
  const path = join(directory, "disk");
  await writeFixtureDisk(fixture, Buffer.alloc(512), path);
  const file = await open(path);
  t.after(() => file.close());
  const { size } = await file.stat();
  const source = fileSource(file, size);
  let read = 0;
  await fc.assert(
    fc.asyncProperty(damages, async (all) => {
      const changed = async (offset: number, length: number) => {
        assert.ok(offset >= 0 && length >= 0 && offset + length <= size, `${length} at ${offset}`);
        const bytes = Buffer.from(await source.read(offset, length));
        for (const { at, bytes: written } of all) {
          const from = at - offset;
          if (from >= 0 && from < length) Buffer.from(written).copy(bytes, from);
        }
        return bytes;
      };
      const examine = async () => {
        for (const { offset, bytes } of await readPartitions({ size, read: changed })) {
          assert.ok(offset > 0 && bytes > 0 && offset + bytes <= size);
        }
      };
      if (await onlyRefused(examine, BadDisk)) read += 1;
    }),
    { numRuns: 500, seed },
  );
  assert.ok(read > 5 && read < 495, `${read} of 500 were read`);
});
