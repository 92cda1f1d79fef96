import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHeaders } from "../../../lib/site/headers-file.ts";
import { pageHeaders } from "../../../lib/site/plan.ts";
import { planWithRules } from "../../../lib/site/site-rules.ts";

/** The headers that a site's `_headers` give to a key, its own defaults left out. */
function given(text: string, key: string): Record<string, string> {
  const files = new Map([
    ["_headers", text],
    ["mirage-pages.toml", '[headers]\nsecurity = false\n[pages]\nhtml-handling = "none"'],
  ]);
  const { plan, findings } = planWithRules([key, ...files.keys()], files);
  assert.deepEqual(findings, []);
  const page = plan.pages.find((one) => one.key === key);
  assert.ok(page);
  const { type, headers } = pageHeaders(plan, page, {}, false);
  const all = Object.fromEntries([...headers, ["Content-Type", type]]);
  if (all["Cache-Control"] === "public, max-age=0, must-revalidate") delete all["Cache-Control"];
  if (/^(?:text\/html|image\/jpeg|text\/css)/.test(type)) delete all["Content-Type"];
  return all;
}

test("Netlify's example of the file", () => {
  const text = `
# a path:
/templates/index.html
  # headers for that path:
  X-Frame-Options: DENY
# another path:
/templates/index2.html
  # headers for that path:
  X-Frame-Options: SAMEORIGIN
`;
  assert.deepEqual(given(text, "templates/index.html"), { "X-Frame-Options": "DENY" });
  assert.deepEqual(given(text, "templates/index2.html"), { "X-Frame-Options": "SAMEORIGIN" });
  assert.deepEqual(given(text, "index.html"), {});
});

test("Netlify's example of values on several lines", () => {
  const text =
    "/*\n  cache-control: max-age=0\n  cache-control: no-cache\n  cache-control: no-store\n  cache-control: must-revalidate\n";
  assert.deepEqual(given(text, "a.html"), {
    "cache-control": "max-age=0, no-cache, no-store, must-revalidate",
  });
});

test("Cloudflare's example: all rules that match add up, and values are joined", () => {
  const text = `
# This is a comment
/secure/page
  X-Frame-Options: DENY
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer

/static/*
  Access-Control-Allow-Origin: *
  X-Robots-Tag: nosnippet

/static/styles.css
  X-Robots-Tag: noindex
`;
  assert.deepEqual(given(text, "secure/page"), {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Type": "application/octet-stream",
  });
  assert.deepEqual(given(text, "static/image.jpg"), {
    "Access-Control-Allow-Origin": "*",
    "X-Robots-Tag": "nosnippet",
  });
  assert.deepEqual(given(text, "static/styles.css"), {
    "Access-Control-Allow-Origin": "*",
    "X-Robots-Tag": "nosnippet, noindex",
  });
});

test("Cloudflare's example of taking a header away", () => {
  const text = "/*\n  Content-Security-Policy: default-src 'self';\n\n/*.jpg\n  ! Content-Security-Policy\n";
  assert.deepEqual(given(text, "a.html"), { "Content-Security-Policy": "default-src 'self';" });
  assert.deepEqual(given(text, "deep/a.jpg"), {});
});

test("Cloudflare's example of a placeholder in a value", () => {
  const text = '/movies/:title\n  x-movie-name: You are watching ":title"\n';
  assert.equal(given(text, "movies/Amélie")["x-movie-name"], 'You are watching "Am%C3%A9lie"');
});

test("a type and a default can be replaced or taken away", () => {
  const text = "/x.bin\n  Content-Type: application/x-own\n  ! Cache-Control\n";
  assert.deepEqual(given(text, "x.bin"), { "Content-Type": "application/x-own" });
});

test("rules of a host are kept for the server", () => {
  const { rules } = parseHeaders("https://myproject.pages.dev/*\n  X-Robots-Tag: noindex");
  assert.deepEqual(rules, [
    { host: "myproject.pages.dev", pattern: "/*", changes: [["X-Robots-Tag", "noindex"]] },
  ]);
});

test("lines that cannot be honoured are told with their number and why", () => {
  const lines: Record<string, RegExp> = {
    "no colon": /neither a path nor/,
    "X-Empty:": /no value/,
    "Bad Name: x": /no header name/,
    "Content-Length: 5": /server's own/,
    "Set-Thing: grüße": /visible ASCII/,
    "Basic-Auth: user:secret": /PUBLIC/,
    "! Content-Encoding": /server's own/,
  };
  for (const [line, reason] of Object.entries(lines)) {
    const { rules, findings } = parseHeaders(`/a\n  ${line}\n  X-Good: yes`);
    assert.deepEqual(
      rules.map(({ changes }) => changes),
      [[["X-Good", "yes"]]],
      line,
    );
    assert.equal(findings[0]?.line, 2, line);
    assert.match(findings[0]?.reason ?? "", reason, line);
  }
  const { rules, findings } = parseHeaders("X-Early: 1\nhttps://:p.pages.dev/*\n  X-Lost: 1\n/b\n  X-B: 1");
  assert.deepEqual(
    rules.map(({ pattern }) => pattern),
    ["/b"],
  );
  assert.deepEqual(
    findings.map(({ line }) => line),
    [1, 2],
  );
});

test("more paths than a site may have are told, and their headers go with them", () => {
  const paths = Array.from({ length: 1_001 }, (_, i) => `/${i}\n  X-Number: ${i}`);
  const { rules, findings } = parseHeaders(paths.join("\n"));
  assert.equal(rules.length, 1_000);
  assert.deepEqual(rules.at(-1)?.changes, [["X-Number", "999"]]);
  assert.deepEqual(
    findings.map(({ line }) => line),
    [2_001],
  );
  assert.match(findings[0]?.reason ?? "", /more than 1000 paths/);
});
