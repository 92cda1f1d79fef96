import type { RedirectEntry, Rule } from "../archive/site-index.ts";
import type { Finding } from "./findings.ts";
import { type HtmlHandling, otherNames, servedPaths } from "./html-handling.ts";
import { matchPattern, type Pattern, parsePattern } from "./pattern.ts";
import { type PlannedPage, redirectHeaders } from "./plan.ts";
import { isRedirectStatus, type RedirectRule, redirectsFile } from "./redirects-file.ts";

/** `_redirects` as the index has it. */
export interface CompiledRedirects {
  readonly redirects: readonly RedirectEntry[];
  /** Rewrites of an exact path. */
  readonly pages: readonly PlannedPage[];
  /** What no exact path can stand for, in its order. */
  readonly rules: readonly Rule[];
  readonly findings: readonly Finding[];
}

/**
 * Turns the rules into entries where their paths are exact, and into an ordered list where not. The first rule
 * that holds decides; what stands in the site goes before a rule that is not forced. What can never take effect
 * becomes a finding.
 */
export function compileRedirects(
  rules: readonly RedirectRule[],
  keys: Iterable<string>,
  handling: HtmlHandling,
): CompiledRedirects {
  const compiler = new Compiler(servedPaths(keys, handling), handling, rules);
  for (const rule of rules) compiler.add(rule);
  return compiler;
}

class Compiler implements CompiledRedirects {
  readonly redirects: RedirectEntry[] = [];
  readonly pages: PlannedPage[] = [];
  readonly rules: Rule[] = [];
  readonly findings: Finding[] = [];
  readonly #served: ReadonlyMap<string, string>;
  readonly #handling: HtmlHandling;
  /** A forced pattern is tried before all entries: then exact rules must stand in the list too, to keep their place. */
  readonly #listAll: boolean;
  readonly #lines = new Map<string, number>();
  /** Rules that are in the list, with their patterns. */
  readonly #before: { readonly rule: RedirectRule; readonly pattern: Pattern }[] = [];

  constructor(served: ReadonlyMap<string, string>, handling: HtmlHandling, rules: readonly RedirectRule[]) {
    this.#served = served;
    this.#handling = handling;
    this.#listAll = rules.some((rule) => rule.forced && !isPlain(rule));
  }

  add(rule: RedirectRule): void {
    const problem = isPlain(rule) ? this.#addExact(rule) : this.#addPattern(rule);
    if (problem !== undefined) this.findings.push({ file: redirectsFile, line: rule.line, reason: problem });
  }

  #addPattern(rule: RedirectRule): string | undefined {
    this.#before.push({ rule, pattern: parsePattern(rule.pattern) });
    if (isRedirectStatus(rule.status) || rule.target.includes("{")) {
      this.rules.push(asRule(rule, isRedirectStatus(rule.status) ? rule.target : decodedPath(rule.target)));
      return undefined;
    }
    const target = this.#pageAt(rule.target);
    if (target === undefined) return `There is no ${rule.target} in this site to answer with.`;
    this.rules.push(asRule(rule, target.path));
    return undefined;
  }

  #addExact(rule: RedirectRule & { readonly exact: string }): string | undefined {
    const path = rule.exact;
    const key = this.#served.get(path);
    if (key !== undefined && !rule.forced) {
      return `The file ${key} answers at ${path}; write ${rule.status}! to go before it.`;
    }
    const line = this.#lines.get(path) ?? this.#earlier(path);
    if (line !== undefined) return `Line ${line} answers ${path} already.`;
    const redirects = isRedirectStatus(rule.status);
    if (this.#before.some(({ pattern }) => matchPattern(pattern, path))) return this.#addPattern(rule);
    const page = redirects ? undefined : this.#pageAt(rule.target);
    if (!redirects && page === undefined) return `There is no ${rule.target} in this site to answer with.`;
    if (this.#leadsBack(rule)) return "It would redirect to itself.";
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    const paths = [path, other].filter(
      (name) =>
        name === path ||
        (name !== "" &&
          !this.#served.has(name) &&
          !this.#lines.has(name) &&
          name !== decodedPath(rule.target)),
    );
    for (const name of paths) {
      this.#lines.set(name, rule.line);
      if (page !== undefined) this.pages.push({ path: name, key: page.key, status: rule.status });
      else
        this.redirects.push({
          path: name,
          status: rule.status,
          headers: redirectHeaders,
          location: rule.target,
        });
    }
    if (this.#listAll) this.rules.push({ ...asRule(rule, page?.path ?? rule.target), forced: true });
    return undefined;
  }

  /** The line of an earlier rule that catches every request for a path. */
  #earlier(path: string): number | undefined {
    return this.#before.find(
      ({ rule, pattern }) =>
        rule.host === undefined && rule.conditions.length === 0 && matchPattern(pattern, path) !== undefined,
    )?.rule.line;
  }

  #leadsBack(rule: RedirectRule & { readonly exact: string }): boolean {
    const to = decodedPath(rule.target);
    return (
      isRedirectStatus(rule.status) && (to === rule.exact || this.#pageAt(rule.target)?.path === rule.exact)
    );
  }

  /** The page or file that a target names, by any of its names. */
  #pageAt(target: string): { path: string; key: string } | undefined {
    const path = decodedPath(target);
    for (const name of path === undefined ? [] : [path, ...otherNames(path, this.#handling)]) {
      const key = this.#served.get(name);
      if (key !== undefined && (name === path || key.endsWith(".html"))) return { path: name, key };
    }
    return undefined;
  }
}

/** Whether the path alone decides. */
function isPlain(rule: RedirectRule): rule is RedirectRule & { readonly exact: string } {
  return rule.exact !== undefined && rule.host === undefined && rule.conditions.length === 0;
}

function asRule(
  { forced, host, pattern, status, conditions }: RedirectRule,
  target: string | undefined,
): Rule {
  const headers = isRedirectStatus(status) ? redirectHeaders : [];
  return { forced, host, pattern, status, target: target ?? "/", headers, conditions };
}

/** The path of a target in this site, without query and fragment; undefined for another host. */
function decodedPath(target: string): string | undefined {
  const path = /^(\/[^?#]*)/.exec(target)?.[1];
  try {
    return path === undefined ? undefined : decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
