import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeIndex } from "../../../lib/archive/decode-index.ts";
import { encodeIndex } from "../../../lib/archive/encode-index.ts";
import { isRedirect, type SiteIndex } from "../../../lib/archive/site-index.ts";
import { isRefusal } from "../../../lib/site/errors.ts";
import { keyProblem } from "../../../lib/site/keys.ts";
import { checkListing } from "../../../lib/site/listing.ts";
import { pageHeaders, type SitePlan } from "../../../lib/site/plan.ts";
import { planWithRules, ruleFiles } from "../../../lib/site/site-rules.ts";
import { encodePath } from "../../../lib/site/url.ts";
import { keys, policyText, ruleText } from "./words.ts";

/** Whatever people upload: it becomes a site that can be packed, or is refused by name. */
const files = fc
  .dictionary(fc.constantFrom(...ruleFiles), fc.constant(""), { noNullPrototype: true })
  .chain((which) =>
    fc
      .tuple(policyText, ruleText, ruleText)
      .map(
        (texts) =>
          new Map(ruleFiles.flatMap((name, i) => (name in which ? [[name, texts[i] ?? ""] as const] : []))),
      ),
  );
const uploads = fc.array(keys, { maxLength: 12 });

/** What a call gives; undefined when it refuses as it says it does. */
function unlessRefused<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    assert.ok(
      error.message.length > 20 && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(error.message.replaceAll("\n", "")),
      error.message,
    );
    return undefined;
  }
}

const listed = (names: readonly string[]) =>
  [...new Set(names)].map((key) => ({ key, size: 1, etag: '"e"', lastModified: "2026-11-23T00:00:00.000Z" }));

/** The index of a plan, every body one byte long. */
function indexOf(plan: SitePlan): SiteIndex {
  const body = (page: SitePlan["pages"][number]) => {
    const { type, headers } = pageHeaders(plan, page, {}, true);
    const identity = { coding: "identity", size: 1, offset: 512, etag: `"${"0".repeat(32)}"` } as const;
    const { path, status } = page;
    return { path, status, headers, type, modified: 0, representations: [identity] } as const;
  };
  return {
    policies: new Map([["hsts", plan.policy.hsts ?? "off"]]),
    rules: plan.rules,
    headerRules: plan.headerRules,
    fallbacks: plan.fallbacks.map(body),
    entries: [...plan.pages.map(body), ...plan.redirects],
  };
}

function assertInside(path: string): void {
  assert.ok(path.startsWith("/"), path);
  const segments = path.slice(1).split("/");
  assert.ok(!segments.some((segment) => segment === "." || segment === ".."), path);
  assert.doesNotMatch(path, /\p{Cc}/u);
}

test("keys and rules of any kind make an index that is read as it was written, or a refusal", () => {
  let planned = 0;
  fc.assert(
    fc.property(uploads, files, (names, rules) => {
      const objects = unlessRefused(() => checkListing(listed(["index.html", ...names])).objects);
      const served = (objects ?? listed(["index.html", "about.html", "é/ü.html"])).map(({ key }) => key);
      const ruled = unlessRefused(() => planWithRules(served, rules));
      if (ruled === undefined) return;
      planned += 1;
      const index = indexOf(ruled.plan);
      const text = encodeIndex(index, (length) => length);
      const read = decodeIndex(text.toString(), text.length, 10_000);
      assert.equal(read.entries.length, index.entries.length);
      for (const entry of read.entries) {
        if (!isRedirect(entry)) assertInside(entry.path);
        else assert.match(entry.location, /^[\x21-\x7e]+$/);
      }
      for (const finding of ruled.findings) {
        assert.doesNotMatch(finding, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        assert.ok(finding.length < 1_000, finding);
      }
    }),
    { numRuns: 3_000, seed: 20261123 },
  );
  assert.ok(planned > 500, `${planned} sites`);
});

test("what is served of a key is what a browser asks for, in either Unicode form", () => {
  fc.assert(
    fc.property(uploads, (names) => {
      const objects = unlessRefused(() => checkListing(listed(["index.html", ...names])).objects);
      if (objects === undefined) return;
      const { plan } = planWithRules(
        objects.map(({ key }) => key),
        new Map(),
      );
      const answers = new Map<string, string>();
      for (const { path, key } of plan.pages) answers.set(path, key);
      for (const { path, location } of plan.redirects) {
        assert.ok(!answers.has(path), path);
        answers.set(path, decodeURIComponent(location));
      }
      for (const { key } of objects) {
        if (ruleFiles.includes(key)) continue;
        for (const form of ["NFC", "NFD"] as const) {
          const asked = new URL(encodePath(`/${key.normalize(form)}`), "https://site.example").pathname;
          const found = answers.get(decodeURIComponent(asked));
          assert.ok(found === key || found === `/${key}`, `${asked} leads to ${found}`);
        }
      }
    }),
    { numRuns: 2_000, seed: 20261123 },
  );
});

test("a key that could lead out of a directory is never taken", () => {
  fc.assert(
    fc.property(keys, (key) => {
      if (keyProblem(key) !== undefined) return;
      assertInside(`/${key}`);
      assert.ok(!key.startsWith("/") && !key.includes("\\"), key);
    }),
    { numRuns: 20_000, seed: 20261123 },
  );
});
