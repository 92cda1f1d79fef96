import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { matchPattern, parsePattern } from "../../../lib/site/pattern.ts";

/** The cases that the OCaml tests of the same patterns go through. */
const cases = join(import.meta.dirname, "../../../unikernel/test/pattern_cases.ml");

function show(pattern: string, path: string): string {
  try {
    const captured = matchPattern(parsePattern(pattern), path);
    if (captured === undefined) return "no";
    return [...captured]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join(" ");
  } catch (error) {
    assert.ok(error instanceof URIError);
    return "broken";
  }
}

test("patterns match what they match in OCaml", async () => {
  const source = await readFile(cases, "utf8");
  const literal = (text = "") =>
    Buffer.from(
      text.replaceAll(/\\(\d{3})/g, (_, code) => String.fromCharCode(Number(code))),
      "latin1",
    ).toString();
  const found = [...source.matchAll(/\("([^"]*)", "([^"]*)", "([^"]*)"\)/g)];
  assert.ok(found.length > 30);
  for (const [, pattern, path, expected] of found) {
    assert.equal(show(literal(pattern), literal(path)), literal(expected), `${pattern} ${path}`);
  }
});

test("captures put back into the pattern give the path", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "-"), minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(text, text, text, (first, second, rest) => {
      const captured = matchPattern(parsePattern(`/${first}/:name/*`), `/${first}/${second}/${rest}`);
      assert.deepEqual(
        captured,
        new Map([
          ["name", second],
          ["splat", rest],
        ]),
      );
    }),
  );
});

test("a long path against many stars takes no time to speak of", () => {
  const pattern = parsePattern("/*a*a*a*a*a*a*a*b");
  const from = performance.now();
  assert.equal(matchPattern(pattern, `/${"a".repeat(8000)}`), undefined);
  assert.ok(performance.now() - from < 1000);
});
