import type { Step } from "../read/steps.ts";
import type { Audience } from "./watch.ts";

/**
 * Tells each step when it begins, as a line with the seconds since `begin` (epoch milliseconds): for logs, pipes and
 * `npm start`.
 */
export function lineAudience(print: (line: string) => void, begin = Date.now()): Audience {
  const told = new Map<string, number>();
  return {
    waits: print,
    misses: (why) =>
      print(why === undefined ? "AWS answers again." : `AWS does not answer (${why}): asking again.`),
    sees(execution, steps) {
      for (const { title, from } of steps.slice(told.get(execution) ?? 0))
        print(`${since(begin, from)}  ${title}`);
      told.set(execution, steps.length);
    },
  };
}

/** AWS's clock need not be ours: what it says began neither before `begin` nor in the future. */
function since(begin: number, from: Step["from"]): string {
  const milliseconds = Math.min(Math.max(from - begin, 0), Date.now() - begin);
  return `${(milliseconds / 1000).toFixed(1).padStart(6)} s`;
}

/** Tells nobody. */
export const silence: Audience = { waits: () => {}, sees: () => {}, misses: () => {} };
