import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyInvalid, RulesNotHonoured } from "../../../lib/site/errors.ts";
import { defaultPolicy } from "../../../lib/site/policy.ts";
import { parsePolicy } from "../../../lib/site/policy-file.ts";
import { planWithRules } from "../../../lib/site/site-rules.ts";

const keys = [
  "index.html",
  "about.html",
  "docs/index.html",
  "404.html",
  "docs/404.html",
  "style.css",
  "app.html",
];

const oneNameEach = { "mirage-pages.toml": '[pages]\nhtml-handling = "auto-trailing-slash"\n' };

function plan(redirects: string, more: Record<string, string> = {}) {
  const files = new Map(Object.entries({ _redirects: redirects, ...more }));
  const { plan, findings } = planWithRules([...keys, ...files.keys()], files);
  const served = (path: string) => {
    const page = plan.pages.find((one) => one.path === path);
    return page === undefined ? undefined : `${page.status} ${page.key}`;
  };
  return {
    ...{ plan, findings, served },
    moved: Object.fromEntries(
      plan.redirects.map(({ path, status, location }) => [path, `${status} ${location}`]),
    ),
    rules: plan.rules.map(
      ({ forced, pattern, status, target }) => `${forced ? "!" : "-"} ${pattern} ${status} ${target}`,
    ),
  };
}

test("rule files are not served", () => {
  const { plan: made } = plan("", { _headers: "", "mirage-pages.toml": "" });
  assert.deepEqual(
    made.pages.filter(({ key }) => !keys.includes(key)),
    [],
  );
  assert.deepEqual([...new Set(made.pages.map(({ key }) => key))].sort(), keys.toSorted());
});

test("exact redirects are entries, with and without a slash at the end", () => {
  const { moved, rules, findings } = plan("/old /new\n/trailing /trailing/ 302\n/no/ /no 301");
  assert.deepEqual(moved, {
    "/old": "301 /new",
    "/old/": "301 /new",
    "/trailing": "302 /trailing/",
    "/no/": "301 /no",
  });
  assert.deepEqual([rules, findings], [[], []]);
});

test("what stands in the site goes before a rule, unless it is forced", () => {
  const { moved, findings, served } = plan("/about /a\n/style.css /b 302!\n/docs /c");
  assert.deepEqual(moved, { "/style.css": "302 /b", "/style.css/": "302 /b", "/docs": "301 /c" });
  assert.equal(served("/style.css"), undefined);
  assert.deepEqual(findings, [
    "_redirects line 1: The file about.html answers at /about; write 301! to go before it.",
  ]);
});

test("exact rewrites are entries too, found by any name of a page", () => {
  const { served, findings } = plan("/spa /app.html 200\n/gone /404 410\n/d /docs 200\n/none /nowhere 200");
  assert.equal(served("/spa"), "200 app.html");
  assert.equal(served("/spa/"), "200 app.html");
  assert.equal(served("/gone"), "410 404.html");
  assert.equal(served("/d"), "200 docs/index.html");
  assert.deepEqual(findings, ["_redirects line 4: There is no /nowhere in this site to answer with."]);
});

test("patterns and conditions are a list, rewrites with their pages' canonical paths", () => {
  const { rules, moved } = plan(
    "/x/* /y/:splat\n/shop id=:id /item/:id 302\n/* /index.html 200\n/late /never",
    oneNameEach,
  );
  assert.deepEqual(rules, ["- /x/* 301 /y/{splat}", "- /shop 302 /item/{id}", "- /* 200 /"]);
  assert.deepEqual(moved, {});
});

