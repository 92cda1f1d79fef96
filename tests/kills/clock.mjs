import { readFileSync } from "node:fs";

/**
 * Puts the clock of a process ahead by as many milliseconds as a file says, from moment to moment: loaded into the
 * local cloud and its functions (`--import …/clock.mjs?file=PATH`), so that hours pass for all of them at once.
 */
const file = new URL(import.meta.url).searchParams.get("file") ?? "";
const Right = Date;
let ahead = 0;
let read = Number.NEGATIVE_INFINITY;

function now() {
  if (performance.now() - read > 100) {
    read = performance.now();
    ahead = Number(readFileSync(file, "utf8"));
  }
  return Right.now() + ahead;
}

globalThis.Date = class extends Right {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }

  static now() {
    return now();
  }
};
