import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRedirects } from "../../../lib/site/redirects-file.ts";

/** A rule as its parts that are not the usual ones. */
function rules(text: string): Record<string, unknown>[] {
  const { rules, findings } = parseRedirects(text);
  assert.deepEqual(findings, []);
  return rules.map(({ exact, pattern, host, target, status, forced, conditions }) => ({
    from: exact ?? pattern,
    to: target,
    status,
    ...(host !== undefined && { host }),
    ...(forced && { forced }),
    ...(conditions.length > 0 && { conditions }),
  }));
}

function reasons(text: string): string[] {
  return parseRedirects(text).findings.map(({ line, reason }) => `${line}: ${reason}`);
}

test("Netlify's example of the file", () => {
  const text = `
# Redirects from what the browser requests to what we serve
/home              /
/blog/my-post.php  /blog/my-post
/news              /blog
/cuties            https://www.petsofnetlify.com
/authors/c%C3%A9line /authors/about-c%C3%A9line
`;
  assert.deepEqual(rules(text), [
    { from: "/home", to: "/", status: 301 },
    { from: "/blog/my-post.php", to: "/blog/my-post", status: 301 },
    { from: "/news", to: "/blog", status: 301 },
    { from: "/cuties", to: "https://www.petsofnetlify.com", status: 301 },
    { from: "/authors/céline", to: "/authors/about-c%C3%A9line", status: 301 },
  ]);
});

test("Netlify's examples of statuses, splats, placeholders, parameters, domains and force", () => {
  const text = `
/home         /              301
/my-redirect  /              302
/ecommerce    /store-closed  404
/pass-through /index.html    200
/en/* /en/404.html 404
/news/*  /blog/:splat
/news/:month/:date/:year/:slug  /blog/:year/:month/:date/:slug
/store id=:id  /blog/:id  301
/articles id=:id tag=:tag /posts/:tag/:id 301
http://blog.yoursite.com/* https://www.yoursite.com/blog/:splat 301!
/app/*  /app/index.html  200!
/* /index.html 200
`;
  assert.deepEqual(rules(text), [
    { from: "/home", to: "/", status: 301 },
    { from: "/my-redirect", to: "/", status: 302 },
    { from: "/ecommerce", to: "/store-closed", status: 404 },
    { from: "/pass-through", to: "/index.html", status: 200 },
    { from: "/en/*", to: "/en/404.html", status: 404 },
    { from: "/news/*", to: "/blog/{splat}", status: 301 },
    { from: "/news/:month/:date/:year/:slug", to: "/blog/{year}/{month}/{date}/{slug}", status: 301 },
    {
      ...{ from: "/store", to: "/blog/{id}", status: 301 },
      conditions: [{ kind: "query", name: "id", value: "{id}" }],
    },
    {
      ...{ from: "/articles", to: "/posts/{tag}/{id}", status: 301 },
      conditions: [
        { kind: "query", name: "id", value: "{id}" },
        { kind: "query", name: "tag", value: "{tag}" },
      ],
    },
    {
      ...{ from: "/*", to: "https://www.yoursite.com/blog/{splat}", status: 301 },
      ...{ host: "blog.yoursite.com", forced: true },
    },
    { from: "/app/*", to: "/app/index.html", status: 200, forced: true },
    { from: "/*", to: "/index.html", status: 200 },
  ]);
});

test("Netlify's conditions: languages and cookies hold, countries and roles are told", () => {
  assert.deepEqual(
    rules("/china/* /zh-cn/:splat 302 Language=zh\n/* /preview/:splat 302 Cookie=is_beta,nf"),
    [
      {
        ...{ from: "/china/*", to: "/zh-cn/{splat}", status: 302 },
        conditions: [{ kind: "language", anyOf: ["zh"] }],
      },
      {
        ...{ from: "/*", to: "/preview/{splat}", status: 302 },
        conditions: [{ kind: "cookie", anyOf: ["is_beta", "nf"] }],
      },
    ],
  );
  const text =
    "/ /china 302 Country=cn,hk,tw\n/admin/* /admin/:splat 200! Role=admin\n/api/* /x/:splat 200 Sign=SECRET";
  assert.match(reasons(text).join("\n"), /^1: .*country.*\n2: .*roles.*\n3: .*sign/);
});

