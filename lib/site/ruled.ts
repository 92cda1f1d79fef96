import type { Rule } from "../archive/site-index.ts";
import { matchPattern, parsePattern } from "./pattern.ts";

/** Tells whether one of these rules (of those that are forced, or of any) may answer at a path. */
export function ruledPaths(rules: readonly Rule[]): (path: string, which: "forced" | "any") => boolean {
  const compiled = rules.map(({ forced, pattern }) => ({ forced, pattern: parsePattern(pattern) }));
  return (path, which) =>
    compiled.some(
      ({ forced, pattern }) => (forced || which === "any") && matchPattern(pattern, path) !== undefined,
    );
}
