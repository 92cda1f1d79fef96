import mime from "mime-types";

/** Where the registry is silent, or says something that browsers and feed readers do not want to hear. */
const byExtension: Readonly<Record<string, string>> = {
  atom: "application/atom+xml",
  avif: "image/avif",
  cjs: "text/javascript",
  geojson: "application/geo+json",
  gpx: "application/gpx+xml",
  ico: "image/x-icon",
  ics: "text/calendar",
  js: "text/javascript",
  jxl: "image/jxl",
  map: "application/json",
  md: "text/markdown",
  mjs: "text/javascript",
  opml: "text/x-opml",
  rss: "application/rss+xml",
  svg: "image/svg+xml",
  topojson: "application/json",
  wasm: "application/wasm",
  webmanifest: "application/manifest+json",
  woff: "font/woff",
  woff2: "font/woff2",
  xhtml: "application/xhtml+xml",
  xml: "application/xml",
  xsl: "application/xml",
};

/** Files whose name has no extension and whose readers insist on a type. */
const byName: Readonly<Record<string, string>> = {
  "apple-app-site-association": "application/json",
};

const unknown = "application/octet-stream";
const textual = /^text\/|[+/](?:json|xml|javascript)$/;

/**
 * The Content-Type a key is served with: by its extension, with `charset=utf-8` for everything that is text.
 * A name without an extension, or with one nobody knows, is `application/octet-stream`.
 */
export function contentType(key: string): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
  const type = own(byName, name) ?? own(byExtension, extension) ?? (mime.lookup(`.${extension}`) || unknown);
  return textual.test(type) ? `${type}; charset=utf-8` : type;
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
