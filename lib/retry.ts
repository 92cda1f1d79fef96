import type { Refused } from "./releases/records.ts";

const FIRST_MS = 10 * 60 * 1000;
const LONGEST_MS = 6 * 60 * 60 * 1000;

/**
 * Whether content that could not be made live is worth another try: never when it was refused itself, else
 * after 10 minutes, doubling to 6 hours. Pure; `now` in epoch milliseconds.
 */
export function isDue(refused: Refused, now: number): boolean {
  if (refused.content) return false;
  return now - Date.parse(refused.at) >= pauseMs(refused.times, LONGEST_MS);
}

/** Milliseconds to wait after the n-th try: 10 minutes, doubling up to the longest. Pure. */
export function pauseMs(times: number, longestMs: number): number {
  return Math.min(FIRST_MS * 2 ** (times - 1), longestMs);
}