test("the first rule that holds decides", () => {
  assert.deepEqual(plan("/a /b\n/a /c\n/x/* /y\n/x/1 /z").findings, [
    "_redirects line 2: Line 1 answers /a already.",
    "_redirects line 4: Line 3 answers /x/1 already.",
  ]);
  const conditional = plan("/lang /de/ 302 Language=de\n/lang /en/ 302");
  assert.deepEqual(conditional.rules, ["- /lang 302 /de/", "- /lang 302 /en/"]);
  assert.deepEqual([conditional.moved, conditional.findings], [{}, []]);
  const { rules } = plan("/a /b 302\n/* /closed.html 301!");
  assert.deepEqual(rules, ["! /a 302 /b", "! /* 301 /closed.html"]);
});

test("a redirect to itself is left out", () => {
  const { moved, findings } = plan("/self /self\n/docs/ /docs/index.html 301!", oneNameEach);
  assert.deepEqual(moved, {});
  assert.match(
    findings.join("\n"),
    /line 1: It would redirect to itself.\n.*line 2: It would redirect to itself/,
  );
});

test("strict refuses what cannot be honoured", () => {
  const toml = { "mirage-pages.toml": "strict = true\n" };
  assert.throws(
    () => plan("/ /cn 302 Country=cn", toml),
    (error) => {
      assert.ok(error instanceof RulesNotHonoured);
      assert.match(error.message, /^One rule of this site cannot be honoured.*_redirects line 1: .*country/);
      return true;
    },
  );
  assert.deepEqual(plan("/a /b", toml).findings, []);
});

test("fallbacks are the nearest 404.html, the front page, or none", () => {
  const fallbacks = (value: string) =>
    plan("", { "mirage-pages.toml": `[pages]\nnot-found = "${value}"` }).plan.fallbacks.map(
      ({ path, key, status }) => `${path} ${key} ${status}`,
    );
  assert.deepEqual(fallbacks("404-page"), ["/ 404.html 404", "/docs/ docs/404.html 404"]);
  assert.deepEqual(fallbacks("single-page-application"), ["/ index.html 200"]);
  assert.deepEqual(fallbacks("none"), []);
});

test("a policy is read whole, and an empty one is the default", () => {
  assert.deepEqual(parsePolicy(""), { ...defaultPolicy, strict: false });
  const text = `
strict = true
[pages]
html-handling = "drop-trailing-slash"
not-found = "none"
[hosts]
canonical = "www.example.org"
[headers]
hsts = "max-age=31536000; includeSubDomains; preload"
security = false
[cache]
immutable = ["/assets/*"]
`;
  assert.deepEqual(parsePolicy(text), {
    strict: true,
    htmlHandling: "drop-trailing-slash",
    notFound: "none",
    canonicalHost: "www.example.org",
    hsts: "max-age=31536000; includeSubDomains; preload",
    securityHeaders: false,
    immutable: ["/assets/*"],
  });
  assert.equal(parsePolicy("[headers]\nhsts = false").hsts, undefined);
});

test("what is wrong with a policy is told with its line", () => {
  const wrong: Record<string, RegExp> = {
    '[pages]\nhtml-handling = "auto"': /line 2: "pages\.html-handling" must be "keep-names" or/,
    '\n\n[pages]\nnot_found = "none"': /line 4: "pages\.not_found" is no setting/,
    "[page]\nx = 1": /line 1: "page" is no setting/,
    "pages.not-found = 5": /line 1: "pages\.not-found" must be /,
    'strict = "yes"': /line 1: "strict" must be of type boolean/,
    '[headers]\n\nhsts = "forever"': /line 3: "headers\.hsts" must be false or like max-age=/,
    '[hosts]\ncanonical = "https://a"': /line 2: "hosts\.canonical" must /,
    '[cache]\nimmutable = ["assets"]': /line 2: "cache\.immutable\.0" must begin with a slash/,
    "strict = true\nstrict = false": /line 2: /,
    "a = ": /line 1: /,
  };
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(
      () => parsePolicy(text),
      (error) => {
        assert.ok(error instanceof PolicyInvalid, String(error));
        assert.match(error.message, message);
        return true;
      },
    );
  }
});