test("Cloudflare's example of the file", () => {
  const text = `
/home301 / 301
/home302 / 302
/querystrings /?query=string 301
/twitch https://twitch.tv
/trailing /trailing/ 301
/notrailing/ /nottrailing 301
/page/ /page2/#fragment 301
/blog/* https://blog.my.domain/:splat # Blog migration
/products/:code/:name /products?code=:code&name=:name
`;
  assert.deepEqual(rules(text), [
    { from: "/home301", to: "/", status: 301 },
    { from: "/home302", to: "/", status: 302 },
    { from: "/querystrings", to: "/?query=string", status: 301 },
    { from: "/twitch", to: "https://twitch.tv", status: 301 },
    { from: "/trailing", to: "/trailing/", status: 301 },
    { from: "/notrailing/", to: "/nottrailing", status: 301 },
    { from: "/page/", to: "/page2/#fragment", status: 301 },
    { from: "/blog/*", to: "https://blog.my.domain/{splat}", status: 301 },
    { from: "/products/:code/:name", to: "/products?code={code}&name={name}", status: 301 },
  ]);
});

test("comments, fragments, blank lines, line ends and byte order marks", () => {
  const text = "\u{feff}# all\r\n\r\n/a /b # why\r\n/c#frag /d#frag 302 #why\n  /e\t/f  307 ";
  assert.deepEqual(rules(text), [
    { from: "/a", to: "/b", status: 301 },
    { from: "/c", to: "/d#frag", status: 302 },
    { from: "/e", to: "/f", status: 307 },
  ]);
});

test("what is left of placeholders that nothing captures, and of other hosts' ports", () => {
  assert.deepEqual(rules("/a https://b.org:8080/:c 301\n/{x} /{y}"), [
    { from: "/a", to: "https://b.org:8080/:c", status: 301 },
    { from: "/{x}", to: "/%7By%7D", status: 301 },
  ]);
});

test("lines that cannot be honoured are told with their number and why", () => {
  const lines = {
    "/only": /no target/,
    "no-slash /b": /neither with a slash/,
    "/a b.html": /no target/,
    "/a /b 3o1": /no status/,
    "/a /b 304": /304 is no redirect/,
    "/a /b 999": /no status/,
    "/a?x=1 /b": /query/,
    "/a%zz /b": /percent-encoding/,
    "/a%00 /b": /control character/,
    "https://*.example.org/* /b": /host must be one name/,
    "https://:sub.example.org/* /b": /host must be one name/,
    "/api/* https://api.example.org/:splat 200": /Proxying is not possible/,
    "/fn/* /.netlify/functions/:splat 200": /no Netlify functions/,
    "/a x=1=2 /b": /name=value/,
    "/a /b 301 Moon=full": /no condition/,
    [`/${"a".repeat(2000)} /b`]: /longer than/,
  };
  for (const [line, reason] of Object.entries(lines)) {
    const found = parseRedirects(`# first\n${line}\n/good /target`);
    assert.equal(found.rules.length, 1, line);
    assert.deepEqual(
      found.findings.map((finding) => finding.line),
      [2],
      line,
    );
    assert.match(found.findings[0]?.reason ?? "", reason, line);
  }
});

test("more patterns than a request should be tried against are told", () => {
  const text = Array.from({ length: 1002 }, (_, i) => `/${i}/* /b`).join("\n");
  assert.deepEqual(
    parseRedirects(text).findings.map(({ line }) => line),
    [1001, 1002],
  );
});

test("more rules than a site may have are told, line by line", () => {
  const lines = Array.from({ length: 20_002 }, (_, i) => `/old/${i} /new/${i}`);
  const { rules, findings } = parseRedirects(lines.join("\n"));
  assert.equal(rules.length, 20_000);
  assert.deepEqual(
    findings.map(({ line }) => line),
    [20_001, 20_002],
  );
  assert.match(findings[0]?.reason ?? "", /more than 20000 rules/);
});
