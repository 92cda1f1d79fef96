import type { Condition } from "../archive/site-index.ts";
import { eachRuleLine, type Finding } from "./findings.ts";
import { parseRuleSource, type RuleSource } from "./rule-source.ts";

/** A rule of `_redirects` that can be honoured. */
export interface RedirectRule extends RuleSource {
  readonly line: number;
  /** As it is written, its placeholders as `{name}`. */
  readonly target: string;
  readonly status: number;
  readonly forced: boolean;
  readonly conditions: readonly Condition[];
}

export const redirectsFile = "_redirects";

/** More patterns would cost every request that nothing else answers. */
const mostPatterns = 1_000;
const mostRules = 20_000;
const longestLine = 2_000;

const redirectStatuses = [301, 302, 303, 307, 308];

/** Whether a rule sends the visitor elsewhere; every other status answers with a page of the site. */
export function isRedirectStatus(status: number): boolean {
  return redirectStatuses.includes(status);
}

/**
 * Reads `_redirects` in the syntax of Netlify, of which Cloudflare's is a part: `from [name=value…] to
 * [status[!]] [Condition=value…]`, 301 without a status. Lines that cannot be honoured become findings.
 */
export function parseRedirects(text: string): { rules: RedirectRule[]; findings: Finding[] } {
  const rules: RedirectRule[] = [];
  let patterns = 0;
  const findings = eachRuleLine({ file: redirectsFile, text, longest: longestLine }, (line, number) => {
    const rule = parseLine(line, number);
    if (rule.exact === undefined) patterns += 1;
    if (patterns > mostPatterns)
      throw new RangeError(`There are more than ${mostPatterns} rules with patterns.`);
    if (rules.length >= mostRules) throw new RangeError(`There are more than ${mostRules} rules.`);
    rules.push(rule);
  });
  return { rules, findings };
}

function parseLine(line: string, number: number): RedirectRule {
  const words = line.split(/\s+/);
  const comment = words.findIndex((word, i) => i >= 1 && word.startsWith("#"));
  const [from = "", ...rest] = comment < 0 ? words : words.slice(0, comment);
  const at = rest.findIndex((word) => /^(?:\/|https?:\/\/)/i.test(word));
  const to = rest[at];
  if (to === undefined) throw new RangeError('It has no target that begins with "/" or "https://".');
  const source = parseRuleSource(from);
  const [statusWord = "301", ...conditionWords] = rest.slice(at + 1);
  const { status, forced } = parseStatus(statusWord);
  const conditions = [...rest.slice(0, at).map(queryCondition), ...conditionWords.map(otherCondition)];
  const names = [...source.names, ...conditions.flatMap(captured)];
  const target = parseTarget(to, status, names);
  return { ...source, line: number, target, status, forced, conditions };
}

function parseStatus(word: string): { status: number; forced: boolean } {
  const match = /^([2-5][0-9]{2})(!?)$/.exec(word);
  if (match === null) throw new RangeError(`"${word}" is no status.`);
  const status = Number(match[1]);
  if (status >= 300 && status < 400 && !isRedirectStatus(status)) {
    throw new RangeError(`${status} is no redirect; 301, 302, 303, 307 and 308 are.`);
  }
  return { status, forced: match[2] === "!" };
}

function queryCondition(word: string): Condition {
  const [name = "", value = "", ...more] = word.split("=");
  if (name === "" || value === "" || more.length > 0) throw new RangeError(`"${word}" is not name=value.`);
  const capture = /^:([A-Za-z]\w*)$/.exec(value)?.[1];
  const literal = value.replaceAll("{", "%7B").replaceAll("}", "%7D");
  return { kind: "query", name, value: capture === undefined ? literal : `{${capture}}` };
}

function captured(condition: Condition): string[] {
  const name = condition.kind === "query" ? /^\{(.*)\}$/.exec(condition.value)?.[1] : undefined;
  return name === undefined ? [] : [name];
}

function otherCondition(word: string): Condition {
  const [name = "", value = ""] = word.split("=");
  const anyOf = value.split(",").filter((item) => item !== "");
  switch (name.toLowerCase()) {
    case "language":
      if (anyOf.length > 0) return { kind: "language", anyOf: anyOf.map((tag) => tag.toLowerCase()) };
      break;
    case "cookie":
      if (anyOf.length > 0) return { kind: "cookie", anyOf };
      break;
    case "country":
      throw new RangeError("The machine cannot tell a visitor's country, so the rule is left out.");
    case "role":
      throw new RangeError("There are no visitors' roles here, so the rule is left out.");
    case "sign":
    case "signed":
      throw new RangeError("There is no service to sign requests for, so the rule is left out.");
  }
  throw new RangeError(`"${word}" is no condition; Language= and Cookie= are.`);
}

function parseTarget(to: string, status: number, names: readonly string[]): string {
  if (!isRedirectStatus(status)) {
    if (!to.startsWith("/")) {
      throw new RangeError(
        "Proxying is not possible: the machine sends nothing out, so a rewrite stays in the site.",
      );
    }
    if (to.startsWith("/.netlify/")) throw new RangeError("There are no Netlify functions here.");
  }
  // Two slashes would name another host.
  const safe = to.startsWith("/") ? to.replace(/^\/+/, "/") : to;
  const literal = safe
    .replaceAll("{", "%7B")
    .replaceAll("}", "%7D")
    .replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent);
  return literal.replaceAll(/:([A-Za-z]\w*)/g, (text, name: string) =>
    names.includes(name) ? `{${name}}` : text,
  );
}
