import fc from "fast-check";

/** Names as people, tools and attackers write them: both Unicode forms, dots, slashes, encodings, control characters. */
const nameWords = [
  ...[
    "a",
    "b",
    "index.html",
    "about.html",
    "404.html",
    ".html",
    "docs",
    "_redirects",
    "Z",
    "~",
    " ",
    "+",
    "&",
  ],
  ...[
    "é",
    "e\u0301",
    "\u212b",
    "한",
    "\u1112\u1161\u11ab",
    "😀",
    "\ud800",
    "\u202e",
    "\0",
    "\n",
    "\t",
    "\x7f",
  ],
  ...[
    ".",
    "..",
    "/",
    "//",
    "\\",
    "%2e%2e",
    "%2f",
    "%00",
    "%",
    "%zz",
    "?",
    "#",
    ":",
    "*",
    ".well-known",
    ".br",
  ],
] as const;

/** Keys of objects, many of them such that cannot be served. */
export const keys = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.constantFrom(...nameWords), { maxLength: 6 }).map((words) => words.join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);

const ruleWords = [
  ...[
    "/",
    "/a",
    "/about",
    "/docs/*",
    "/:x/b",
    "/*",
    "/a/../b",
    "//evil.example",
    "/%2e%2e/",
    "/%0d%0aX:y",
    "/é",
    "/ü.html",
  ],
  ...[
    "https://example.org/",
    "http://x.example/:splat",
    "https://[::1]/",
    "javascript:alert(1)",
    "https://",
    "/:splat",
  ],
  ...[
    "200",
    "301",
    "302!",
    "404",
    "999",
    "200!",
    "id=:id",
    "id=1",
    "Language=de,en",
    "Country=at",
    "Cookie=beta",
    "#",
  ],
  ...[
    "X-A: b",
    "X-A: :x",
    "! X-A",
    "Content-Length: 5",
    "Basic-Auth: a:b",
    "Vary: *",
    "A: é",
    ": x",
    "{x}",
    "{",
    "}",
  ],
] as const;
const spaces = [" ", "\t", "\n", "\r\n", "\n  ", "\r", "  ", "\v", "\u2028", "\u{feff}", "\0"] as const;

/** Text of `_redirects` and `_headers`, right and wrong. */
export const ruleText = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...ruleWords), fc.constantFrom(" ", " ", "\n", ...spaces)), {
        maxLength: 40,
      })
      .map((words) => words.flat().join("")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
);

const settings = [
  ...[
    "strict = true",
    "[pages]",
    'html-handling = "none"',
    'html-handling = "drop-trailing-slash"',
    "[hosts]",
  ],
  ...[
    'not-found = "single-page-application"',
    'canonical = "any"',
    'canonical = "a.b\\n"',
    "[headers]",
    "hsts = false",
  ],
  ...[
    'hsts = "max-age=1\\r\\nX: y"',
    "security = 1",
    "[cache]",
    'immutable = ["/a/*", "b", "/{x"]',
    "[[pages]]",
    "[__proto__]",
  ],
  ...["a = {b = 1", "= 1", '"constructor" = 1', "[pages.x]", 'x = """', "x = 1979-05-27", "x = nan"],
] as const;

/** Text of mirage-pages.toml. */
export const policyText = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.constantFrom(...settings), { maxLength: 6 }).map((lines) => lines.join("\n")),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 100 }) },
);
