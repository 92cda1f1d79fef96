import { checkDownloads } from "./downloads.ts";
import { checkHandshakes } from "./handshakes.ts";
import { checkResets } from "./resets.ts";
import type { Target } from "./run.ts";
import { checkSegments } from "./segments.ts";

/** What is no single request and its answer: clients that mean no good, or are many. */
export const checks: readonly {
  readonly name: string;
  /** What is wrong; empty when nothing is. */
  readonly check: (target: Target) => Promise<string[]>;
}[] = [
  { name: "clients that reset their connections end nothing but these", check: checkResets },
  { name: "handshakes broken off at any stage leave no connection", check: checkHandshakes },
  { name: "requests in segments of one byte are answered, and others meanwhile", check: checkSegments },
  { name: "fifty downloads at once arrive whole, and a page meanwhile", check: checkDownloads },
];
