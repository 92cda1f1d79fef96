import { Worker } from "node:worker_threads";
import type { Mutation } from "./hooks.ts";
import type { Played } from "./play.ts";

/** No history takes so long, in real seconds: one that does goes round in circles. */
const STUCK_MS = 300_000;

const YOUNG_MB = 64;

/** After so many, another thread goes on: what killed runs still wait for, and what hangs on it, goes with the first. */
const HISTORIES_OF_THREAD = 200;

export interface PoolOptions {
  readonly threads: number;
  readonly mutation?: Mutation | undefined;
  /** Told of every history in the order they end; `true` ends the playing. */
  readonly onPlayed: (played: Played) => boolean | undefined;
}

type Message = { ready: true } | { played: Played } | { seed: number; broken: string };

/**
 * Plays the histories of some seeds in threads of their own. Rejects when the simulator itself breaks, or a history
 * does not end.
 */
export async function playAll(seeds: Iterable<number>, options: PoolOptions): Promise<void> {
  const queue = seeds[Symbol.iterator]();
  const state = { over: false };
  const playTillOver = async () => {
    while (!state.over) await playSome(queue, state, options);
  };
  await Promise.all(Array.from({ length: options.threads }, playTillOver));
}

function playSome(queue: Iterator<number>, state: { over: boolean }, options: PoolOptions): Promise<void> {
  const { mutation, onPlayed } = options;
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: mutation === undefined ? {} : { mutation },
      execArgv: ["--no-warnings"],
      // A history makes much that it soon forgets.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    let seed: number | undefined;
    let left = HISTORIES_OF_THREAD;
    let watch: NodeJS.Timeout | undefined;
    const end = (error?: Error) => {
      clearTimeout(watch);
      state.over ||= error !== undefined;
      void worker.terminate().then(() => (error === undefined ? resolve() : reject(error)));
    };
    const next = () => {
      clearTimeout(watch);
      if (state.over || left === 0) return end();
      const { value, done } = queue.next();
      if (done === true) {
        state.over = true;
        return end();
      }
      left -= 1;
      seed = value as number;
      watch = setTimeout(
        () => end(new Error(`Seed ${seed} has not ended after ${STUCK_MS / 1000} s.`)),
        STUCK_MS,
      );
      worker.postMessage(seed);
    };
    worker.on("error", (error) => end(new Error(`Seed ${seed}: the simulator broke.`, { cause: error })));
    worker.on("message", (message: Message) => {
      if ("broken" in message)
        return end(new Error(`Seed ${message.seed}: the simulator broke. ${message.broken}`));
      if ("played" in message && onPlayed(message.played) === true) state.over = true;
      next();
    });
  });
}
