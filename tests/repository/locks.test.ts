import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../kit/package.ts";

/** What is not ours comes in by these files alone: each names it by version and digest, and no place to get it. */
interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly resolved?: string }>
  >;
}
const json = async <T>(name: string) => JSON.parse(await readFile(join(root, name), "utf8")) as T;

test("package-lock.json names every npm package by version and digest, whatever registry it comes from", async () => {
  const { lockfileVersion, packages } = await json<Lock>("package-lock.json");
  assert.equal(lockfileVersion, 3);
  const { "": ours, ...others } = packages;
  assert.ok(ours && Object.keys(others).length > 300, `${Object.keys(others).length} packages`);
  for (const [name, { version, integrity, resolved }] of Object.entries(others)) {
    assert.match(version ?? "", /^\d+\.\d+\.\d+/, name);
    assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==/, name);
    assert.equal(resolved, undefined, name);
  }
});

test("package-lock.json is of this package.json", async () => {
  const { packages } = await json<{ packages: Record<string, object> }>("package-lock.json");
  const declared = await json<Record<string, object>>("package.json");
  const locked = packages[""] as Record<string, object>;
  for (const kind of ["dependencies", "devDependencies"])
    assert.deepEqual(locked[kind], declared[kind], kind);
});

test("the build's image is named by its digest", async () => {
  const template = await readFile(join(root, "stack/build.yml"), "utf8");
  const images = [...template.matchAll(/^\s*Image: (.*)$/gm)].map(([, image = ""]) => image);
  assert.equal(images.length, 1);
  assert.match(images[0] ?? "", /^public\.ecr\.aws\/docker\/library\/debian@sha256:[0-9a-f]{64}$/);
});
