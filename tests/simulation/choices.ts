import type { Chance } from "./world/random.ts";

/** What the owner of one history's stack has chosen, and how long things go on. */
export interface Choices {
  readonly settleSeconds: number;
  readonly bootSeconds: number;
  readonly drainSeconds: number;
  readonly keep: number;
  readonly importMode: "direct" | "snapshot" | "image";
  readonly buildAlways: boolean;
  readonly allowEmpty: boolean;
  readonly named: boolean;
  /** Seconds in which people and faults are at work; afterwards everything must come to rest. */
  readonly busySeconds: number;
}

export function choose(chance: Chance): Choices {
  return {
    settleSeconds: chance.whole(1, 8),
    bootSeconds: chance.pick([20, 30, 60]),
    drainSeconds: chance.pick([0, 10, 60]),
    keep: chance.whole(1, 3),
    importMode: chance.happens(0.8) ? "direct" : chance.happens(0.8) ? "snapshot" : "image",
    buildAlways: chance.happens(0.1),
    allowEmpty: chance.happens(0.2),
    named: chance.happens(0.5),
    busySeconds: chance.whole(300, 1800),
  };
}
