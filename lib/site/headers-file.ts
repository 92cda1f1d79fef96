import type { HeaderRule } from "../archive/site-index.ts";
import { eachRuleLine, type Finding } from "./findings.ts";
import { parseRuleSource } from "./rule-source.ts";

export const headersFile = "_headers";

const mostRules = 1_000;
const longestLine = 8_000;

/** Written by the server from what it knows; a site that sets them would break the answer. */
const serversOwn = new Set([
  ...["accept-ranges", "connection", "content-encoding", "content-length", "content-range", "date", "etag"],
  ...["keep-alive", "last-modified", "location", "trailer", "transfer-encoding", "upgrade"],
]);

/**
 * Reads `_headers` in the syntax of Netlify and Cloudflare: a path or URL on a line of its own, then `Name: value`
 * and `! Name` lines. Values of one name are joined by commas. Lines that cannot be honoured become findings.
 */
export function parseHeaders(text: string): { rules: Omit<HeaderRule, "scope">[]; findings: Finding[] } {
  const rules: { host: string | undefined; pattern: string; changes: [string, string | undefined][] }[] = [];
  /** Undefined below a path that cannot be honoured: its headers are passed over with it. */
  let current: (typeof rules)[number] | undefined;
  let begun = false;
  const findings = eachRuleLine({ file: headersFile, text, longest: longestLine }, (line) => {
    if (/^(?:\/|https?:\/\/)/i.test(line)) {
      begun = true;
      current = undefined;
      if (rules.length >= mostRules) throw new RangeError(`There are more than ${mostRules} paths.`);
      const { host, pattern } = parseRuleSource(line);
      current = { host, pattern, changes: [] };
      rules.push(current);
    } else if (!begun) {
      throw new RangeError("A header before the first path.");
    } else {
      const change = parseChange(line);
      current?.changes.push(change);
    }
  });
  return { rules: rules.filter(({ changes }) => changes.length > 0), findings };
}

function parseChange(line: string): [name: string, value: string | undefined] {
  const removed = /^!\s*([^\s:]+)$/.exec(line)?.[1];
  if (removed !== undefined) return [checkedName(removed), undefined];
  const colon = line.indexOf(":");
  if (colon < 1) throw new RangeError('It is neither a path nor "Name: value".');
  const name = checkedName(line.slice(0, colon).trim());
  const value = line.slice(colon + 1).trim();
  if (value === "") throw new RangeError(`${name} has no value; "! ${name}" takes a header away.`);
  if (!/^[\x20-\x7e]*$/.test(value))
    throw new RangeError(`The value of ${name} may hold visible ASCII characters only.`);
  return [name, value];
}

function checkedName(name: string): string {
  if (!/^[#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw new RangeError(`"${name}" is no header name.`);
  const lower = name.toLowerCase();
  if (lower === "basic-auth") {
    throw new RangeError("Basic-Auth is not honoured: what it was to protect is PUBLIC here.");
  }
  if (serversOwn.has(lower)) throw new RangeError(`${name} is the server's own to write.`);
  return name;
}
