import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareBytes, keyProblem } from "../../../lib/site/keys.ts";
import { showKey, showSize } from "../../../lib/site/show.ts";

test("compareBytes agrees with the order of the strings' UTF-8 bytes", () => {
  const strings = fc.string({ unit: "binary" }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(strings, strings, (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  assert.ok(compareBytes("\u{1f600}", "\uffee") > 0, "astral after the basic plane, unlike <");
  assert.ok(compareBytes("a", "a/b") < 0);
});

const refused: [key: string, reason: RegExp][] = [
  ["", /empty/],
  ["../etc/passwd", /"\.\." segment/],
  ["a/../b", /"\.\." segment/],
  ["a/..", /"\.\." segment/],
  ["a/./b", /"\." segment/],
  [".", /"\." segment/],
  ["a\\b", /backslash/],
  ["a\nb", /control character/],
  ["a\tb", /control character/],
  ["a\0b", /control character/],
  ["a\x7fb", /control character/],
  ["a\u0085b", /control character/],
  ["/a", /begins with a slash/],
  ["/", /begins with a slash/],
  ["a//b", /empty segment/],
  ["a//", /empty segment/],
  ["a\ud800b", /not valid UTF-8/],
  ["\udc00", /not valid UTF-8/],
  ["é".repeat(513), /longer than 1024 bytes/],
];

for (const [key, reason] of refused) {
  test(`refuses the key ${showKey(key, 40)}`, () => assert.match(keyProblem(key) ?? "", reason));
}

for (const key of [
  "a",
  "a b/c",
  "..a",
  "a..",
  "...",
  ".well-known/x",
  "é/ü",
  "😀",
  "a/",
  "é".repeat(512),
  "%2e%2e",
]) {
  test(`takes the key ${showKey(key, 40)}`, () => assert.equal(keyProblem(key), undefined));
}

test("a key that is taken names the same path after a URL parser has had it", () => {
  const keys = fc.string({ unit: "binary", minLength: 1 }).filter((key) => keyProblem(key) === undefined);
  fc.assert(
    fc.property(keys, (key) => {
      const { pathname } = new URL(
        `https://site.example/${key.split("/").map(encodeURIComponent).join("/")}`,
      );
      // "%2e" is a dot to a URL parser, but encodeURIComponent never writes it: segments of dots stay dots.
      assert.equal(decodeURIComponent(pathname), `/${key}`);
    }),
  );
});

test("showKey prints one visible line whatever the key", () => {
  assert.equal(showKey("a\nb"), '"a\\nb"');
  assert.equal(showKey("a\u202eb"), '"a\\u{202e}b"');
  assert.equal(showKey("a\ud800b"), '"a\\ud800b"');
  assert.equal(showKey("a\x9bb"), '"a\\u{9b}b"');
  assert.equal(showKey("x".repeat(2000)).length, 163);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (key) => {
      assert.doesNotMatch(showKey(key), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});

test("showSize rounds, and says so", () => {
  assert.equal(showSize(17), "17 bytes");
  assert.equal(showSize(1024 ** 3), "1 GiB");
  assert.equal(showSize(1024 ** 3 + 1), "1 GiB (1073741825 bytes)");
  assert.equal(showSize(1536), "1.5 KiB");
});
