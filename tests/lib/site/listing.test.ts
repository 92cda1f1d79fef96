import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isRefusal } from "../../../lib/site/errors.ts";
import { checkListing, type ListedObject, listingDigest, siteLimits } from "../../../lib/site/listing.ts";

function listed(key: string, size = 10): ListedObject {
  return { key, size, etag: '"0123456789abcdef0123456789abcdef"', lastModified: "2026-11-01T10:00:00.000Z" };
}

function site(...keys: string[]): ListedObject[] {
  return ["index.html", ...keys].map((key) => listed(key));
}

function refusal(name: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isRefusal(error), String(error));
    assert.equal(error.name, name);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return true;
  };
}

test("gives what to pack in byte order, without directory markers, and the sum of the sizes", () => {
  const checked = checkListing([
    listed("\u{1f600}.txt"),
    listed("\uffee.txt"),
    ...site("b"),
    listed("docs/", 0),
  ]);
  assert.deepEqual(
    checked.objects.map(({ key }) => key),
    ["b", "index.html", "\uffee.txt", "\u{1f600}.txt"],
  );
  assert.equal(checked.bytes, 40);
});

test("refuses an empty bucket, unless told not to", () => {
  for (const listing of [[], [listed("docs/", 0)]]) {
    assert.throws(() => checkListing(listing), refusal("EmptySite", /blank the site.*allowEmpty/));
    assert.deepEqual(checkListing(listing, { allowEmpty: true }), { objects: [], bytes: 0 });
  }
});

test("refuses a site without index.html and says where one is", () => {
  assert.throws(() => checkListing([listed("a.html")], { allowEmpty: true }), refusal("NoIndex", /Jekyll/));
  assert.throws(
    () => checkListing([listed("_site/index.html")]),
    refusal("NoIndex", /There is "_site\/index.html"/),
  );
});

test("refuses unsafe keys, all of them in one message, each escaped", () => {
  const keys = ["a/../b", "c\\d", "e\u0007f", "g//h", "\ud800"];
  assert.throws(
    () => checkListing(site(...keys)),
    refusal("UnsafeKey", /^5 keys.*"a\/\.\.\/b".*"c\\\\d".*"e\\u0007f".*"g\/\/h".*"\\ud800"/),
  );
  const many = Array.from({ length: 40 }, (_, i) => `${i}\\`);
  assert.throws(() => checkListing(site(...many)), refusal("UnsafeKey", /^40 keys.*and 35 more/));
});

test("refuses a folder's name with a file's content", () => {
  assert.throws(() => checkListing(site("docs/")), refusal("UnsafeKey", /"docs\/" ends in a slash/));
});

const clashes: [first: string, second: string, path: RegExp][] = [
  ["caf\u00e9.html", "cafe\u0301.html", /from "cafe\u0301.html" and from "caf\u00e9.html"/],
  ["caf\u00e9/index.html", "cafe\u0301/index.html", /URL path/],
  [".well-known/mirage-pages.html", "a", /answered by the machine itself/],
  [".well-known/mirage-pages", "a", /answered by the machine itself/],
  [".well-known/mirage-pages/index.html", "a", /answered by the machine itself/],
];

for (const [first, second, message] of clashes) {
  test(`refuses ${first} beside ${second}, in either order`, () => {
    assert.throws(() => checkListing(site(first, second)), refusal("DuplicatePath", message));
    assert.throws(() => checkListing(site(second, first)), refusal("DuplicatePath", message));
  });
}

test("takes neighbours that do not clash", () => {
  const keys = [
    "a",
    "a/index.html",
    "a/b.html",
    "A",
    "docs/index.html",
    "docs.html",
    "docs/404.html",
    "404.html",
    "index",
    "a b",
  ];
  assert.equal(checkListing(site(...keys)).objects.length, keys.length + 1);
});

test("refuses what is too large, at the very byte", () => {
  const gib = siteLimits.objectBytes;
  const full = [listed("index.html", gib), listed("b", gib)];
  assert.equal(checkListing(full).bytes, siteLimits.siteBytes);
  assert.throws(
    () => checkListing([listed("index.html", gib + 1)]),
    refusal("ObjectTooLarge", /"index.html" is 1 GiB/),
  );
  assert.throws(() => checkListing([...full, listed("c", 1)]), refusal("SiteTooLarge", /2147483649 bytes/));
});

test("refuses too many objects, markers not counted", () => {
  const pages = Array.from({ length: siteLimits.objects - 1 }, (_, i) => `${i}.html`);
  assert.equal(checkListing([...site(...pages), listed("folder/", 0)]).objects.length, siteLimits.objects);
  assert.throws(
    () => checkListing(site(...pages, "one-more")),
    refusal("TooManyObjects", /50001 files.*50000/),
  );
});

test("the listing digest changes with each field, and with nothing else", () => {
  const listing = site("a", "b\nc");
  const digest = listingDigest(listing);
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.equal(listingDigest(listing.toReversed()), digest);
  const asDates = listing.map((object) => ({ ...object, lastModified: new Date(object.lastModified) }));
  assert.equal(listingDigest(asDates), digest);
  const changes: Partial<ListedObject>[] = [
    { key: "z" },
    { size: 11 },
    { etag: '"1"' },
    { lastModified: "2026-11-01T10:00:01.000Z" },
  ];
  for (const change of changes) {
    const changed = listing.map((object) => (object.key === "a" ? { ...object, ...change } : object));
    assert.notEqual(listingDigest(changed), digest, JSON.stringify(change));
  }
  assert.notEqual(listingDigest(listing.slice(1)), digest);
});

test("whatever the keys, checkListing refuses or gives a site; it never fails otherwise", () => {
  const keys = fc.array(
    fc.string({ unit: fc.constantFrom("a", "/", ".", "\\", "é", "\0", "\ud800", "index.html") }),
  );
  fc.assert(
    fc.property(keys, fc.nat(1), (names, size) => {
      try {
        checkListing([...new Set(names)].map((key) => listed(key, size)));
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
  );
});
