import { parse, TomlError } from "smol-toml";
import * as z from "zod";
import { PolicyInvalid } from "./errors.ts";
import { htmlHandlings } from "./html-handling.ts";
import { parsePattern } from "./pattern.ts";
import { defaultPolicy, type SitePolicy } from "./policy.ts";

export const policyFile = "mirage-pages.toml";

const pathPattern = z.string().refine(isPattern, "begin with a slash, with * for any text");
const host = z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, "be first, any or a host name in lower case");
const hsts = z
  .string()
  .regex(
    /^max-age=[0-9]+(?:; *(?:includeSubDomains|preload))*$/,
    "be false or like max-age=31536000; includeSubDomains",
  );

const schema = z.strictObject({
  strict: z.boolean().optional(),
  pages: z
    .strictObject({
      "html-handling": z.enum(htmlHandlings).optional(),
      "not-found": z.enum(["404-page", "single-page-application", "none"]).optional(),
    })
    .optional(),
  hosts: z.strictObject({ canonical: z.union([z.enum(["first", "any"]), host]).optional() }).optional(),
  headers: z
    .strictObject({ hsts: z.union([hsts, z.literal(false)]).optional(), security: z.boolean().optional() })
    .optional(),
  cache: z.strictObject({ immutable: z.array(pathPattern).optional() }).optional(),
});

function isPattern(text: string): boolean {
  try {
    parsePattern(text);
    return text.startsWith("/");
  } catch {
    return false;
  }
}

/**
 * Reads `mirage-pages.toml`. Throws PolicyInvalid with every line that is wrong: a site served by other policies
 * than its owner wrote down is worse than the live one staying.
 */
export function parsePolicy(text: string): SitePolicy & { readonly strict: boolean } {
  const read = schema.safeParse(parseToml(text));
  if (!read.success) {
    throw new PolicyInvalid(
      policyFile,
      read.error.issues.flatMap((issue) => {
        const keys = issue.code === "unrecognized_keys" ? issue.keys : [undefined];
        return keys.map((key) => {
          const path = [...issue.path, ...(key === undefined ? [] : [key])].map(String);
          const reason =
            key === undefined
              ? `"${path.join(".")}" must ${wish(issue)}`
              : `"${path.join(".")}" is no setting`;
          return { line: lineOf(text, path), reason };
        });
      }),
    );
  }
  const { strict = false, pages, hosts, headers, cache } = read.data;
  return {
    strict,
    htmlHandling: pages?.["html-handling"] ?? defaultPolicy.htmlHandling,
    notFound: pages?.["not-found"] ?? defaultPolicy.notFound,
    canonicalHost: hosts?.canonical ?? defaultPolicy.canonicalHost,
    hsts:
      headers?.hsts === undefined ? defaultPolicy.hsts : headers.hsts === false ? undefined : headers.hsts,
    securityHeaders: headers?.security ?? defaultPolicy.securityHeaders,
    immutable: cache?.immutable ?? [],
  };
}

function parseToml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = "is no TOML"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new PolicyInvalid(policyFile, [{ line: error.line, reason }]);
  }
}

/** What a value should be, as the end of a sentence. */
function wish(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_type":
      return `be of type ${issue.expected}`;
    case "invalid_union":
      return issue.errors.map(([first]) => (first === undefined ? "" : wish(first))).join(" or ");
    default:
      return issue.message;
  }
}

/** The line where a setting stands, by its table's header and its name; the parser does not tell. */
function lineOf(text: string, path: readonly string[]): number {
  const isNumber = (part: string) => /^[0-9]+$/.test(part);
  const wanted = path.filter((part) => !isNumber(part));
  let table: string[] = [];
  let best = { line: 1, depth: 0 };
  for (const [i, line] of text.split("\n").entries()) {
    const header = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
    const key = /^\s*([^=#[]+?)\s*=/.exec(line)?.[1];
    if (header !== undefined) table = header.split(".").map(unquote);
    const here =
      header === undefined ? (key === undefined ? [] : [...table, ...key.split(".").map(unquote)]) : table;
    const isPart = here.length > best.depth && here.every((part, n) => part === wanted[n]);
    if (isPart) best = { line: i + 1, depth: here.length };
  }
  return best.line;
}

function unquote(part: string): string {
  return part.trim().replace(/^(["'])(.*)\1$/, "$2");
}
