import { ask, type Case } from "./case.ts";

/** `_redirects` of site.ts. */
const redirects: Case[] = [
  ...(
    [
      ["/home", 301, "/"],
      ["/home/", 301, "/"],
      ["/home?a=1", 301, "/?a=1"],
      ["/old-blog/post", 302, "/blog/post"],
      ["/old-blog/2024/a%20b?x", 302, "/blog/2024/a%20b?x"],
      ["/old-blog", 302, "/blog/"],
      ["/old-blog/", 302, "/blog/"],
      ["/temporary", 307, "/about"],
      ["/permanent", 308, "/about"],
      ["/elsewhere", 301, "https://other.example/x?y=1#z"],
      ["/elsewhere?mine=1", 301, "https://other.example/x?y=1#z"],
      ["/with-query?mine=1", 301, "/about?from=here"],
      ["/with-fragment?mine=1", 302, "/about?mine=1#part"],
      ["/news/2024/post", 301, "/blog/post?year=2024"],
      ["/news/2024/post/", 301, "/blog/post?year=2024"],
      ["/static/image.jpg", 302, "/forced/image.jpg"],
      ["/static/a/b", 302, "/forced/a/b"],
      ["/shop?id=7", 302, "/item/7?id=7"],
      ["/shop?x=1&id=a%2Fb", 302, "/item/a%2Fb?x=1&id=a%2Fb"],
      ["/lang", 302, "/en/"],
      ["/gr%C3%BC%C3%9Fe/x", 301, "/w%C3%BCnsche/x"],
    ] as const
  ).map(([target, status, location]) => ask(target, status, { want: { location } })),
  ask("/lang", 302, {
    send: { "accept-language": "de-CH, en;q=0.8" },
    want: { location: "/de/", vary: /Accept-Language/ },
  }),
  ask("/lang", 302, {
    send: { "accept-language": "en, de;q=0.8" },
    want: { location: "/en/", vary: /Accept-Language/ },
  }),
  ask("/news/2024", 404),
  ask("/shop", 404),
  ask("/style.css", 200, { body: "style.css" }),
  ask("/spa/any/where", 200, { body: "app/index.html" }),
  ask("/spa", 200, { body: "app/index.html" }),
  ask("/closed/now", 410, { body: "404.html" }),
  ask("/beta", 404, { want: { vary: /Cookie/ } }),
  ask("/beta", 200, { send: { cookie: "a=1; beta=2" }, body: "about.html", want: { vary: /Cookie/ } }),
  ask("/home", 301, { method: "HEAD", want: { location: "/" } }),
  ask("/old-blog/x", 405, { method: "POST" }),
  ask("/old-blog/%2e%2e/digits.txt", 301, { want: { location: "/digits.txt" } }),
];

/** `_headers` of site.ts. */
const headers: Case[] = [
  ask("/docs/", 200, { want: { "x-docs": "yes", "cache-control": "public, max-age=60" } }),
  ask("/docs/guide", 200, { want: { "x-docs": "yes, guide", "referrer-policy": null } }),
  ask("/docs/v1.2/notes", 200, { want: { "x-docs": "yes", "referrer-policy": /origin/ } }),
  ask("/docs/missing", 404, { want: { "x-docs": "yes", "cache-control": "public, max-age=60" } }),
  ask("/docs", 301, { want: { "x-docs": null } }),
  ask("/about", 200, { want: { "x-docs": null } }),
  ask("/movies/amelie", 404, { want: { "x-movie": "amelie" } }),
  ask("/data.json", 200, {
    want: { "access-control-allow-origin": "*", "content-type": "application/vnd.own+json" },
    send: { origin: "https://other.example" },
  }),
];

export const ruleCases: readonly Case[] = [...redirects, ...headers];
