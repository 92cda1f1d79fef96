import type { HeaderRule } from "../archive/site-index.ts";
import { compileRedirects } from "./compile-redirects.ts";
import { RulesNotHonoured } from "./errors.ts";
import { type Finding, showFindings } from "./findings.ts";
import { headersFile, parseHeaders } from "./headers-file.ts";
import { planSite, type SitePlan } from "./plan.ts";
import { defaultPolicy } from "./policy.ts";
import { parsePolicy, policyFile } from "./policy-file.ts";
import { parseRedirects, redirectsFile } from "./redirects-file.ts";

/** Files at the top of a site that say how it is served. They are not served themselves. */
export const ruleFiles: readonly string[] = [policyFile, redirectsFile, headersFile];

/** Larger ones are not read: they are no lists of rules. */
export const largestRuleFile = 4 * 1024 * 1024;

/** A plan, and what of the site's own rules is not done. */
export interface RuledPlan {
  readonly plan: SitePlan;
  /** For people, one line each. */
  readonly findings: readonly string[];
}

/**
 * Plans a site by its keys and its rule files (name → text). Throws PolicyInvalid, and RulesNotHonoured where the
 * site is strict and something cannot be done.
 */
export function planWithRules(keys: Iterable<string>, files: ReadonlyMap<string, string>): RuledPlan {
  const served = [...keys].filter((key) => !ruleFiles.includes(key));
  const written = files.get(policyFile);
  const policy = written === undefined ? { ...defaultPolicy, strict: false } : parsePolicy(written);
  const redirects = parseRedirects(files.get(redirectsFile) ?? "");
  const headers = parseHeaders(files.get(headersFile) ?? "");
  const compiled = compileRedirects(redirects.rules, served, policy.htmlHandling);
  const all: Finding[] = [...redirects.findings, ...compiled.findings, ...headers.findings];
  const findings = showFindings(all.toSorted((a, b) => (a.file === b.file ? a.line - b.line : 0)));
  if (policy.strict && findings.length > 0) throw new RulesNotHonoured(findings);
  const plan = planSite(served, {
    policy,
    ...compiled,
    headers: headers.rules satisfies Omit<HeaderRule, "scope">[],
  });
  return { plan, findings };
}
